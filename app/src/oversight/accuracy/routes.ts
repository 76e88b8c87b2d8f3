import { modelVersion } from '@waymark/presence';
import type { FastifyInstance } from 'fastify';
import type { WebKit } from '../../web/kit.ts';
import { measured } from './measured.ts';

/** How well verdicts know, as measured where the truth is known: for anybody to read. */
export function accuracyRoutes(app: FastifyInstance, web: WebKit): void {
  app.get('/transparency/accuracy', { config: { open: true } }, (request, reply) =>
    web.page(request, reply, 'oversight/accuracy/accuracy.njk', {
      m: measured,
      model: modelVersion,
      isOfModel: measured.model === modelVersion,
    }),
  );
}
