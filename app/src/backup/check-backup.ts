import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { Actor } from '../platform/access.ts';
import { verifyAudit } from '../platform/audit.ts';
import { keptHeads } from '../platform/audit-head.ts';
import { withPurpose } from '../platform/database.ts';
import { readRun, repeatRun } from '../supervision/index.ts';
import { openWaymark, type Waymark } from '../waymark.ts';
import type { Manifest } from './manifest.ts';
import { restoreBackup } from './restore-backup.ts';

export interface BackupCheck {
  path: string;
  moment: string;
  /** What is wrong, in words; empty where the backup is good. */
  faults: string[];
  fixes: number;
  auditEntries: number;
  /** The run that was worked out again from the copy; null where there is none that can be. */
  run: { id: number; verdicts: number } | null;
  tookMs: number;
}

/**
 * Proves a backup by opening what it holds: restores it beside, holds both stores against each other, walks the audit, counts the
 * fixes, and works a recorded run of verdicts out again. The copy is removed.
 * @param actor who asks, for what is read in the copy
 * @param beside a folder with room for it
 * @throws BackupError where it cannot be restored at all
 */
export async function checkBackup(
  backup: { path: string; manifest: Manifest },
  config: Config,
  actor: Actor,
  { beside = tmpdir(), onProgress }: { beside?: string; onProgress?: (done: number, all: number) => void } = {},
): Promise<BackupCheck> {
  const startedAt = performance.now();
  const folder = mkdtempSync(join(beside, 'waymark-check-'));
  const { path, manifest } = backup;
  try {
    const data = join(folder, 'data');
    const more = onProgress ? { onProgress } : {};
    const { rows } = await restoreBackup(backup, data, { databaseUrl: config.DATABASE_URL, engineMb: config.WAYMARK_ENGINE_MB, ...more });
    // The copy is of a server that is alone, whoever took the backup.
    const { NATS_URL: _log, WAYMARK_SHARED: _shared, WAYMARK_LAKE: _lake, ...alone } = config;
    const waymark = await openWaymark({ ...alone, WAYMARK_DATA: data });
    try {
      const audit = await verifyAudit(waymark.database.db, keptHeads(waymark.folder));
      const repeated = await repeatOne(waymark, actor);
      return {
        path,
        moment: manifest.moment,
        faults: [
          ...faultsOfRows(manifest, rows),
          ...audit.problems.map(({ seq, what }) => `entry ${seq} of the audit ${what}`),
          ...(audit.entries < manifest.audited ? [`the audit has ${audit.entries} entries in place of ${manifest.audited}`] : []),
          ...repeated.faults,
        ],
        fixes: rows.fixes ?? 0,
        auditEntries: audit.entries,
        run: repeated.run,
        tookMs: Math.round(performance.now() - startedAt),
      };
    } finally {
      await waymark.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function faultsOfRows({ fixes: { parts } }: Manifest, rows: Record<string, number>): string[] {
  return Object.entries(rows).flatMap(([table, count]) => {
    const expected = parts.reduce((sum, part) => (part.table === table ? sum + part.rows : sum), 0);
    return count === expected ? [] : [`${table} has ${count} rows in place of ${expected}`];
  });
}

/** Works the smallest of the newest runs out again. One whose fixes retention has changed since cannot be, and is no fault. */
async function repeatOne(waymark: Waymark, actor: Actor): Promise<{ run: BackupCheck['run']; faults: string[] }> {
  const { fixes, verdicts, timeZone, database, performer } = waymark;
  const runs = await withPurpose(database.db, 'supervision', 'crime-matching', (tx) =>
    tx.selectFrom('supervision.runs').select(['id', 'verdicts']).orderBy('id', 'desc').limit(20).execute(),
  );
  const faults: string[] = [];
  for (const { id } of runs) if (!(await verdicts.has(id))) faults.push(`the verdicts of run ${id} are not there`);
  for (const { id } of runs.toSorted((a, b) => a.verdicts - b.verdicts).slice(0, 3)) {
    const repetition = await repeatRun({ fixes, verdicts, timeZone }, await performer.perform(actor, readRun, null, { id }));
    if (!repetition.inputs.same) continue;
    if (!repetition.output.same) faults.push(`run ${id} gives other verdicts than were recorded`);
    return { run: { id, verdicts: repetition.verdicts }, faults };
  }
  return { run: null, faults };
}
