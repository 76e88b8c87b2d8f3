import type { FastifyInstance } from 'fastify';
import { dayIn } from '../../../platform/days.ts';
import { actorOf } from '../../../web/actor-of.ts';
import { Id, textsOf } from '../../../web/form.ts';
import type { WebKit } from '../../../web/kit.ts';
import { agreeToErasure, decideErasure, endHold, placeHold } from '../../retention/index.ts';
import type { PersonPage } from './person-page.ts';

const room = 'support' as const;

/** Holding a person's data back from removal, and erasing it before its time: forms of their page. */
export function keepingRoutes(app: FastifyInstance, web: WebKit, person: PersonPage): void {
  const { performer, timeZone } = web.waymark;
  app.post('/people/:id/hold', { config: { action: 'hold.place', room }, schema: { params: Id } }, async (request, reply) => {
    const [until, reason] = textsOf(request.body, 'holdUntil', 'holdReason');
    return person.change(request, reply, 'It is kept until then.', (id) =>
      performer.perform(actorOf(request), placeHold, null, { person: id, until, reason, today: dayIn(timeZone) }),
    );
  });
  app.post('/people/:id/hold/end', { config: { action: 'hold.end', room }, schema: { params: Id } }, async (request, reply) =>
    person.change(request, reply, 'Nothing is held back any more.', (id) =>
      performer.perform(actorOf(request), endHold, null, { person: id }),
    ),
  );
  app.post('/people/:id/erase', { config: { action: 'erasure.decide', room }, schema: { params: Id } }, async (request, reply) => {
    const [reason, named] = textsOf(request.body, 'eraseReason', 'eraseNamed');
    return person.change(request, reply, 'Decided. They are erased once a second person has agreed.', (id) =>
      performer.perform(actorOf(request), decideErasure, null, { person: id, reason, named }),
    );
  });
  app.post('/people/:id/erase/answer', { config: { action: 'erasure.agree', room }, schema: { params: Id } }, async (request, reply) => {
    const [given, named] = textsOf(request.body, 'answer', 'agreeNamed');
    const answer = given === 'take back' ? 'take back' : 'agree';
    const done = answer === 'agree' ? 'Agreed. They are erased within a day.' : 'Taken back. Nothing of them is erased.';
    return person.change(request, reply, done, (id) =>
      performer.perform(actorOf(request), agreeToErasure, null, { person: id, answer, named }),
    );
  });
}
