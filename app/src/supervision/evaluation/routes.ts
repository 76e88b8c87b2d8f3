import { stringify } from 'csv-stringify/sync';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { strToU8, zipSync } from 'fflate';
import type { InvalidError } from '../../platform/action.ts';
import { dayIn } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn, orAgain, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { agreeToExport, exportOutcomes } from './export-outcomes.ts';
import { designs } from './power.ts';
import {
  type EvaluationWish,
  listEvaluations,
  outcomes,
  publishedEvaluations,
  registerEvaluation,
  stopEvaluation,
  usualScript,
} from './register.ts';

const fields = [
  'title',
  'question',
  'tried',
  'design',
  'outcome',
  'startsOn',
  'periodDays',
  'without',
  'with',
  'people',
  'teams',
  'icc',
  'script',
] as const;

/** Does it work? Evaluations that are registered before they begin: pages for auditors, and for anybody. */
export function evaluationRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, timeZone, database } = web.waymark;
  const today = () => dayIn(timeZone);
  const page = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null, draft: object = {}) =>
    web.page(request, error ? reply.code(400) : reply, 'supervision/evaluation/evaluations.njk', {
      rows: await performer.perform(actorOf(request), listEvaluations, null, null),
      designs,
      outcomes,
      usualScript,
      today: today(),
      draft,
      error: error ? { text: error.message, field: error.field } : null,
    });
  app.get('/evaluations', { config: { action: 'evaluation.list', menu: { text: 'Does it work?', rank: 375 } } }, (request, reply) =>
    page(request, reply, null),
  );
  app.post('/evaluations', { config: { action: 'evaluation.register' } }, async (request, reply) => {
    const given = Object.fromEntries(textsOf(request.body, ...fields).map((text, i) => [fields[i], text])) as unknown as EvaluationWish;
    const again = await orAgain(
      () => performer.perform(actorOf(request), registerEvaluation, null, { ...given, today: today() }),
      (error) => page(request, reply, error, given),
    );
    if (again) return again;
    web.notice(request, 'Registered. Anybody can read it now, and nothing of it can be changed.');
    return reply.redirect('/evaluations');
  });
  app.post('/evaluations/:id/agree', { config: { action: 'evaluation.agree' }, schema: { params: Id } }, async (request, reply) => {
    const again = await orAgain(
      () => performer.perform(actorOf(request), agreeToExport, null, { id: idIn(request) }),
      (error) => page(request, reply, error),
    );
    if (again) return again;
    web.notice(request, 'You agreed that the outcomes leave once it is over.');
    return reply.redirect('/evaluations');
  });
  app.post('/evaluations/:id/stop', { config: { action: 'evaluation.register' }, schema: { params: Id } }, async (request, reply) => {
    const [because] = textsOf(request.body, 'because');
    const again = await orAgain(
      () => performer.perform(actorOf(request), stopEvaluation, null, { id: idIn(request), because }),
      (error) => page(request, reply, error),
    );
    if (again) return again;
    web.notice(request, 'Stopped. Nothing of it leaves.');
    return reply.redirect('/evaluations');
  });
  app.post('/evaluations/:id/outcomes', { config: { action: 'evaluation.export' }, schema: { params: Id } }, async (request, reply) => {
    try {
      const { rows, protocol, script, sha256, seed, left } = await performer.perform(
        actorOf(request),
        exportOutcomes,
        { timeZone },
        { id: idIn(request), today: today() },
      );
      const columns = ['person', 'group', 'period', 'exposed', 'outcome', 'days'];
      const marking =
        'Outcomes of people who chose to take part, by pseudonyms whose key was thrown away. Not to be joined with anything about single people.';
      const files = {
        'outcomes.csv': strToU8(stringify(rows, { header: true, columns })),
        'analyse.py': strToU8(script),
        'protocol.json': strToU8(`${JSON.stringify({ marking, sha256, seed, left, protocol }, null, 2)}\n`),
      };
      return reply
        .header('cache-control', 'no-store')
        .header('content-disposition', `attachment; filename="evaluation-${idIn(request)}.zip"`)
        .type('application/zip')
        .send(Buffer.from(zipSync(files)));
    } catch (error) {
      return page(request, reply, invalidIn(error));
    }
  });
  app.get('/transparency/evaluations', { config: { open: true } }, async (request, reply) =>
    web.page(request, reply, 'supervision/evaluation/published.njk', {
      rows: await publishedEvaluations(database.db),
      designs,
      outcomes,
      today: today(),
    }),
  );
}
