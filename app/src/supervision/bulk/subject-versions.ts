import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { type Action, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { noteSubject } from '../subjects/index.ts';

/**
 * How people stand on record, each as one short text that is another one whenever anything of them was changed: who they are, orders,
 * numbers, addresses, tags, zones, absences. It says nothing of what stands there.
 */
export async function versionsOf(tx: Tx, subjects: readonly number[]): Promise<Map<number, string>> {
  if (subjects.length === 0) return new Map();
  const ids = sql`${[...subjects]}::int[]`;
  const { rows } = await sql<{ subject: number; all: string }>`
    SELECT subject, string_agg(what, E'\\n' ORDER BY what) AS "all" FROM (
      SELECT id AS subject, s::text AS what FROM supervision.subjects s WHERE id = ANY(${ids})
      UNION ALL SELECT subject_id, 'order ' || o::text FROM supervision.orders o WHERE subject_id = ANY(${ids})
      UNION ALL SELECT subject_id, 'contact ' || c::text FROM supervision.contacts c WHERE subject_id = ANY(${ids})
      UNION ALL SELECT subject_id, 'address ' || a::text FROM supervision.addresses a WHERE subject_id = ANY(${ids})
      UNION ALL SELECT subject_id, 'wearing ' || w::text FROM supervision.wearings w WHERE subject_id = ANY(${ids})
      UNION ALL SELECT o.subject_id, 'zone ' || zo::text || v.id || coalesce(v.superseded_at::text, '') FROM supervision.zone_orders zo
        JOIN supervision.orders o ON o.id = zo.order_id JOIN supervision.zone_versions v ON v.zone_id = zo.zone_id WHERE o.subject_id = ANY(${ids})
      UNION ALL SELECT o.subject_id, 'absence ' || b::text FROM supervision.absences b JOIN supervision.orders o ON o.id = b.order_id
        WHERE o.subject_id = ANY(${ids})) x GROUP BY subject`.execute(tx);
  return new Map(rows.map(({ subject, all }) => [subject, createHash('sha256').update(all).digest('base64url').slice(0, 22)]));
}

/** How one person stands on record, by the reference of another system. */
export const readSubjectVersion: Action<null, { reference: string }, { reference: string; version: string }> = {
  name: 'subject.read',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, _services, { reference }) {
    const subject = await tx.selectFrom('supervision.subjects').select('id').where('reference', '=', reference).executeTakeFirst();
    if (!subject) throw new NotFoundError('There is no such subject.');
    note({ kind: 'subject', id: subject.id }, { version: true });
    await noteSubject({ tx, actor, access, note }, { subject: subject.id });
    return { reference, version: (await versionsOf(tx, [subject.id])).get(subject.id) ?? '' };
  },
};
