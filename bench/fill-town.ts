import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Town, toDegrees } from '@waymark/town';
import { fixColumns } from '../app/src/platform/fixes/fix-columns.ts';
import { FixStore } from '../app/src/platform/fixes/fix-store.ts';
import { say } from './report.ts';

/**
 * Fills a folder with a town's fixes and crimes. A process of its own, so that what is measured afterwards carries nothing
 * of the town's making: `node fill-town.ts FOLDER SEED WEARERS DAYS CRIMES`.
 */
const [folder = '', seed, wearers, days, crimes] = process.argv.slice(2);
const town = new Town({ seed: Number(seed), wearers: Number(wearers), days: Number(days), crimes: Number(crimes) });
const { startMs } = town.settings;
const fixes = await FixStore.open(join(folder, 'fixes.duckdb'), 1024);
let total = 0;
for (const wearer of town.wearers()) {
  const { fixes: reported } = wearer;
  const columns = fixColumns(reported.count);
  for (let i = 0; i < reported.count; i++) {
    columns.tag[i] = wearer.index + 1;
    columns.wearing[i] = wearer.index + 1;
    columns.at[i] = startMs + (reported.at[i] as number) * 1000;
    columns.receivedAt[i] = columns.at[i] as number;
    columns.lon[i] = reported.lon[i] as number;
    columns.lat[i] = reported.lat[i] as number;
    columns.accuracyM[i] = reported.accuracyM[i] as number;
  }
  columns.speedMps.fill(Number.NaN);
  columns.headingDeg.fill(Number.NaN);
  columns.battery.fill(Number.NaN);
  columns.seq.fill(Number.NaN);
  total += (await fixes.append({ source: 'bench', receivedAt: startMs, count: reported.count, columns, quarantined: [] })).accepted;
  if ((wearer.index + 1) % 100 === 0) say(`storing fixes: ${wearer.index + 1} of ${wearers} wearers`);
}
await fixes.close();
writeFileSync(
  join(folder, 'crimes.json'),
  JSON.stringify({
    startMs,
    fixes: total,
    crimes: town.crimes.map((crime) => {
      const [lon, lat] = toDegrees(crime.x, crime.y);
      const { reference, type, uncertaintyM } = crime;
      return { reference, type, from: startMs + crime.from * 1000, to: startMs + crime.to * 1000, lon, lat, uncertaintyM };
    }),
  }),
);
