import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { version } from '../../version.ts';

/** Has every route that comes after described. */
export async function describeApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Waymark',
        version,
        description:
          'Positions and crimes in, verdicts out. Staff programs send an API token as Bearer; tags and gateways their own secrets.',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' }, tag: { type: 'http', scheme: 'basic' } } },
    },
    hideUntagged: true,
  });
}

/** The description of the API, for programs and for people. */
export async function showApiDocs(app: FastifyInstance): Promise<void> {
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/api/docs')) route.config = { ...route.config, open: true };
  });
  await app.register(swaggerUi, { routePrefix: '/api/docs', staticCSP: true, theme: { title: 'Waymark API' } });
}
