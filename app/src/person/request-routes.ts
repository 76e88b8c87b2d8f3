import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  askRequest,
  ownCalendar,
  readOwnAppointments,
  readOwnRequests,
  readTime,
  requestKinds,
  withdrawRequest,
} from '../supervision/index.ts';
import { Id, idIn, textsOf } from '../web/form.ts';
import type { WebKit } from '../web/kit.ts';
import type { Fault, OwnPages } from './own-pages.ts';
import { appointmentKinds, requestKindsInWords } from './words.ts';

/** What somebody on a tag asks for, and where they are to be: with a clock, and a calendar of their own. */
export function ownRequestRoutes(app: FastifyInstance, web: WebKit, own: OwnPages): void {
  const { as, change, page } = own;
  const { timeZone, config } = web.waymark;
  const requests = async (request: FastifyRequest, reply: FastifyReply, error: Fault | null, draft: object) =>
    page(request, reply, 'requests', {
      requests: await as(request, 'supervision', readOwnRequests, null, null),
      kinds: requestKinds,
      kindWords: requestKindsInWords,
      error,
      draft,
    });
  app.get(
    '/me/requests',
    { config: { action: 'own.tag', room: 'supervision', menu: { text: 'My requests', rank: 25 } } },
    (request, reply) => requests(request, reply, null, {}),
  );
  app.post('/me/requests', { config: { action: 'own.ask', room: 'supervision' } }, async (request, reply) => {
    const [kind, from, to, said] = textsOf(request.body, 'kind', 'from', 'to', 'said');
    const time = (text: string) => new Date(text === '' ? Number.NaN : readTime(text, timeZone));
    return change(request, reply, {
      work: () => as(request, 'supervision', askRequest, null, { kind, from: time(from), to: time(to), said, now: Date.now() }),
      done: 'Thank you. Your request is with us. The time for the answer runs.',
      to: '/me/requests',
      again: (fault) => requests(request, reply, fault, { kind, from, to, said }),
    });
  });
  app.post(
    '/me/requests/:id/withdraw',
    { config: { action: 'own.ask', room: 'supervision' }, schema: { params: Id } },
    async (request, reply) => {
      const id = idIn(request);
      return change(request, reply, {
        work: () => as(request, 'supervision', withdrawRequest, null, { id }),
        done: 'You have taken it back.',
        to: '/me/requests',
        again: (fault) => requests(request, reply, fault, {}),
      });
    },
  );
  app.get('/me/appointments', { config: { action: 'own.tag', room: 'supervision' } }, async (request, reply) =>
    page(request, reply, 'appointments', {
      appointments: await as(request, 'supervision', readOwnAppointments, null, null),
      kindWords: appointmentKinds,
    }),
  );
  app.get('/me/appointments.ics', { config: { action: 'own.tag', room: 'supervision' } }, async (request, reply) => {
    const { t } = own.speech(request);
    const found = (await as(request, 'supervision', readOwnAppointments, null, null)) ?? [];
    const entries = found.map((each) => ({ ...each, title: t(appointmentKinds[each.kind] ?? each.kind), path: '/me/appointments' }));
    return reply
      .type('text/calendar; charset=utf-8')
      .header('content-disposition', 'attachment; filename="appointments.ics"')
      .send(ownCalendar(entries, t('My appointments'), config.WAYMARK_PUBLIC_URL ?? null));
  });
}
