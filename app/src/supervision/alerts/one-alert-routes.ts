import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { type Form, Id, idIn, invalidIn, security, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { alertOutcomes } from '../schema/tables.ts';
import { decideAlert } from './decide-alert.ts';
import { readNextSteps } from './next-steps.ts';
import { type AlertDetail, readAlert } from './read-alerts.ts';

/** One alert: what it rests on, and what was decided. */
export function oneAlertRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, folder } = web.waymark;
  const alertPage = async (request: FastifyRequest, reply: FastifyReply, id: number, error: InvalidError | null, draft: Form = {}) => {
    const detail = await performer.perform(actorOf(request), readAlert, web.waymark, { id });
    const { steps: next, problem } = readNextSteps(folder.file('procedures.yaml'));
    return web.page(request, error ? reply.code(400) : reply, 'supervision/alerts/alert.njk', {
      ...detail,
      mapData: mapDataOf(detail),
      next: next[detail.alert.kind],
      nextProblem: problem,
      timer: timerOf(detail),
      outcomes: alertOutcomes,
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  };
  app.get('/alerts/:id', { config: { action: 'alert.read' }, schema: { params: Id } }, (request, reply) =>
    alertPage(request, reply, idIn(request), null),
  );
  app.get(
    '/api/alerts/:id',
    {
      config: { action: 'alert.read', api: true },
      schema: {
        operationId: 'readAlert',
        tags: ['Alerts'],
        summary: 'One alert with its versions, steps, zone (GeoJSON) and fixes',
        security,
        params: Id,
      },
    },
    async (request) => {
      // A program that reads alerts gets what they rest on; numbers to ring, addresses and identity are for the person who acts.
      const { around: _around, ...alert } = await performer.perform(actorOf(request), readAlert, web.waymark, { id: idIn(request) });
      return alert;
    },
  );
  app.post('/alerts/:id/steps', { config: { action: 'alert.decide' }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const [step, outcome, said, rang] = textsOf(request.body, 'step', 'outcome', 'note', 'rang');
    const note = step === 'rang' ? rang : said;
    try {
      const { state } = await performer.perform(actorOf(request), decideAlert, null, { id, step, outcome, note });
      web.notice(request, state === 'closed' ? 'The alert is closed.' : `The alert is ${state} now.`);
      return reply.redirect(state === 'closed' ? '/alerts' : `/alerts/${id}`);
    } catch (error) {
      return alertPage(request, reply, id, invalidIn(error), { step, outcome, note: said });
    }
  });
}

/** How long it took until somebody looked, and until it was decided; seconds, null while it has not happened. */
function timerOf({ alert, steps }: AlertDetail) {
  const until = (at: Date | undefined) => (at ? Math.max(0, (at.getTime() - alert.raised_at.getTime()) / 1000) : null);
  return { seen: until(steps[0]?.at), closed: until(steps.findLast(({ step }) => step === 'closed')?.at) };
}

const marginMs = 20 * 60_000;

/** What the map of an alert shows: the zone, the fixes around, and the gaps between them. */
function mapDataOf({ alert, zone, points, gaps }: AlertDetail) {
  const from = alert.from_at.getTime();
  const to = alert.to_at?.getTime() ?? points[points.length - 1]?.at ?? from;
  return {
    from,
    to,
    marginMs,
    place: zone ? { kind: 'geometry', geometry: zone.geometry } : { kind: 'none' },
    radiusM: 0,
    points: points.map(({ at, lon, lat, accuracyM }) => [at, lon, lat, accuracyM]),
    gaps,
  };
}
