import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { isDay } from '../../platform/days.ts';
import { holdsToday, noteSubject } from '../subjects/index.ts';
import { mustBeSeen } from './somebody-sees.ts';

export const parts = ['responsible', 'cover', 'may see'] as const;
export type Part = (typeof parts)[number];

/** Whose case somebody is. */
interface CaseView {
  team: { id: number; name: string; isClosed: boolean } | null;
  isRestricted: boolean;
  holders: { actor: string; name: string; part: Part; toOn: string | null }[];
}

/** An officer, or a program that reads as one. */
export interface Colleague {
  actor: string;
  name: string;
}

/** Officers who have signed in at some time, and programs that read as officers. */
export async function colleaguesOf(tx: Tx): Promise<Colleague[]> {
  const { rows } = await sql<Colleague>`
    SELECT actor, name FROM platform.staff WHERE role = 'monitoring-officer'
    UNION ALL SELECT 'token:' || id, name || ' (a program)' FROM platform.api_tokens WHERE role = 'monitoring-officer' AND revoked_at IS NULL
    ORDER BY name, actor`.execute(tx);
  return rows;
}

/** Whose somebody is, and who else could be asked. */
export async function readCase(
  tx: Tx,
  subject: number,
): Promise<CaseView & { teams: { id: number; name: string }[]; colleagues: Colleague[] }> {
  const own = await tx
    .selectFrom('supervision.cases as c')
    .leftJoin('supervision.teams as t', 't.id', 'c.team_id')
    .select(['t.id', 't.name', 't.is_closed', 'c.is_restricted'])
    .where('c.subject_id', '=', subject)
    .executeTakeFirst();
  const { rows: holders } = await sql<CaseView['holders'][number]>`
    SELECT actor, name, part, to_on::text AS "toOn" FROM supervision.case_holders
      WHERE subject_id = ${subject} AND ${holdsToday}
      ORDER BY array_position(ARRAY['responsible', 'cover', 'may see'], part), name`.execute(tx);
  return {
    team: own?.id ? { id: own.id, name: own.name ?? '', isClosed: own.is_closed ?? false } : null,
    isRestricted: own?.is_restricted ?? false,
    holders,
    teams: await tx.selectFrom('supervision.teams').select(['id', 'name']).orderBy('name').execute(),
    colleagues: await colleaguesOf(tx),
  };
}

/** Says which team somebody is with, and whether only those who are named may see the case. */
export const assignCase: Action<null, { subjectId: number; team: string; isRestricted: boolean }, null> = {
  name: 'subject.assign',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note, tell }, _services, { subjectId, team, isRestricted }) {
    note({ kind: 'subject', id: subjectId }, { isRestricted });
    await noteSubject({ tx, actor, access, note }, { subject: subjectId });
    await mustBeThere(tx, subjectId);
    const [own] = team
      ? await tx
          .selectFrom('supervision.teams')
          .select('id')
          .where('id', '=', Number(team) || 0)
          .execute()
      : [null];
    if (team && !own) throw new InvalidError('There is no such team. Choose one of the list.', 'team');
    const values = { team_id: own?.id ?? null, is_restricted: isRestricted, by_name: actor.name, at: new Date() };
    await tx
      .insertInto('supervision.cases')
      .values({ subject_id: subjectId, ...values })
      .onConflict((conflict) => conflict.column('subject_id').doUpdateSet(values))
      .execute();
    await mustBeSeen(tx, { subject: subjectId }, isRestricted ? 'isRestricted' : 'team');
    tell('supervision.cases', [subjectId]);
    return null;
  },
};

/** Says who holds a case, who covers it until a day, or who else may see it. One is responsible: a new one takes over. */
export const holdCase: Action<null, { subjectId: number; holder: string; part: string; toOn: string }, null> = {
  name: 'subject.assign',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note, tell }, _services, { subjectId, holder, part: asked, toOn }) {
    note({ kind: 'subject', id: subjectId }, { part: asked });
    await noteSubject({ tx, actor, access, note }, { subject: subjectId });
    await mustBeThere(tx, subjectId);
    const part = parts.find((own) => own === asked);
    if (!part) throw new InvalidError('Choose what they do with this case.', 'part');
    const colleague = (await colleaguesOf(tx)).find((own) => own.actor === holder);
    if (!colleague) throw new InvalidError('Choose an officer of the list. They are on it once they have signed in.', 'holder');
    if (toOn && !isDay(toOn)) throw new InvalidError('Enter the last day as year, month and day, for example 2026-09-07.', 'toOn');
    if (part === 'cover' && !toOn) throw new InvalidError('Enter the last day of the cover.', 'toOn');
    if (toOn && toOn < new Date().toISOString().slice(0, 10)) throw new InvalidError('The last day is over. Enter a later one.', 'toOn');
    if (part === 'responsible')
      await tx.deleteFrom('supervision.case_holders').where('subject_id', '=', subjectId).where('part', '=', 'responsible').execute();
    const values = { name: colleague.name, part, to_on: toOn || null, by_name: actor.name, since: new Date() };
    await tx
      .insertInto('supervision.case_holders')
      .values({ subject_id: subjectId, actor: holder, ...values })
      .onConflict((conflict) => conflict.columns(['subject_id', 'actor']).doUpdateSet(values))
      .execute();
    await mustBeSeen(tx, { subject: subjectId }, 'holder');
    tell('supervision.cases', [subjectId]);
    return null;
  },
};

/** Somebody has nothing to do with a case any more. */
export const letCaseGo: Action<null, { subjectId: number; holder: string }, null> = {
  name: 'subject.assign',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note, tell }, _services, { subjectId, holder }) {
    note({ kind: 'subject', id: subjectId });
    await noteSubject({ tx, actor, access, note }, { subject: subjectId });
    await mustBeThere(tx, subjectId);
    await tx.deleteFrom('supervision.case_holders').where('subject_id', '=', subjectId).where('actor', '=', holder).execute();
    await mustBeSeen(tx, { subject: subjectId }, 'holder');
    tell('supervision.cases', [subjectId]);
    return null;
  },
};

async function mustBeThere(tx: Tx, subject: number): Promise<void> {
  const found = await tx.selectFrom('supervision.subjects').select('id').where('id', '=', subject).executeTakeFirst();
  if (!found) throw new NotFoundError('There is no such subject.');
}
