import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidError } from '../../platform/action.ts';
import { isDay, todayOf } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import { type Form, orAgain, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { readTime } from '../fixes/decode/index.ts';
import { orderKinds } from '../subjects/index.ts';
import { takeOn } from './take-on.ts';

/** Somebody new, on one page; then their rules. */
export function takeOnRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, timeZone } = web.waymark;
  const page = (request: FastifyRequest, reply: FastifyReply, draft: Form, error: InvalidError | null = null) =>
    web.page(request, error ? reply.code(400) : reply, 'supervision/taking-on/take-on.njk', {
      orderKinds,
      draft,
      error: error ? { text: error.message, field: error.field } : null,
    });
  app.get('/subjects/new', { config: { action: 'subject.list' } }, (request, reply) =>
    page(request, reply, { startsOn: todayOf(web.waymark), officerName: actorOf(request).name }),
  );
  app.post('/subjects/new', { config: { action: 'subject.declare' } }, async (request, reply) => {
    const today = todayOf(web.waymark);
    const fields = [
      'reference',
      'name',
      'phone',
      'address',
      'kind',
      'authority',
      'startsOn',
      'endsOn',
      'officerName',
      'officerPhone',
    ] as const;
    const [reference, name, phone, address, kind, authority, startsOn, endsOn, officerName, officerPhone] = textsOf(
      request.body,
      ...fields,
    );
    let id = 0;
    const again = await orAgain(
      async () => {
        const order = {
          kind,
          authority,
          startsAt: new Date(readTime(`${dayOf(startsOn, 'startsOn')} 00:00`, timeZone)),
          // The last day counts.
          endsAt: endsOn.trim() ? new Date(readTime(`${dayOf(endsOn, 'endsOn')} 23:59:59`, timeZone)) : null,
        };
        const all = { reference, name, phone, address, officerName, officerPhone, today, ...order };
        id = (await performer.perform(actorOf(request), takeOn, null, all)).id;
      },
      (error) => page(request, reply, (request.body ?? {}) as Form, error),
    );
    if (again) return again;
    web.notice(request, `${name.trim()} is on record. Say now what they must do.`);
    return reply.redirect(`/subjects/${id}/rules/new`);
  });
}

function dayOf(text: string, field: string): string {
  if (!isDay(text.trim())) throw new InvalidError('Enter a day as year, month and day, for example 2026-09-07.', field);
  return text.trim();
}
