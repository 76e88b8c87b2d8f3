import { sql } from 'kysely';
import { type Action, type ActionContext, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { isDay } from '../../platform/days.ts';
import type { Attendance, GoalOutcome, LawfulAnswer, PackageState, StepActor } from '../schema/tables.ts';
import { ageOfPerson, mayAgree } from './who-decides.ts';

export const answers = ['accepted', 'declined', 'could not be asked'] as const;
export const bases: readonly LawfulAnswer[] = ['consent', 'parental consent', 'public task'];
export const goalOutcomes: readonly GoalOutcome[] = ['achieved', 'partly', 'not'];
export const stepActors: readonly StepActor[] = ['the person', 'the worker', 'the service'];
export const attendances: readonly Attendance[] = ['attended', 'missed', 'called off'];

function one<T extends string>(all: readonly T[], given: string, message: string, field: string): T {
  const found = all.find((own) => own === given);
  if (!found) throw new InvalidError(message, field);
  return found;
}

function words(text: string, message: string, field: string): string {
  const trimmed = text.trim();
  if (trimmed.length < 3) throw new InvalidError(message, field);
  return trimmed.slice(0, 2000);
}

async function packageIn(
  tx: Tx,
  id: number,
  states: readonly PackageState[],
  otherwise: string,
): Promise<{ id: number; person_id: number; state: PackageState }> {
  const found = await tx
    .selectFrom('support.packages')
    .select(['id', 'person_id', 'state'])
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (!found) throw new NotFoundError('There is no such package.');
  if (!states.includes(found.state)) throw new InvalidError(otherwise);
  return found;
}

const inSupport = { room: 'support', purpose: 'support' } as const;
type Run<Input> = (context: ActionContext, services: null, input: Input) => Promise<null>;
const action = <Input>(name: string, run: Run<Input>): Action<null, Input, null> => ({ name, ...inSupport, run });

/** What the person answered to the offer. Declining costs nothing elsewhere; an offer can be answered once. */
export const answerOffer = action<{ id: number; answer: string; basis: string; note: string; today: string }>(
  'package.answer',
  async ({ tx, actor, note }, _services, given) => {
    const found = await packageIn(tx, given.id, ['offered'], 'This offer has been answered already.');
    note({ kind: 'package', id: given.id }, { person: found.person_id });
    const answer = one(answers, given.answer, 'Choose what they answered: accepted, declined, or could not be asked.', 'answer');
    note(null, { answer });
    const basis = answer === 'accepted' ? one(bases, given.basis, 'Choose the basis on which the help is given.', 'basis') : null;
    const why = words(given.note, 'Say in a few words how and by whom it was answered.', 'note');
    mayAgree(await ageOfPerson(tx, found.person_id, given.today), basis, why);
    await tx
      .updateTable('support.packages')
      .set({ state: answer, basis, answer_note: why, answered_by: actor.name, answered_at: new Date() })
      .where('id', '=', given.id)
      .execute();
    if (answer !== 'accepted') await waitAgain(tx, given.id);
    return null;
  },
);

/** Saying no costs nothing: whoever waited before goes on waiting from the same day. */
async function waitAgain(tx: Tx, id: number): Promise<void> {
  await sql`
    INSERT INTO support.waiting (person_id, record_id, since)
    SELECT person_id, record_id, waiting_since FROM support.packages WHERE id = ${id} AND waiting_since IS NOT NULL
    ON CONFLICT (person_id) DO UPDATE SET since = least(support.waiting.since, excluded.since), left_at = NULL`.execute(tx);
}

const goesOn = 'Only an accepted package that is not closed can be changed.';

export const addGoal = action<{ id: number; goal: string }>('package.change', async ({ tx, actor, note }, _services, { id, goal }) => {
  const found = await packageIn(tx, id, ['accepted'], goesOn);
  note({ kind: 'package', id }, { person: found.person_id });
  await tx
    .insertInto('support.goals')
    .values({
      package_id: id,
      goal: words(goal, 'Say what is to be reached.', 'goal'),
      outcome: null,
      outcome_note: null,
      outcome_by: null,
      outcome_at: null,
      by_name: actor.name,
    })
    .execute();
  return null;
});

export const addStep = action<{ id: number; goal: number; step: string; actor: string; dueOn: string }>(
  'package.change',
  async ({ tx, actor, note }, _services, { id, goal, step, actor: who, dueOn }) => {
    const found = await packageIn(tx, id, ['accepted'], goesOn);
    note({ kind: 'package', id }, { person: found.person_id });
    const own = await tx.selectFrom('support.goals').select('id').where('id', '=', goal).where('package_id', '=', id).executeTakeFirst();
    if (!own) throw new NotFoundError('There is no such goal.');
    if (dueOn !== '' && !isDay(dueOn)) throw new InvalidError('Give the day by which it is to be done, or leave it empty.', `due-${goal}`);
    await tx
      .insertInto('support.steps')
      .values({
        goal_id: goal,
        step: words(step, 'Say what is to be done.', `step-${goal}`),
        actor: one(stepActors, who, 'Choose who does it.', `actor-${goal}`),
        due_on: dueOn || null,
        done_at: null,
        done_by: null,
        by_name: actor.name,
      })
      .execute();
    return null;
  },
);

/** Marks a step as done, or as not done after all. */
export const tickStep = action<{ id: number; step: number; done: boolean }>(
  'package.change',
  async ({ tx, actor, note }, _services, { id, step, done }) => {
    const found = await packageIn(tx, id, ['accepted'], goesOn);
    note({ kind: 'package', id }, { person: found.person_id });
    const own = await tx
      .selectFrom('support.steps as s')
      .innerJoin('support.goals as g', 'g.id', 's.goal_id')
      .select('s.id')
      .where('s.id', '=', step)
      .where('g.package_id', '=', id)
      .executeTakeFirst();
    if (!own) throw new NotFoundError('There is no such step.');
    await tx
      .updateTable('support.steps')
      .set({ done_at: done ? new Date() : null, done_by: done ? actor.name : null })
      .where('id', '=', step)
      .execute();
    return null;
  },
);

export const addSession = action<{ id: number; heldOn: string; attended: string; text: string; today: string }>(
  'package.change',
  async ({ tx, actor, note }, _services, { id, heldOn, attended, text, today }) => {
    const found = await packageIn(tx, id, ['accepted'], goesOn);
    note({ kind: 'package', id }, { person: found.person_id });
    if (!isDay(heldOn) || heldOn > today) throw new InvalidError('Give the day of the session; it cannot be to come.', 'heldOn');
    await tx
      .insertInto('support.sessions')
      .values({
        package_id: id,
        held_on: heldOn,
        attended: one(attendances, attended, 'Choose whether they came.', 'attended'),
        note: text.trim().slice(0, 2000),
        by_name: actor.name,
      })
      .execute();
    return null;
  },
);

/** A review with the person: what was said, and when the next one is. */
export const addReview = action<{ id: number; heldOn: string; said: string; nextOn: string; today: string }>(
  'package.change',
  async ({ tx, actor, note }, _services, { id, heldOn, said, nextOn, today }) => {
    const found = await packageIn(tx, id, ['accepted'], goesOn);
    note({ kind: 'package', id }, { person: found.person_id });
    if (!isDay(heldOn) || heldOn > today) throw new InvalidError('Give the day of the review; it cannot be to come.', 'reviewedOn');
    if (nextOn !== '' && (!isDay(nextOn) || nextOn <= heldOn))
      throw new InvalidError('Give the day of the next review, after this one, or leave it empty.', 'nextOn');
    await tx
      .insertInto('support.reviews')
      .values({
        package_id: id,
        held_on: heldOn,
        said: words(said, 'Say in a few words what the person and you found.', 'said'),
        next_on: nextOn || null,
        by_name: actor.name,
      })
      .execute();
    return null;
  },
);

export const setOutcome = action<{ id: number; goal: number; outcome: string; text: string }>(
  'package.change',
  async ({ tx, actor, note }, _services, { id, goal, outcome, text }) => {
    const found = await packageIn(tx, id, ['accepted'], goesOn);
    note({ kind: 'package', id }, { person: found.person_id });
    const { numUpdatedRows } = await tx
      .updateTable('support.goals')
      .set({
        outcome: one(goalOutcomes, outcome, 'Choose: achieved, partly, or not.', `outcome-${goal}`),
        outcome_note: words(text, 'Say in a few words what shows it.', `outcome-note-${goal}`),
        outcome_by: actor.name,
        outcome_at: new Date(),
      })
      .where('id', '=', goal)
      .where('package_id', '=', id)
      .executeTakeFirst();
    if (Number(numUpdatedRows) === 0) throw new NotFoundError('There is no such goal.');
    return null;
  },
);

/** Ends a package: every goal has its outcome by then. */
export const closePackage = action<{ id: number; text: string }>('package.close', async ({ tx, actor, note }, _services, { id, text }) => {
  const found = await packageIn(tx, id, ['accepted'], 'Only an accepted package can be closed.');
  note({ kind: 'package', id }, { person: found.person_id });
  const { open } = await tx
    .selectFrom('support.goals')
    .select(sql<number>`count(*) FILTER (WHERE outcome IS NULL)::int`.as('open'))
    .where('package_id', '=', id)
    .executeTakeFirstOrThrow();
  if (open > 0)
    throw new InvalidError(`${open} ${open === 1 ? 'goal has' : 'goals have'} no outcome yet. Say for each what became of it.`, 'closing');
  await tx
    .updateTable('support.packages')
    .set({
      state: 'closed',
      closing_note: words(text, 'Say in a few words how it ended.', 'closing'),
      closed_by: actor.name,
      closed_at: new Date(),
    })
    .where('id', '=', id)
    .execute();
  return null;
});
