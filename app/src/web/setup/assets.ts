import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import type { Asset, Assets } from '../assets/build-assets.ts';

const year = 'public, max-age=31536000, immutable';
const squeeze = { [constants.BROTLI_PARAM_QUALITY]: 9 };

/**
 * Style sheets and scripts from our own address only; nothing comes from elsewhere. Each address says which version it is, so browsers
 * keep them for a year.
 */
export function setUpAssets(app: FastifyInstance, assets: Assets): void {
  const { files } = assets;
  const config = { open: true, rateLimit: false as const };
  for (const [address, asset] of files) {
    const packed = compressedOnce(asset);
    app.get(address, { config }, async (request, reply) => {
      const accepted = String(request.headers['accept-encoding'] ?? '');
      const encoding = /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : null;
      void reply.type(asset.type).header('cache-control', year).header('vary', 'accept-encoding');
      if (encoding) void reply.header('content-encoding', encoding);
      return reply.send(encoding ? await packed(encoding) : asset.bytes);
    });
  }
  installable(app, assets);
}

/** What a device needs to have the person's pages beside its other programs, and to show them without a line. Nothing of it is about anybody. */
function installable(app: FastifyInstance, { files, addressOf }: Assets): void {
  const config = { open: true, rateLimit: false as const };
  // At addresses of their own, which stay: browsers look there for newer ones.
  for (const [path, name, scope] of [
    ['/me/offline-worker.js', 'offline-worker.js', '/me'],
    ['/me/notices/worker.js', 'notices-worker.js', '/me/notices/'],
  ] as const) {
    const worker = files.get(addressOf(name)) as Asset;
    app.get(path, { config }, (_request, reply) =>
      reply.type(worker.type).header('cache-control', 'no-cache').header('service-worker-allowed', scope).send(worker.bytes),
    );
  }
  app.get('/manifest.webmanifest', { config }, (_request, reply) =>
    reply
      .type('application/manifest+json')
      .header('cache-control', 'no-cache')
      .send({
        name: 'Waymark',
        short_name: 'Waymark',
        id: '/me',
        start_url: '/me',
        scope: '/me',
        display: 'standalone',
        background_color: '#ffffff',
        theme_color: '#1f4f6b',
        icons: [{ src: addressOf('mark.svg'), sizes: 'any', type: 'image/svg+xml', purpose: 'any' }],
      }),
  );
}

/** Compresses when it is first asked for, and keeps the result. */
function compressedOnce({ bytes }: Asset): (encoding: 'br' | 'gzip') => Promise<Buffer> {
  const kept = new Map<string, Promise<Buffer>>();
  return (encoding) => {
    const packed =
      kept.get(encoding) ?? (encoding === 'br' ? promisify(brotliCompress)(bytes, { params: squeeze }) : promisify(gzip)(bytes));
    kept.set(encoding, packed);
    return packed;
  };
}
