import { sql } from 'kysely';
import { type CaseStanding, type Decision, isProgram } from '../../platform/access.ts';
import { type ActionContext, AskFirstError } from '../../platform/action.ts';
import { bearSameName } from '../../platform/same-name.ts';
import type {} from '../schema/tables.ts';
import { holdsToday } from './whose.ts';

/** What leads to the subject whom something is about. */
export type WayToSubject = { subject: number } | { wearing: number } | { order: number } | { alert: number } | { zone: number };

/**
 * Puts on record whom an action is about, by number, so that they see it among who looked, and so that a look at a relative is
 * noted. A zone that several share is about nobody alone. An officer who looks at another's case has to have said why; an alert says
 * so itself.
 *
 * @throws AskFirstError where the reason is missing
 */
export async function noteSubject({ tx, actor, access, note }: Looking, way: WayToSubject): Promise<void> {
  const { rows } = await sql<{ id: number; name: string }>`
    SELECT s.id, s.name FROM supervision.subjects s WHERE s.id = (${idOf(way)})`.execute(tx);
  const [subject] = rows;
  if (!subject) return;
  note(null, { subject: subject.id, ...(bearSameName(actor.name, subject.name) ? { sameName: true } : {}) });
  if (actor.role !== 'monitoring-officer' || 'alert' in way) return;
  const decision = (await decisionsOn({ tx, actor, access }, [subject.id])).get(subject.id);
  if (!decision || decision.allowed) return;
  note(null, { refusedBy: decision.policy });
  throw new AskFirstError('This is another officer’s case. Say why you look at it first.', `/subjects/${subject.id}/why`);
}

/**
 * Puts on record whom a page about several people is about, as `subjects`, so that each sees that there was a look; and those among them who
 * bear the name of whoever looks, as `sameNameOf`.
 */
export async function noteSubjects({ tx, actor, note }: Pick<Looking, 'tx' | 'actor' | 'note'>, wearings: Iterable<number>): Promise<void> {
  const ids = [...new Set(wearings)];
  if (ids.length === 0) return;
  const rows = await tx
    .selectFrom('supervision.wearings as w')
    .leftJoin('supervision.subjects as s', 's.id', 'w.subject_id')
    .select(['w.subject_id as id', 's.name'])
    .distinct()
    .where(sql<boolean>`w.id = ANY(${ids}::int[])`)
    .orderBy('w.subject_id')
    .execute();
  const relatives = rows.filter(({ name }) => name !== null && bearSameName(actor.name, name)).map(({ id }) => id);
  note(null, { subjects: rows.map(({ id }) => id), ...(relatives.length > 0 ? { sameNameOf: relatives } : {}) });
}

type Looking = Pick<ActionContext, 'tx' | 'actor' | 'access' | 'note'>;

/**
 * Whether an officer may go into some cases, for each. @param saying they say why at this moment; a program cannot, and is not asked
 */
export async function decisionsOn(
  { tx, actor, access }: Pick<ActionContext, 'tx' | 'actor' | 'access'>,
  subjects: readonly number[],
  { saying = false } = {},
): Promise<Map<number, Decision>> {
  const { rows } = await sql<CaseStanding & { id: number }>`
    SELECT s.id, (c.team_id IS NOT NULL
        OR EXISTS (SELECT FROM supervision.case_holders h WHERE h.subject_id = s.id AND h.part = 'responsible' AND ${holdsToday})) AS "hasOwner",
      coalesce(t.is_closed, false) AS "isClosed", coalesce(c.is_restricted, false) AS "isRestricted",
      EXISTS (SELECT FROM supervision.team_members m WHERE m.team_id = c.team_id AND m.actor = ${actor.id}) AS "inTeam",
      EXISTS (SELECT FROM supervision.case_holders h WHERE h.subject_id = s.id AND h.actor = ${actor.id} AND ${holdsToday}) AS "isNamed",
      EXISTS (SELECT FROM supervision.outside_looks l WHERE l.subject_id = s.id AND l.actor = ${actor.id} AND l.until > now()) AS "hasSaidWhy"
    FROM supervision.subjects s LEFT JOIN supervision.cases c ON c.subject_id = s.id LEFT JOIN supervision.teams t ON t.id = c.team_id
    WHERE s.id IN (${sql.join([0, ...subjects])})`.execute(tx);
  return new Map(
    rows.map(({ id, hasSaidWhy, ...standing }) => [
      id,
      access.decideCase({ ...standing, hasSaidWhy: hasSaidWhy || saying || isProgram(actor) }),
    ]),
  );
}

function idOf(way: WayToSubject) {
  if ('subject' in way) return sql`${way.subject}::int`;
  if ('wearing' in way) return sql`SELECT subject_id FROM supervision.wearings WHERE id = ${way.wearing}`;
  if ('order' in way) return sql`SELECT subject_id FROM supervision.orders WHERE id = ${way.order}`;
  if ('alert' in way)
    return sql`SELECT w.subject_id FROM supervision.alerts a JOIN supervision.wearings w ON w.id = a.wearing_id WHERE a.id = ${way.alert}`;
  return sql`SELECT min(o.subject_id) FROM supervision.zone_orders zo JOIN supervision.orders o ON o.id = zo.order_id
    WHERE zo.zone_id = ${way.zone} HAVING count(DISTINCT o.subject_id) = 1`;
}
