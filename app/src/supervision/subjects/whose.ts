import { type RawBuilder, sql } from 'kysely';

/** Of a row of `case_holders`: it holds today. */
export const holdsToday = sql<boolean>`(to_on IS NULL OR to_on >= current_date)`;

/** Whose people a list shows: the asker's own, those of their teams, or all whom they may see. */
export type Whose = 'mine' | 'team' | 'all';

export function whoseIn(query: unknown): Whose {
  const { whose } = (query ?? {}) as { whose?: unknown };
  return whose === 'mine' || whose === 'team' ? whose : 'all';
}

/** Whether a subject is among somebody's people, in SQL. @param subject what gives the subject's number */
export function isTheirs(whose: Whose, actor: string, subject: RawBuilder<unknown>): RawBuilder<boolean> {
  if (whose === 'all') return sql<boolean>`true`;
  const own = sql`${subject} IN (SELECT subject_id FROM supervision.case_holders
    WHERE actor = ${actor} AND part <> 'may see' AND ${holdsToday})`;
  if (whose === 'mine') return sql<boolean>`${own}`;
  return sql<boolean>`(${own} OR ${subject} IN (SELECT c.subject_id FROM supervision.cases c
    JOIN supervision.team_members m ON m.team_id = c.team_id WHERE m.actor = ${actor}))`;
}
