import { sql } from 'kysely';
import { type Action, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import type { Attendance, GoalOutcome, LawfulAnswer, PackageState, StepActor } from '../schema/tables.ts';

export interface PackageLine {
  id: number;
  service: string | null;
  state: PackageState;
  at: Date;
}

/** A person's packages, the newest first. */
export async function packagesOf(tx: Tx, person: number): Promise<PackageLine[]> {
  return tx
    .selectFrom('support.packages as p')
    .leftJoin('support.services as s', 's.id', 'p.service_id')
    .select(['p.id', 's.name as service', 'p.state', 'p.created_at as at'])
    .where('p.person_id', '=', person)
    .orderBy('p.id', 'desc')
    .execute();
}

export interface StepView {
  id: number;
  step: string;
  actor: StepActor;
  dueOn: string | null;
  doneAt: Date | null;
  doneBy: string | null;
}

export interface PackageView {
  id: number;
  person: number;
  name: string;
  service: string | null;
  provider: string | null;
  state: PackageState;
  basis: LawfulAnswer | null;
  answerNote: string | null;
  answeredBy: string | null;
  answeredAt: Date | null;
  closingNote: string | null;
  closedBy: string | null;
  offeredBy: string;
  offeredAt: Date;
  why: string | null;
  goals: { id: number; goal: string; outcome: GoalOutcome | null; outcomeNote: string | null; steps: StepView[] }[];
  sessions: { id: number; heldOn: string; attended: Attendance; note: string; byName: string }[];
  reviews: { id: number; heldOn: string; said: string; nextOn: string | null; byName: string }[];
  /** Notes that are for the person too. */
  shared: { note: string; byName: string; at: Date }[];
}

export const readPackage: Action<null, { id: number }, PackageView> = {
  name: 'package.read',
  room: 'support',
  purpose: 'support',
  async run({ tx, note }, _services, { id }) {
    const found = await tx
      .selectFrom('support.packages as p')
      .leftJoin('support.services as s', 's.id', 'p.service_id')
      .leftJoin('support.allocation_proposals as a', 'a.id', 'p.proposal_id')
      .leftJoin('support.person_summaries as m', 'm.person_id', 'p.person_id')
      .select([
        'p.id',
        'p.person_id as person',
        's.name as service',
        's.provider',
        'p.state',
        'p.basis',
        'p.answer_note as answerNote',
        'p.answered_by as answeredBy',
      ])
      .select([
        'p.answered_at as answeredAt',
        'p.closing_note as closingNote',
        'p.closed_by as closedBy',
        'p.by_name as offeredBy',
        'p.created_at as offeredAt',
      ])
      .select(
        // A package made from “Who may need help” was given its reason there.
        sql<
          string | null
        >`coalesce(a.reason, (SELECT d.reason FROM support.need_decisions d WHERE d.person_id = p.person_id AND d.decision = 'offer'
          AND d.at <= p.created_at AND d.taken_back_at IS NULL ORDER BY d.id DESC LIMIT 1))`.as('why'),
      )
      .select(sql<string>`coalesce(m.name, 'Name not known')`.as('name'))
      .where('p.id', '=', id)
      .executeTakeFirst();
    if (!found) throw new NotFoundError('There is no such package.');
    note({ kind: 'package', id }, { person: found.person });
    const goals = await goalsOf(tx, id);
    const sessions = await tx
      .selectFrom('support.sessions')
      .select(['id', 'attended', 'note', 'by_name as byName'])
      .select(sql<string>`to_char(held_on, 'YYYY-MM-DD')`.as('heldOn'))
      .where('package_id', '=', id)
      .orderBy('held_on', 'desc')
      .orderBy('id', 'desc')
      .execute();
    const reviews = await tx
      .selectFrom('support.reviews')
      .select(['id', 'said', 'by_name as byName'])
      .select([sql<string>`to_char(held_on, 'YYYY-MM-DD')`.as('heldOn'), sql<string | null>`to_char(next_on, 'YYYY-MM-DD')`.as('nextOn')])
      .where('package_id', '=', id)
      .orderBy('held_on', 'desc')
      .orderBy('id', 'desc')
      .execute();
    const shared = await tx
      .selectFrom('support.notes')
      .select(['note', 'by_name as byName', 'at'])
      .where('person_id', '=', found.person)
      .where('seen_by', '=', 'the person and the team')
      .where('taken_back_at', 'is', null)
      .orderBy('id', 'desc')
      .limit(5)
      .execute();
    return {
      ...found,
      reviews,
      shared,
      goals,
      sessions,
    };
  },
};

/** The goals of a package, each with its steps. */
async function goalsOf(tx: Tx, id: number): Promise<PackageView['goals']> {
  const goals = await tx
    .selectFrom('support.goals')
    .select(['id', 'goal', 'outcome', 'outcome_note as outcomeNote'])
    .where('package_id', '=', id)
    .orderBy('id')
    .execute();
  const steps = await tx
    .selectFrom('support.steps')
    .select(['id', 'goal_id', 'step', 'actor', 'done_at as doneAt', 'done_by as doneBy'])
    .select(sql<string | null>`to_char(due_on, 'YYYY-MM-DD')`.as('dueOn'))
    .where('goal_id', 'in', goals.length > 0 ? goals.map((goal) => goal.id) : [-1])
    .orderBy('id')
    .execute();
  return goals.map((goal) => ({ ...goal, steps: steps.filter(({ goal_id }) => goal_id === goal.id) }));
}
