import type { FastifyInstance } from 'fastify';
import { dayIn } from '../../../platform/days.ts';
import { actorOf } from '../../../web/actor-of.ts';
import { Id, idIn, idOf, textsOf } from '../../../web/form.ts';
import type { WebKit } from '../../../web/kit.ts';
import { approveDelay, askForDelay, readNotice, recordNotice } from '../../offers/index.ts';
import type { PersonPage } from './person-page.ts';

const room = 'support' as const;

/** What a person, or who decides for them, is told, and delays of it: forms of their page. */
export function noticeRoutes(app: FastifyInstance, web: WebKit, person: PersonPage): void {
  const { performer, timeZone } = web.waymark;
  const today = () => dayIn(timeZone);
  app.get('/people/:id/notice', { config: { action: 'notice.read', room }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const notice = await performer.perform(actorOf(request), readNotice, null, { id, today: today() });
    return web.page(request, reply, 'support/offers/notice.njk', { person: notice });
  });
  app.post('/people/:id/notice', { config: { action: 'notice.record', room }, schema: { params: Id } }, async (request, reply) => {
    const [on, whom, how] = textsOf(request.body, 'on', 'whom', 'how');
    return person.change(request, reply, 'It is on record that they have been told.', (id) =>
      performer.perform(actorOf(request), recordNotice, null, { person: id, on, whom, how, today: today() }),
    );
  });
  app.post('/people/:id/notice/delay', { config: { action: 'notice.delay', room }, schema: { params: Id } }, async (request, reply) => {
    const [until, reason] = textsOf(request.body, 'until', 'delayReason');
    return person.change(request, reply, 'Somebody else has to approve this.', (id) =>
      performer.perform(actorOf(request), askForDelay, null, { person: id, until, reason, today: today() }),
    );
  });
  app.post('/people/:id/notice/approve', { config: { action: 'notice.approve', room }, schema: { params: Id } }, async (request, reply) => {
    const [notice] = textsOf(request.body, 'notice');
    return person.change(request, reply, 'Approved.', (id) =>
      performer.perform(actorOf(request), approveDelay, null, { person: id, notice: idOf(notice) }),
    );
  });
}
