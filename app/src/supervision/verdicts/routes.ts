import { Readable } from 'node:stream';
import { defaultParameters } from '@waymark/presence';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { type Action, RefusedError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { security } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { listRuns, selectVerdicts, streamVerdicts } from './read-verdicts.ts';
import type { VerdictStore } from './verdict-store.ts';

const askForRun: Action<null, null, null> = {
  name: 'verdict.compute',
  room: 'supervision',
  purpose: 'crime-matching',
  run: async () => null,
};

/** Runs, and verdicts for programs: pages and API. */
export function verdictRoutes(app: FastifyInstance, web: WebKit, { verdicts }: { verdicts: VerdictStore }): void {
  const { performer, fixes, timeZone } = web.waymark;
  const services = { fixes, verdicts, timeZone };
  app.get('/runs', { config: { action: 'run.list', menu: { text: 'Runs', rank: 80 } } }, async (request, reply) => {
    const runs = await performer.perform(actorOf(request), listRuns, null, null);
    return web.page(request, reply, 'supervision/verdicts/runs.njk', { runs });
  });
  app.post('/runs', { config: { action: 'verdict.compute' } }, async (request, reply) => {
    // Somebody asked: their request is on record, the work itself follows in the background.
    await performer.perform(actorOf(request), askForRun, null, null);
    await web.askForVerdicts();
    web.notice(request, 'Verdicts that are due are being worked out. Reload this page in a moment.');
    return reply.redirect('/runs');
  });
  app.get(
    '/api/verdicts',
    {
      config: { action: 'verdict.list', api: true },
      schema: {
        operationId: 'listVerdicts',
        tags: ['Verdicts'],
        summary: 'All current verdicts, excluded and unknown too',
        security,
        querystring: Type.Object({ reference: Type.Optional(Type.String()) }),
      },
    },
    async (request, reply) => {
      // It leaves out what was made up to test reviewers, so whoever reviews may not compare it with the pages.
      if (!request.byToken) throw new RefusedError('This list is for programs. Send an API token.');
      const { reference } = request.query as { reference?: string };
      const selection = await performer.perform(actorOf(request), selectVerdicts, services, { reference });
      async function* pieces() {
        let first = true;
        yield '[';
        for await (const batch of streamVerdicts(services, selection, defaultParameters.radiusM)) {
          for (const verdict of batch) {
            yield `${first ? '' : ',\n'}${JSON.stringify(verdict)}`;
            first = false;
          }
        }
        yield ']';
      }
      return reply.type('application/json').send(Readable.from(pieces()));
    },
  );
}
