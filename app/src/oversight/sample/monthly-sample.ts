import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Narrowed } from '../../platform/columns.ts';
import { isLooking } from '../audit/index.ts';
import type { GeneratedTables } from '../schema/generated-tables.ts';

declare module '../../platform/database.ts' {
  interface Tables
    extends Narrowed<Pick<GeneratedTables, 'oversight.sample_checks'>, { 'oversight.sample_checks': { outcome: SampleOutcome } }> {}
}

export const sampleOutcomes = ['in order', 'cannot tell', 'not in order'] as const;
export type SampleOutcome = (typeof sampleOutcomes)[number];

/** Looks that are drawn each month. */
export const sampleSize = 20;

export interface SampledLook {
  seq: number;
  at: Date;
  actor_name: string;
  role: string;
  purpose: string;
  action: string;
  about_kind: string;
  about_id: string;
  /** What was found, the latest first: nothing that was written down once is taken away. */
  checks: { outcome: SampleOutcome; note: string; by_name: string; at: Date }[];
}

export interface MonthlySample {
  month: string;
  isOver: boolean;
  /** How many looks of the month it was drawn from. */
  of: number;
  looks: SampledLook[];
}

/** Looks of staff at one person, or at one crime, alert or pack with people in it; and what was taken out. */
const isLook = sql`outcome = 'done' AND ${isLooking} AND (about_kind IN ('person', 'subject', 'crime', 'alert', 'evidence', 'breach pack', 'package', 'pair')
  OR detail ? 'subject' OR detail ? 'person') AND role NOT IN ('system', 'device', 'person')`;

const bounds = (month: string, timeZone: string) => sql`
  at >= ((${`${month}-01`})::date::timestamp AT TIME ZONE ${timeZone}) AND at < (((${`${month}-01`})::date + interval '1 month')::timestamp AT TIME ZONE ${timeZone})`;

/**
 * The looks of a month that are to be checked: those with the lowest hashes in the chain. A hash follows from all that was written
 * before, so nobody can choose whether a look of theirs is drawn.
 */
export const drawSample: Action<{ timeZone: string }, { month: string; today: string }, MonthlySample> = {
  name: 'sample.read',
  room: 'oversight',
  purpose: 'oversight',
  async run({ tx, note }, { timeZone }, { month, today }) {
    const isMonth = /^\d{4}-(0[1-9]|1[0-2])$/.test(month) && month >= '2010-01' && month <= today.slice(0, 7);
    if (!isMonth) throw new InvalidError('Choose a month up to this one, such as 2026-10.', 'month');
    const { rows: counted } = await sql<{ n: number }>`
      SELECT count(*)::int AS n FROM oversight.audit_entries WHERE ${isLook} AND ${bounds(month, timeZone)}`.execute(tx);
    const { rows } = await sql<Omit<SampledLook, 'checks'>>`
      SELECT seq::int AS seq, at, actor_name, role, purpose, action, about_kind, about_id
        FROM (SELECT * FROM oversight.audit_entries WHERE ${isLook} AND ${bounds(month, timeZone)} ORDER BY hash LIMIT ${sampleSize}) e
        ORDER BY seq`.execute(tx);
    const checks = await tx
      .selectFrom('oversight.sample_checks')
      .select([sql<number>`seq::int`.as('seq'), 'outcome', 'note', 'by_name', 'at'])
      .where('seq', 'in', rows.length > 0 ? rows.map(({ seq }) => seq) : [-1])
      .orderBy('id', 'desc')
      .execute();
    const looks = rows.map((row) => ({ ...row, checks: checks.filter(({ seq }) => seq === row.seq) }));
    note(null, { month, shown: rows.length });
    return { month, isOver: month < today.slice(0, 7), of: counted[0]?.n ?? 0, looks };
  },
};

/** What the auditor found when they asked why somebody looked. It can be said anew; what was said before stays beside it. */
export const checkLook: Action<null, { seq: number; outcome: string; note: string }, null> = {
  name: 'sample.check',
  room: 'oversight',
  purpose: 'oversight',
  async run({ tx, actor, note: audit }, _services, { seq, outcome, note }) {
    audit({ kind: 'audit entry', id: seq });
    const found = sampleOutcomes.find((own) => own === outcome);
    if (!found) throw new InvalidError('Choose what you found.', `outcome-${seq}`);
    if (found !== 'in order' && note.trim().length < 10)
      throw new InvalidError('Say in a sentence what you asked and what was answered.', `note-${seq}`);
    const { rows } = await sql<{ actor: string }>`SELECT actor FROM oversight.audit_entries WHERE seq = ${seq} AND ${isLook}`.execute(tx);
    const [look] = rows;
    if (!look) throw new NotFoundError('There is no such look.');
    if (look.actor === actor.id) throw new InvalidError('Somebody else has to check what you did.', `outcome-${seq}`);
    const values = { outcome: found, note: note.trim().slice(0, 2000), by_actor: actor.id, by_name: actor.name };
    await tx
      .insertInto('oversight.sample_checks')
      .values({ seq, ...values })
      .execute();
    audit({ kind: 'audit entry', id: seq }, { outcome: found });
    return null;
  },
};
