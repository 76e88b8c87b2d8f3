import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import { openAsk, type RetentionAsk } from './retention-asks.ts';

/** One run of the job that removes what is past its date: rows that went, by table. */
export interface RetentionEntry {
  seq: number;
  at: Date;
  outcome: string;
  erased: Record<string, number>;
}

/** The latest runs, those first in which anything went. */
export const readRetention: Action<null, null, { runs: RetentionEntry[]; last: Date | null; ask: RetentionAsk | null }> = {
  name: 'retention.read',
  room: 'oversight',
  purpose: 'oversight',
  async run({ tx, note }) {
    const { rows } = await sql<RetentionEntry>`
      SELECT seq::int AS seq, at, outcome, coalesce(detail -> 'erased', '{}') AS erased FROM oversight.audit_entries
        WHERE action = 'retention.run' AND (outcome <> 'done' OR detail -> 'erased' <> '{}') ORDER BY seq DESC LIMIT 100`.execute(tx);
    const last = await sql<{ at: Date | null }>`SELECT max(at) AS at FROM oversight.audit_entries WHERE action = 'retention.run'`.execute(
      tx,
    );
    note(null, { shown: rows.length });
    return { runs: rows, last: last.rows[0]?.at ?? null, ask: await openAsk(tx) };
  },
};
