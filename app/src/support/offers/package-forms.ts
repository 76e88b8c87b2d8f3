import type { FastifyRequest } from 'fastify';
import { dayIn, todayOf } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import { idOf, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { addGoal, addReview, addSession, addStep, answerOffer, closePackage, setOutcome, tickStep } from './package.ts';

/** Mounts a form of the page of a package: what it is called, what it needs, what is said when it is done, and what it does. */
export type MountForm = (
  path: string,
  action: string,
  done: string,
  work: (request: FastifyRequest, id: number) => Promise<unknown>,
) => void;

/** The forms of a package: answer, goals, steps, sessions, reviews, outcomes, closing. */
export function packageForms(web: WebKit, change: MountForm): void {
  const { performer, timeZone } = web.waymark;
  const today = () => dayIn(timeZone);
  change('answer', 'package.answer', 'The answer is on record.', (request, id) => {
    const [answer, basis, note] = textsOf(request.body, 'answer', 'basis', 'note');
    return performer.perform(actorOf(request), answerOffer, null, { id, answer, basis, note, today: todayOf(web.waymark) });
  });
  change('goals', 'package.change', 'The goal is added.', (request, id) => {
    const [goal] = textsOf(request.body, 'goal');
    return performer.perform(actorOf(request), addGoal, null, { id, goal });
  });
  change('steps', 'package.change', 'The step is added.', (request, id) => {
    const [goal, step, actor, dueOn] = textsOf(request.body, 'goal', 'step', 'actor', 'due');
    return performer.perform(actorOf(request), addStep, null, { id, goal: idOf(goal), step, actor, dueOn });
  });
  change('tick', 'package.change', 'Noted.', (request, id) => {
    const [step, done] = textsOf(request.body, 'step', 'done');
    return performer.perform(actorOf(request), tickStep, null, { id, step: idOf(step), done: done === 'yes' });
  });
  change('sessions', 'package.change', 'The session is added.', (request, id) => {
    const [heldOn, attended, text] = textsOf(request.body, 'heldOn', 'attended', 'text');
    return performer.perform(actorOf(request), addSession, null, { id, heldOn, attended, text, today: today() });
  });
  change('reviews', 'package.change', 'The review is on record.', (request, id) => {
    const [heldOn, said, nextOn] = textsOf(request.body, 'reviewedOn', 'said', 'nextOn');
    return performer.perform(actorOf(request), addReview, null, { id, heldOn, said, nextOn, today: today() });
  });
  change('outcome', 'package.change', 'The outcome is on record.', (request, id) => {
    const [goal, outcome, text] = textsOf(request.body, 'goal', 'outcome', 'text');
    return performer.perform(actorOf(request), setOutcome, null, { id, goal: idOf(goal), outcome, text });
  });
  change('close', 'package.close', 'The package is closed.', (request, id) => {
    const [text] = textsOf(request.body, 'text');
    return performer.perform(actorOf(request), closePackage, null, { id, text });
  });
}
