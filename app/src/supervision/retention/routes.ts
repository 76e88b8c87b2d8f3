import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { agreeToSubjectErasure, decideSubjectErasure, endSubjectHold, openKeeping, placeSubjectHold } from './keep-subjects.ts';

/** Holding a subject's data back from removal, and erasing it before its time. */
export function subjectRetentionRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  const page = async (request: FastifyRequest, reply: FastifyReply, error: { text: string; field: string | null } | null) => {
    const id = idIn(request);
    const { waiting } = await performer.perform(actorOf(request), openKeeping, null, { subject: id });
    return web.page(request, reply, 'supervision/retention/keeping.njk', { id, waiting, error, draft: request.body ?? {} });
  };
  const change = async (request: FastifyRequest, reply: FastifyReply, done: string, work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (caught) {
      const error = invalidIn(caught);
      return page(request, reply.code(400), { text: error.message, field: error.field });
    }
    web.notice(request, done);
    return reply.redirect(`/subjects/${idIn(request)}`);
  };
  app.get('/subjects/:id/keeping', { config: { action: 'keeping.read' }, schema: { params: Id } }, async (request, reply) => {
    return page(request, reply, null);
  });
  app.post('/subjects/:id/hold', { config: { action: 'hold.place' }, schema: { params: Id } }, async (request, reply) => {
    const [until, reason] = textsOf(request.body, 'holdUntil', 'holdReason');
    const subject = idIn(request);
    const today = new Date().toISOString().slice(0, 10);
    return change(request, reply, 'It is kept until then.', () =>
      performer.perform(actorOf(request), placeSubjectHold, null, { subject, until, reason, today }),
    );
  });
  app.post('/subjects/:id/hold/end', { config: { action: 'hold.end' }, schema: { params: Id } }, async (request, reply) =>
    change(request, reply, 'Nothing is held back any more.', () =>
      performer.perform(actorOf(request), endSubjectHold, null, { subject: idIn(request) }),
    ),
  );
  app.post('/subjects/:id/erase', { config: { action: 'erasure.decide' }, schema: { params: Id } }, async (request, reply) => {
    const [reason, named] = textsOf(request.body, 'eraseReason', 'eraseNamed');
    const subject = idIn(request);
    return change(request, reply, 'Decided. They are erased once a second person has agreed.', () =>
      performer.perform(actorOf(request), decideSubjectErasure, null, { subject, reason, named }),
    );
  });
  app.post('/subjects/:id/erase/answer', { config: { action: 'erasure.agree' }, schema: { params: Id } }, async (request, reply) => {
    const [given, named] = textsOf(request.body, 'answer', 'agreeNamed');
    const subject = idIn(request);
    const answer = given === 'take back' ? 'take back' : 'agree';
    const done = answer === 'agree' ? 'Agreed. They are erased within a day.' : 'Taken back. Nothing of them is erased.';
    return change(request, reply, done, () => performer.perform(actorOf(request), agreeToSubjectErasure, null, { subject, answer, named }));
  });
}
