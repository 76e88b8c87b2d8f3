import { sql } from 'kysely';
import { keepsOf } from '../../config.ts';
import type { Actor } from '../../platform/access.ts';
import { withPurpose } from '../../platform/database.ts';
import { todayOf } from '../../platform/days.ts';
import type { Erased } from '../../platform/erase-tree.ts';
import { keepSubjects } from '../../supervision/index.ts';
import { keepRecords } from '../../support/index.ts';
import type { Waymark } from '../../waymark.ts';
import { askForRetention, endRetentionAsk, type RetentionAsk } from './retention-asks.ts';

export interface RetentionRun {
  support: Erased;
  supervision: Erased;
  /** Nothing was removed, for it would be unusual: two people are asked first. */
  asked: RetentionAsk | null;
}

/** A clock that is farther past the newest receipt than this is not believed, days. */
const clockAheadDays = 30;
/** A run that would remove a larger share of a kind than this is not usual; small numbers are let be. */
const unusualShare = 0.2;
const unusualFrom = { fixes: 1000, subjects: 5, records: 50, persons: 20 };

const dayMs = 86_400_000;

/**
 * Removes what is past its date, or was decided to be erased, from both halves, the fix store and what is kept in memory. What
 * went is in the audit as numbers of rows. Where the clock cannot be believed, or an unusual share would go, nothing is removed and
 * two people are asked.
 */
export async function runRetention(waymark: Waymark, role: 'system' | 'operator' = 'system', id = 'system'): Promise<RetentionRun> {
  const { performer, fixes, config, database } = waymark;
  const actor: Actor = { id, name: role === 'system' ? 'Waymark' : id, role, purpose: 'retention' };
  const today = todayOf(waymark);
  const keeps = keepsOf(config);
  const { why, wouldGo } = await previewRetention(waymark);
  if (why.length > 0) {
    const { ask, isAgreed } = await performer.perform(actor, askForRetention, null, { day: today, why, wouldGo });
    if (!isAgreed) return { support: {}, supervision: {}, asked: ask };
  }
  const support = await performer.perform(actor, keepRecords, null, { today });
  const { erased: supervision } = await performer.perform(actor, keepSubjects, { fixes }, { today, keeps });
  await performer.perform(actor, endRetentionAsk, null, { how: why.length > 0 ? 'done' : 'no longer due' });
  // The embedded database does not tidy up by itself: without this, removed rows would stay in its files.
  if (database.kind === 'pglite' && Object.keys({ ...support, ...supervision }).length > 0) await database.executeSql('VACUUM');
  return { support, supervision, asked: null };
}

class NothingGoes extends Error {}

/** What a run would remove now, and why it had better be asked first; nothing is removed. */
export async function previewRetention(waymark: Waymark): Promise<{ why: string[]; wouldGo: Record<string, number> }> {
  const { access, database, fixes, config } = waymark;
  const today = todayOf(waymark);
  const system: Actor = { id: 'system', name: 'Waymark', role: 'system', purpose: 'retention' };
  const tried = <T>(room: 'support' | 'supervision', work: (tx: Parameters<Parameters<typeof withPurpose>[3]>[0]) => Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      let found: T;
      withPurpose(database.db, room, 'retention', async (tx) => {
        found = await work(tx);
        throw new NothingGoes();
      }).catch((error) => (error instanceof NothingGoes ? resolve(found) : reject(error)));
    });
  const count = async (tx: Parameters<Parameters<typeof withPurpose>[3]>[0], text: string): Promise<number> =>
    Number((await sql.raw<{ n: number }>(text).execute(tx)).rows[0]?.n ?? 0);
  const note = () => undefined;
  const tell = note;

  const support = await tried('support', async (tx) => {
    const all = {
      records: await count(tx, 'SELECT count(*)::int AS n FROM support.records'),
      persons: await count(tx, 'SELECT count(*)::int AS n FROM support.persons'),
      decided: await count(tx, 'SELECT count(*)::int AS n FROM support.erasures WHERE done_at IS NULL AND agreed_at IS NOT NULL'),
    };
    return { all, erased: await keepRecords.run({ tx, actor: system, access, note, tell }, null, { today }) };
  });
  const extent = await fixes.extent();
  const supervision = await tried('supervision', async (tx) => {
    const all = {
      subjects: await count(tx, 'SELECT count(*)::int AS n FROM supervision.subjects'),
      decided: await count(tx, 'SELECT count(*)::int AS n FROM supervision.erasures WHERE done_at IS NULL AND agreed_at IS NOT NULL'),
    };
    const input = { today, keeps: keepsOf(config) };
    return { all, erased: (await keepSubjects.run({ tx, actor: system, access, note, tell }, { fixes: fixes.preview() }, input)).erased };
  });

  const why: string[] = [];
  const past = extent.newestReceiptMs === null ? 0 : (Date.parse(today) - extent.newestReceiptMs) / dayMs;
  const wouldGo = { ...support.erased, ...supervision.erased };
  const isAnythingByAge = Object.keys(wouldGo).length > 0;
  if (past > clockAheadDays && isAnythingByAge)
    why.push(
      `The clock says ${today}, and the newest receipt of positions is of ${new Date(extent.newestReceiptMs as number).toISOString().slice(0, 10)}: ${Math.round(past)} days before. Is the clock right?`,
    );
  const share = (what: string, gone: number, all: number, from: number) => {
    if (gone >= from && gone > all * unusualShare)
      why.push(`${gone.toLocaleString('en-GB')} of ${all.toLocaleString('en-GB')} ${what} would go, ${Math.round((gone / all) * 100)} %.`);
  };
  share('positions', supervision.erased['fixes by age'] ?? 0, extent.fixes, unusualFrom.fixes);
  share(
    'subjects',
    (supervision.erased['supervision.subjects'] ?? 0) - supervision.all.decided,
    supervision.all.subjects,
    unusualFrom.subjects,
  );
  share('records of agencies', support.erased['support.records'] ?? 0, support.all.records, unusualFrom.records);
  share('people supported', (support.erased['support.persons'] ?? 0) - support.all.decided, support.all.persons, unusualFrom.persons);
  return { why, wouldGo };
}
