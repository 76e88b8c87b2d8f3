import { createDecipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { importJWK, jwtVerify } from 'jose';
import { generate } from 'selfsigned';

/** What came, as the browser would show it. */
export interface Pushed {
  path: string;
  message: { title: string; text: string; tag: string };
  ttl: number;
  topic: string;
  /** Who says to be reached where, as the push service checked it. */
  contact: string;
}

const info = (text: string, ...more: Buffer[]) => Buffer.concat([Buffer.from(`${text}\0`), ...more]);
const derived = (secret: Buffer, salt: Buffer, what: Buffer, length: number) => Buffer.from(hkdfSync('sha256', secret, salt, what, length));

/** The key of the sender, and the words: RFC 8188 with the keys of RFC 8291. */
function opened(body: Buffer, browser: ReturnType<typeof createECDH>, auth: Buffer): string {
  const salt = body.subarray(0, 16);
  const sender = body.subarray(21, 21 + (body[20] as number));
  const sealed = body.subarray(21 + sender.length);
  const shared = browser.computeSecret(sender);
  const secret = derived(shared, auth, info('WebPush: info', browser.getPublicKey(), sender), 32);
  const decipher = createDecipheriv(
    'aes-128-gcm',
    derived(secret, salt, info('Content-Encoding: aes128gcm'), 16),
    derived(secret, salt, info('Content-Encoding: nonce'), 12),
  );
  decipher.setAuthTag(sealed.subarray(-16));
  const padded = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  // The last record ends with a 2, and nothing but noughts after it.
  return padded.subarray(0, padded.lastIndexOf(2)).toString();
}

/**
 * A push service of one's own, and the browsers that ask it: no real one can be had without a network. Who is not signed as RFC 8292 asks,
 * by the key that the browser asked with, is refused.
 */
export async function startPushService() {
  const pushed: Pushed[] = [];
  /** Answered next, instead of taking the message. */
  const failures: number[] = [];
  const browsers = new Map<string, { keys: ReturnType<typeof createECDH>; auth: Buffer; publicKey: string }>();
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048, algorithm: 'sha256' });
  const believed = getCACertificates('default');
  // As an operator's machine believes the authorities that it knows.
  setDefaultCACertificates([...believed, cert]);
  const take = async (request: IncomingMessage): Promise<number> => {
    const path = request.url ?? '';
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const failure = failures.shift();
    if (failure) return failure;
    const browser = browsers.get(path);
    if (!browser || request.method !== 'POST') return 404;
    const [, token = '', signedBy = ''] = /^vapid t=([^,]+), ?k=(.+)$/.exec(request.headers.authorization ?? '') ?? [];
    if (signedBy !== browser.publicKey) return 403;
    const point = Buffer.from(signedBy, 'base64url');
    const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((own) => own.toString('base64url'));
    const { payload } = await jwtVerify(token, await importJWK({ kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '' }, 'ES256'), {
      audience: origin,
    });
    const message = JSON.parse(opened(Buffer.concat(chunks), browser.keys, browser.auth)) as Pushed['message'];
    pushed.push({ path, message, ttl: Number(request.headers.ttl), topic: String(request.headers.topic), contact: String(payload.sub) });
    return 201;
  };
  const server = createServer({ cert, key }, (request, response) => {
    take(request).then(
      (status) => response.writeHead(status).end(),
      (error: Error) => response.writeHead(400).end(error.message),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `localhost:${(server.address() as AddressInfo).port}`;
  const origin = `https://${host}`;
  return {
    host,
    pushed,
    failures,
    /** What a browser gives its page that asks for messages. @param publicKey of whoever may send them */
    subscribe(publicKey: string): string {
      const keys = createECDH('prime256v1');
      keys.generateKeys();
      const auth = randomBytes(16);
      const path = `/push/${randomBytes(8).toString('hex')}`;
      browsers.set(path, { keys, auth, publicKey });
      const encoded = { p256dh: keys.getPublicKey().toString('base64url'), auth: auth.toString('base64url') };
      return JSON.stringify({ endpoint: `${origin}${path}`, keys: encoded });
    },
    close: () => {
      setDefaultCACertificates(believed);
      server.closeAllConnections();
      server.close();
    },
  };
}
