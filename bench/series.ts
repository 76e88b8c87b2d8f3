import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random, Town, writeTown } from '@waymark/town';
import type { Actor } from '../app/src/platform/access.ts';
import { computeDueVerdicts, importCrimes, importFixes, readSeries } from '../app/src/supervision/index.ts';
import { verdictServicesOf } from '../app/src/waymark.ts';
import { serveForTest, temporaryFolder } from '../app/test/serve-for-test.ts';
import { type Report, say } from './report.ts';

const levels = [0.1, 0.01, 0.001] as const;
const crimesEach = 5;

/**
 * Series of crimes by nobody who wears a tag: whoever was present at several of them was so by chance. What is stated of that is held against
 * how often it happens.
 */
export async function benchSeries({ seed, size }: { seed: number; size?: number }): Promise<Report> {
  const times = size ?? 2000;
  const town = new Town({ wearers: 120, days: 16, crimes: 240, seed, byWearers: 0 });
  const folder = temporaryFolder();
  const serving = await serveForTest({});
  try {
    say('series: filling the town');
    const { performer, intake, verdicts } = serving.waymark;
    const operator = { id: 'bench', name: 'Bench', role: 'operator' as const };
    const analyst: Actor = { id: 'bench', name: 'Bench', role: 'crime-analyst', purpose: 'crime-matching' };
    await writeTown(town, folder.path);
    await importFixes(performer, intake, { ...operator, purpose: 'ingest' }, { path: join(folder.path, 'fixes.ndjson'), register: true });
    const bytes = readFileSync(join(folder.path, 'crimes.csv'));
    await importCrimes(performer, { ...operator, purpose: 'crime-matching' }, serving.waymark, { fileName: 'crimes.csv', bytes });
    await computeDueVerdicts(performer, verdictServicesOf(serving.waymark), { ...operator, purpose: 'crime-matching' });
    const random = new Random(seed);
    const found = new Map(levels.map((level) => [level, { wearers: 0, series: 0 }]));
    let [lookedAt, several] = [0, 0];
    for (let n = 0; n < times; n++) {
      if (n % 200 === 0) say(`series: ${n} of ${times}`);
      const crimes = new Set<number>();
      while (crimes.size < crimesEach) crimes.add(random.integer(1, 240));
      const series = await performer.perform(analyst, readSeries, { verdicts }, { crimes: [...crimes] });
      lookedAt += series.lookedAt;
      several += series.rows.length;
      for (const level of levels) {
        const own = found.get(level);
        if (!own) continue;
        own.wearers += series.rows.filter(({ chance }) => chance <= level).length;
        own.series += series.rows.some(({ amongAll }) => amongAll <= level) ? 1 : 0;
      }
    }
    const share = (level: (typeof levels)[number], of: 'wearers' | 'series') =>
      (found.get(level)?.[of] ?? 0) / (of === 'wearers' ? lookedAt : times);
    return {
      bench: `series (${times.toLocaleString('en-GB')} of ${crimesEach} crimes by nobody, 120 wearers)`,
      table: levels.map((level) => ({
        'stated at most': level,
        'found, of wearers': Number(share(level, 'wearers').toPrecision(3)),
        'found, for anybody of all in a series': Number(share(level, 'series').toPrecision(3)),
      })),
      notes: [
        `${lookedAt.toLocaleString('en-GB')} wearers were looked at, ${several.toLocaleString('en-GB')} of them present at two or more. A chance that is stated too low accuses; one that is stated too high finds less.`,
      ],
      bars: levels.flatMap((level) => [
        {
          name: `found beside a stated chance of ${level}, of wearers`,
          figure: share(level, 'wearers') / level,
          limit: 1,
          sense: 'most' as const,
          unit: 'times',
        },
        { name: `the same for anybody of all`, figure: share(level, 'series') / level, limit: 1, sense: 'most' as const, unit: 'times' },
      ]),
    };
  } finally {
    await serving.end();
    folder.remove();
  }
}
