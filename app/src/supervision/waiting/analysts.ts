import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import type { Waiting } from '../../platform/waiting.ts';
import { searchCrimes } from '../crimes/index.ts';

/** Imports of so many days are looked through for what went wrong. */
const importDays = 14;

/** What waits for a crime analyst. */
export const waitingForAnalysts: Action<null, null, Waiting[]> = {
  name: 'waiting.list',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }) {
    const count = async (show: string) =>
      (await searchCrimes(tx, { show, sort: 'when', descending: true, limit: 1, offset: 0, withTests: true })).total;
    note(null);
    return [
      { what: 'crimes with somebody present to review', count: await count('to review'), href: '/crimes?show=to+review' },
      { what: 'crimes that wait for verdicts', count: await count('waiting'), href: '/crimes?show=waiting' },
      { what: `imports of the last ${importDays} days with rows that could not be used`, count: await faultyImports(tx), href: '/imports' },
    ];
  },
};

async function faultyImports(tx: Tx): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    SELECT count(*)::int AS n FROM supervision.imports i WHERE kind = 'crimes' AND at > now() - make_interval(days => ${importDays})
      AND EXISTS (SELECT FROM jsonb_array_elements(i.problems) p WHERE p ->> 'severity' = 'error')`.execute(tx);
  return rows[0]?.n ?? 0;
}
