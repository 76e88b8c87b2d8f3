import { sql } from 'kysely';
import type { ActionContext } from '../../platform/action.ts';
import { bearSameName } from '../../platform/same-name.ts';
import type {} from '../schema/tables.ts';

/** What leads to the subject whom something is about. */
export type WayToSubject = { subject: number } | { wearing: number } | { order: number } | { alert: number } | { zone: number };

/**
 * Puts on record whom an action is about, by number, so that they see it among who looked, and so that a look at a relative is
 * noted. A zone that several share is about nobody alone.
 */
export async function noteSubject({ tx, actor, note }: Pick<ActionContext, 'tx' | 'actor' | 'note'>, way: WayToSubject): Promise<void> {
  const { rows } = await sql<{ id: number; name: string }>`
    SELECT s.id, s.name FROM supervision.subjects s WHERE s.id = (${idOf(way)})`.execute(tx);
  const [subject] = rows;
  if (subject) note(null, { subject: subject.id, ...(bearSameName(actor.name, subject.name) ? { sameName: true } : {}) });
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
