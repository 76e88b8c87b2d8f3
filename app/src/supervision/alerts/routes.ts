import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../../platform/access.ts';
import { InvalidError, NotFoundError, type Performer } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { type Form, idOf, invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import { alertKinds, severities } from '../schema/tables.ts';
import { whoseIn } from '../subjects/index.ts';
import { alertApiRoutes } from './api-routes.ts';
import { listOf } from './asked-list.ts';
import { decideAlert } from './decide-alert.ts';
import { handOver } from './hand-over.ts';
import { kindInWords } from './kinds.ts';
import type { LiveWatch } from './live-watch.ts';
import { oneAlertRoutes } from './one-alert-routes.ts';
import { queueAlerts, readGoingOn } from './queue-alerts.ts';
import { type AlertList, alertLists, listAlerts } from './read-alerts.ts';

/** Alerts: pages and API. */
export function alertRoutes(app: FastifyInstance, web: WebKit, services: { live: LiveWatch }): void {
  const { performer } = web.waymark;
  app.get('/alerts', { config: { action: 'alert.list', menu: { text: 'Alerts', rank: 100 } } }, async (request, reply) => {
    const list = listOf(request);
    return alertsPage(request, reply, list, null);
  });
  const alertsPage = async (
    request: FastifyRequest,
    reply: FastifyReply,
    list: AlertList,
    error: InvalidError | null,
    draft: Form = {},
  ) => {
    const { mine: asked, each, kind, severity } = (request.query ?? {}) as Record<string, string | undefined>;
    const query = {
      ...readPage(request.query),
      list,
      mine: asked === 'yes',
      whose: whoseIn(request.query),
      kind: alertKinds.find((own) => own === kind),
      severity: severities.find((own) => own === severity),
    };
    // One by one, for whoever wants all of one person's.
    const found =
      list === 'open' && each !== 'yes'
        ? await performer.perform(actorOf(request), queueAlerts, null, query)
        : await performer.perform(actorOf(request), listAlerts, null, query);
    return web.page(request, error ? reply.code(400) : reply, 'supervision/alerts/alerts.njk', {
      ...found,
      query,
      lists: alertLists,
      kinds: alertKinds.map((own) => ({ kind: own, words: kindInWords(own) })),
      severities,
      pagination: pagination('/alerts', request.query, query.page, found.total),
      ownMine: found.mine,
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  };
  const goingOn = async (actor: Actor) => {
    const { people, worst } = await performer.perform(actor, readGoingOn, null, null);
    return { count: people, worst, script: 'going-on.js' };
  };
  web.onEveryPage({ action: 'alert.list', room: 'supervision', template: 'supervision/alerts/going-on-bar.njk', read: goingOn });
  app.get('/alerts/going-on', { config: { action: 'alert.list' } }, async (request, reply) =>
    web.fragment(reply, 'supervision/alerts/going-on.njk', { bar: { data: await goingOn(actorOf(request)) } }),
  );
  // Seeing is no decision: several may be marked at once. Closing is one at a time.
  app.post('/alerts/seen', { config: { action: 'alert.decide', lists: ['id'] } }, async (request, reply) => {
    const body = (request.body ?? {}) as Form;
    const seen = await markSeen(performer, actorOf(request), [body.id ?? []].flat().map(idOf));
    web.notice(
      request,
      seen === 0 ? 'None was marked: choose new alerts first.' : `${seen} ${seen === 1 ? 'alert is' : 'alerts are'} marked as seen.`,
    );
    return reply.redirect('/alerts');
  });
  app.post('/alerts/hand-over', { config: { action: 'alert.hand-over' } }, async (request, reply) => {
    const [to, note] = textsOf(request.body, 'to', 'note');
    try {
      const { count } = await performer.perform(actorOf(request), handOver, null, { to, note });
      web.notice(request, `${count} ${count === 1 ? 'alert is' : 'alerts are'} with ${to} now.`);
    } catch (error) {
      return alertsPage(request, reply, 'open', invalidIn(error), { to, note });
    }
    return reply.redirect('/alerts');
  });
  alertApiRoutes(app, web, services);
  oneAlertRoutes(app, web);
}

/** Marks alerts as seen, a hundred at most; gives how many there were to be marked. */
async function markSeen(performer: Performer, actor: Actor, ids: readonly number[]): Promise<number> {
  let seen = 0;
  for (const id of ids.filter((own) => own > 0).slice(0, 100))
    try {
      await performer.perform(actor, decideAlert, null, { id, step: 'seen', note: '' });
      seen++;
    } catch (error) {
      // Somebody else was quicker, or it was taken back: there is nothing left to see.
      if (!(error instanceof InvalidError || error instanceof NotFoundError)) throw error;
    }
  return seen;
}
