import { keepsOf } from './config.ts';
import type { Actor } from './platform/access.ts';
import type { Erased } from './platform/erase-tree.ts';
import { keepSubjects } from './supervision/index.ts';
import { keepRecords, todayOf } from './support/index.ts';
import type { Waymark } from './waymark.ts';

export interface RetentionRun {
  support: Erased;
  supervision: Erased;
}

/**
 * Removes what is past its date, or was decided to be erased, from both halves, the fix store and what is kept in memory. What
 * went is in the audit as numbers of rows.
 */
export async function runRetention(waymark: Waymark, role: 'system' | 'operator' = 'system', id = 'system'): Promise<RetentionRun> {
  const { performer, fixes, config, database } = waymark;
  const actor: Actor = { id, name: role === 'system' ? 'Waymark' : id, role, purpose: 'retention' };
  const today = todayOf(waymark);
  const keeps = keepsOf(config);
  const support = await performer.perform(actor, keepRecords, null, { today });
  const { erased: supervision, wearings } = await performer.perform(actor, keepSubjects, { fixes }, { today, keeps });
  if (wearings.length > 0) {
    waymark.positions.forget(wearings);
    await waymark.intake.reload();
  }
  // The embedded database does not tidy up by itself: without this, removed rows would stay in its files.
  if (database.kind === 'pglite' && Object.keys({ ...support, ...supervision }).length > 0) await database.executeSql('VACUUM');
  return { support, supervision };
}
