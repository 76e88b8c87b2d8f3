import type { FastifyInstance } from 'fastify';
import { actorOf } from '../../web/actor-of.ts';
import { type Form, Id, idIn, idOf, invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { endProtection, protectPerson } from './protect-person.ts';
import { zonesPage } from './zones-page.ts';

/** Protected persons whom somebody may not come near. */
export function protectionRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  app.post('/subjects/:id/protections', { config: { action: 'protection.declare' }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const body = (request.body ?? {}) as Form;
    const [orderId, name, serial, radiusM] = textsOf(body, 'orderId', 'protectedName', 'protectedSerial', 'protectedRadiusM');
    try {
      const draft = { subjectId: id, orderId: idOf(orderId), name, serial, radiusM };
      await performer.perform(actorOf(request), protectPerson, null, draft);
    } catch (error) {
      return zonesPage(web, request, reply, id, invalidIn(error), body);
    }
    web.notice(request, 'The distance is watched from now on.');
    return reply.redirect(`/subjects/${id}/zones`);
  });
  app.post('/protections/:id/end', { config: { action: 'protection.end' }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const { subjectId } = await performer.perform(actorOf(request), endProtection, null, { id });
    web.notice(request, 'The protection has ended.');
    return reply.redirect(`/subjects/${subjectId}/zones`);
  });
}
