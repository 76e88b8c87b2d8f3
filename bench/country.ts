import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Config } from '../app/src/config.ts';
import { openDatabase } from '../app/src/platform/database.ts';
import { migrate } from '../app/src/platform/migrate.ts';
import { openWaymark } from '../app/src/waymark.ts';
import { say } from './report.ts';

/** A country's fleet for a benchmark: so many wearers, and a fix of each every minute. */
export const wearers = 20_000;
export const minutesADay = 1440;

/** Fills a folder with the fleet's fixes, on record and evaluated: what is measured comes after that. Gives how long the fixes took, seconds. */
export async function fill(folder: string, days: number, startMs: number, config: Config): Promise<number> {
  const began = performance.now();
  const filled = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'fill-country.ts'), join(folder, 'fixes.duckdb'), ...[days, startMs, wearers, minutesADay].map(String)],
    {
      stdio: 'inherit',
    },
  );
  if (filled.status !== 0) throw new Error('The fixes could not be stored; what went wrong stands above.');
  const filledS = (performance.now() - began) / 1000;
  const receipts = days * minutesADay;
  const records = await openDatabase({ folder: join(folder, 'records') });
  await migrate(records.db);
  await records.executeSql(
    `UPDATE supervision.intake_state SET last_receipt = ${receipts}; UPDATE supervision.watch_state SET evaluated_receipt = ${receipts}`,
  );
  await records.close();
  const made = await openWaymark(config);
  say('registering wearers');
  const { registerWearers } = await import('../app/src/supervision/index.ts');
  await made.performer.perform(
    { id: 'bench', name: 'bench', role: 'operator', purpose: 'administration' },
    registerWearers,
    null,
    Array.from({ length: wearers }, (_, i) => ({ tag: `A${i}`, name: 'Bench Wearer', firstAt: startMs })),
  );
  await made.close();
  return filledS;
}
