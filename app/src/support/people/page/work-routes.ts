import type { FastifyInstance } from 'fastify';
import { dayIn } from '../../../platform/days.ts';
import { actorOf } from '../../../web/actor-of.ts';
import { Id, idOf, textsOf } from '../../../web/form.ts';
import type { WebKit } from '../../../web/kit.ts';
import { decidePerson, takeBackDecision } from '../../finding/index.ts';
import { addTask, takeBackNote, writeNote } from '../../work/index.ts';
import { challengeFact } from '../index.ts';
import type { PersonPage } from './person-page.ts';
import { recordReach } from './record-reach.ts';

const room = 'support' as const;

/** What the team decides, notes and plans for a person, and what is challenged: forms of their page. */
export function personWorkRoutes(app: FastifyInstance, web: WebKit, person: PersonPage, askForProfiles: () => Promise<void>): void {
  const { performer, timeZone } = web.waymark;
  const today = () => dayIn(timeZone);
  app.post('/people/:id/decide', { config: { action: 'finding.decide', room }, schema: { params: Id } }, async (request, reply) => {
    const [decision, service, on, reason] = textsOf(request.body, 'decision', 'service', 'lookAgain', 'decisionReason');
    return person.change(request, reply, `Recorded: ${decision}.`, (id) =>
      performer.perform(actorOf(request), decidePerson, null, { person: id, decision, service: idOf(service), on, reason, today: today() }),
    );
  });
  app.post('/people/:id/decide/undo', { config: { action: 'finding.undo', room }, schema: { params: Id } }, async (request, reply) => {
    const [decision] = textsOf(request.body, 'decision');
    return person.change(request, reply, 'Taken back. They are in the queue again.', (id) =>
      performer.perform(actorOf(request), takeBackDecision, null, { person: id, id: idOf(decision) }),
    );
  });
  app.post('/people/:id/tasks', { config: { action: 'task.add', room }, schema: { params: Id } }, async (request, reply) => {
    const [task, dueOn, forName] = textsOf(request.body, 'task', 'taskDue', 'taskFor');
    return person.change(request, reply, 'The task is added.', (id) =>
      performer.perform(actorOf(request), addTask, null, { person: id, task, dueOn, forName }),
    );
  });
  app.post('/people/:id/notes', { config: { action: 'note.write', room }, schema: { params: Id } }, async (request, reply) => {
    const [text, seenBy] = textsOf(request.body, 'note', 'seen-by');
    return person.change(request, reply, 'The note is written.', (id) =>
      performer.perform(actorOf(request), writeNote, null, { person: id, text, seenBy }),
    );
  });
  app.post(
    '/people/:id/notes/take-back',
    { config: { action: 'note.take-back', room }, schema: { params: Id } },
    async (request, reply) => {
      const [note] = textsOf(request.body, 'note');
      return person.change(request, reply, 'The note is taken back.', (id) =>
        performer.perform(actorOf(request), takeBackNote, null, { person: id, id: idOf(note) }),
      );
    },
  );

  app.post('/people/:id/challenge', { config: { action: 'fact.challenge', room }, schema: { params: Id } }, async (request, reply) => {
    const [fact, reason] = textsOf(request.body, 'fact', 'reason');
    return person.change(request, reply, 'Challenged. It is not relied on from now on.', async (id) => {
      await performer.perform(actorOf(request), challengeFact, null, { person: id, fact: idOf(fact), reason });
      await askForProfiles();
    });
  });
  app.post('/people/:id/reach', { config: { action: 'reach.record', room }, schema: { params: Id } }, async (request, reply) => {
    const [areas] = textsOf(request.body, 'areas');
    return person.change(request, reply, 'It is on record where they can get to.', (id) =>
      performer.perform(actorOf(request), recordReach, null, { person: id, areas }),
    );
  });
}
