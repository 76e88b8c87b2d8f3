import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Town, writeTown } from '@waymark/town';
import { computeDueVerdicts, importCrimes, importFixes } from '../src/supervision/index.ts';
import type { Waymark } from '../src/waymark.ts';

const operator = { id: 'test', name: 'Test', role: 'operator' as const };

/** Eight wearers, nine days and twelve crimes, most of them by wearers, with the verdicts on each. */
export async function fillWithSmallTown(waymark: Waymark, folder: string): Promise<void> {
  const { performer, intake, fixes, verdicts, timeZone } = waymark;
  await writeTown(new Town({ wearers: 8, days: 9, crimes: 12, seed: 11, byWearers: 0.6 }), folder);
  await importFixes(performer, intake, { ...operator, purpose: 'ingest' }, { path: join(folder, 'fixes.ndjson'), register: true });
  const bytes = readFileSync(join(folder, 'crimes.csv'));
  await importCrimes(performer, { ...operator, purpose: 'crime-matching' }, waymark, { fileName: 'crimes.csv', bytes });
  await computeDueVerdicts(performer, { fixes, verdicts, timeZone }, { ...operator, purpose: 'crime-matching' });
}
