import { type RawBuilder, sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';

/** Fewer people missing than this, or a smaller share, are believed to have left the agency's list. */
const missingAtLeast = 20;
const missingShare = 0.3;

/**
 * Who was in earlier deliveries of the source and is not in this one. Where the delivery is the agency's whole list, what it said of them
 * counts no more; unless they are so many that a part of the list is more likely.
 */
export const endMissing: Action<
  null,
  { importId: number; sourceId: number; today: string; isWhole: boolean },
  { missing: number; ended: number; told: string | null }
> = {
  name: 'records.import',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, note }, _services, { importId, sourceId, today, isWhole }) {
    const { rows } = await sql<{ missing: number; all: number }>`
      SELECT count(*) FILTER (WHERE seen_on < ${today}::date AND EXISTS (SELECT FROM support.facts f WHERE f.record_id = r.id AND f.challenged_at IS NULL))::int AS missing,
        count(*)::int AS "all" FROM support.records r WHERE source_id = ${sourceId}`.execute(tx);
    const { missing = 0, all = 0 } = rows[0] ?? {};
    note({ kind: 'record import', id: importId }, { missing });
    if (missing === 0) return { missing, ended: 0, told: null };
    const people = `${missing.toLocaleString('en-GB')} of the ${all.toLocaleString('en-GB')} people of earlier deliveries`;
    if (!isWhole)
      return {
        missing,
        ended: 0,
        told: `${people} are not in this one. What was said of them goes on counting. If the agency sends its whole list each time, say so in the mapping (delivery: whole list): then what it no longer says counts no more.`,
      };
    if (missing >= missingAtLeast && missing / all > missingShare)
      return {
        missing,
        ended: 0,
        told: `${people} are not in this one, which is to be the whole list. So many seldom leave at once: nothing was ended. If this is only a part, say so in the mapping (delivery: changes); if it is right, send the list in smaller steps or end the agreement and begin anew.`,
      };
    const ended = await endFacts(
      tx,
      sql`f.record_id IN (SELECT id FROM support.records WHERE source_id = ${sourceId} AND seen_on < ${today}::date)`,
      importId,
    );
    note(null, { ended });
    return { missing, ended, told: null };
  },
};

/** What an agency no longer says counts no more, and is kept as what it said. What is challenged stays until somebody has looked into it. */
export async function endFacts(tx: Tx, which: RawBuilder<unknown>, importId: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    WITH gone AS (DELETE FROM support.facts f WHERE f.challenged_at IS NULL AND ${which} RETURNING record_id, kind, value, on_date, import_id),
      kept AS (INSERT INTO support.former_facts (record_id, kind, value, on_date, said_in, last_said_before)
        SELECT record_id, kind, value, on_date, import_id, ${importId}::int FROM gone)
    SELECT count(*)::int AS n FROM gone`.execute(tx);
  return rows[0]?.n ?? 0;
}
