import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { type Form, Id, idIn, idOf, invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { findPlaces, onlyPlace } from '../places/index.ts';
import { dayNames, declareZone, readZones, zoneFeature } from '../zones/index.ts';
import { type Judged, judgedDays, judgeRule } from './judge-rule.ts';
import { readRule, ruleInWords, whens } from './read-rule.ts';
import { boundsOf } from './rule-bounds.ts';

/** A rule in three questions, one sentence to confirm, and how it would have judged the last days. */
export function ruleRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  const longDate = new Intl.DateTimeFormat('en-GB', { timeZone: web.waymark.timeZone, dateStyle: 'long' });
  const page = async (
    request: FastifyRequest,
    reply: FastifyReply,
    data: { draft?: Form; error?: InvalidError | null; confirm?: { sentence: string; judged: Judged } | null },
  ) => {
    const { draft = {}, error = null, confirm = null } = data;
    const { subject, orders, zones } = await performer.perform(actorOf(request), readZones, null, { subjectId: idIn(request) });
    return web.page(request, error ? reply.code(400) : reply, 'supervision/rules/rule.njk', {
      subject,
      orders: orders.filter(({ ends_at }) => ends_at === null || ends_at.getTime() > Date.now()),
      features: zones.flatMap(({ inForce }) => (inForce ? [zoneFeature(inForce)] : [])),
      dayNames,
      whens,
      judgedDays,
      draft,
      confirm,
      error: error ? { text: error.message, field: error.field } : null,
    });
  };
  /** An address alone is a place, where exactly one is called that. */
  const placed = async (request: FastifyRequest, body: Form): Promise<Form> => {
    const [name, lat, lon, area] = textsOf(body, 'name', 'lat', 'lon', 'area');
    if (lat.trim() || lon.trim() || area.trim() || name.trim().length < 3) return body;
    const { places } = await performer.perform(actorOf(request), findPlaces, web.waymark, { text: name });
    const only = onlyPlace(places, 'name', 'click on the map');
    if (!only) return body;
    body.lat = String(only.lat);
    body.lon = String(only.lon);
    return body;
  };
  app.get('/subjects/:id/rules/new', { config: { action: 'zone.list' }, schema: { params: Id } }, (request, reply) =>
    page(request, reply, {}),
  );
  app.post(
    '/subjects/:id/rules',
    { config: { action: 'zone.declare', lists: ['days'] }, schema: { params: Id } },
    async (request, reply) => {
      const id = idIn(request);
      const body = (request.body ?? {}) as Form;
      const [step, orderId] = textsOf(body, 'step', 'orderId');
      if (step === 'change') return page(request, reply, { draft: body });
      try {
        const rule = readRule(await placed(request, body));
        const { subject, orders } = await performer.perform(actorOf(request), readZones, null, { subjectId: id });
        const order = orderIn(orders, orderId);
        if (step === 'save' || step === 'save-more') {
          await performer.perform(actorOf(request), declareZone, null, {
            ...rule,
            subjectId: id,
            orderId: order.id,
            ...boundsOf(rule, web.waymark.timeZone, Date.now()),
          });
          const begins = rule.firstDay ? longDate.format(new Date(`${rule.firstDay}T12:00:00Z`)) : 'now on';
          web.notice(request, `The rule is saved and holds from ${begins}.`);
          return reply.redirect(step === 'save' ? `/subjects/${id}/zones` : `/subjects/${id}/rules/new`);
        }
        const judged = await performer.perform(actorOf(request), judgeRule, web.waymark, { subjectId: id, rule, now: Date.now() });
        const until = order.ends_at ? `the order ends on ${longDate.format(order.ends_at)}` : 'the order ends';
        return page(request, reply, {
          draft: { ...body, name: rule.name },
          confirm: { sentence: ruleInWords(rule, subject.name, until, (day) => longDate.format(new Date(`${day}T12:00:00Z`))), judged },
        });
      } catch (error) {
        return page(request, reply, { draft: body, error: invalidIn(error) });
      }
    },
  );
}

/** The order that a rule comes under: the one that was chosen, or the only one in force. */
function orderIn<T extends { id: number; ends_at: Date | null }>(orders: readonly T[], chosen: string): T {
  const inForce = orders.filter(({ ends_at }) => ends_at === null || ends_at.getTime() > Date.now());
  const own = chosen ? inForce.find(({ id }) => id === idOf(chosen)) : inForce[0];
  if (!own) throw new InvalidError('There is no order in force that a rule could come under. Add the order first.', 'orderId');
  return own;
}
