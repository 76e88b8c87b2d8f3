import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { govukFolder } from '../views.ts';

const require = createRequire(import.meta.url);
const packageFolder = (name: string) => dirname(require.resolve(`${name}/package.json`));

/** Style sheets and scripts from our own address only; nothing comes from elsewhere. */
export async function setUpAssets(app: FastifyInstance): Promise<void> {
  // The GDS typeface and the crown belong to government services; neither is served.
  const govukCss = readFileSync(join(govukFolder, 'govuk/govuk-frontend.min.css'), 'utf8')
    .replace(/@font-face\{[^}]*\}/g, '')
    .replace(/"?GDS Transport"?,/g, '')
    .replace(/\/\*# sourceMappingURL=.*?\*\//g, '');
  const folders: [string, string][] = [
    ['/assets/waymark/', join(import.meta.dirname, '../browser')],
    ['/assets/maplibre/', join(packageFolder('maplibre-gl'), 'dist')],
    ['/assets/terra-draw/', dirname(require.resolve('terra-draw'))],
    ['/assets/terra-draw-maplibre/', dirname(require.resolve('terra-draw-maplibre-gl-adapter'))],
    ['/assets/govuk-js/', join(govukFolder, 'govuk')],
  ];
  await app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, open: true };
    });
    const cached = { config: { open: true, rateLimit: false as const } };
    scope.get('/assets/govuk.css', cached, (_request, reply) =>
      reply.type('text/css').header('cache-control', 'public, max-age=3600').send(govukCss),
    );
    for (const [i, [prefix, root]] of folders.entries()) {
      await scope.register(fastifyStatic, { root, prefix, decorateReply: i === 0, maxAge: 3_600_000, index: false });
    }
  });
}
