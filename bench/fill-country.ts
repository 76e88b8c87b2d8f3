import { Engine } from '@waymark/engine';
import { FixStore } from '../app/src/platform/fixes/fix-store.ts';

import { say } from './report.ts';

/**
 * Writes the fixes as they would have come: minute after minute, of everybody. Homes are in towns; by day people go some kilometres. A process
 * of its own, so that what is measured carries nothing of it: `node fill-country.ts FILE DAYS START WEARERS MINUTES-A-DAY`.
 */
const [path = '', days, startMs, wearers, minutesADay] = [process.argv[2], ...process.argv.slice(3, 7).map(Number)] as [
  string,
  number,
  number,
  number,
  number,
];
await (await FixStore.open(path, 2048)).close();
const engine = await Engine.open(path, { memoryMb: 2048, checkpointMb: 512 });
const db = await engine.connect();
await db.run(`CREATE TEMP TABLE who AS SELECT w::INTEGER + 1 AS w, -3 + 3 * ((w * 7919 % 40) / 40.0) + ((w * 104729 % 997) / 997.0 - 0.5) * 0.1 AS lon,
    51.5 + 3 * ((w * 15485863 % 25) / 25.0) + ((w * 32452843 % 991) / 991.0 - 0.5) * 0.06 AS lat, (w * 49979687 % 360)::DOUBLE AS way FROM range(${wearers}) t(w)`);
for (let day = 0; day < days; day++) {
  await db.run(`INSERT INTO fixes SELECT w, w, ${startMs} + (${day * minutesADay} + m) * 60000, ${startMs} + (${day * minutesADay} + m) * 60000 + 2000,
      round(lon + 0.02 * greatest(0, sin((m - 480) * pi() / 600)) * cos(way + m / 200.0) + ((w * 31 + m * 17) % 11 - 5) * 0.000012, 6),
      round(lat + 0.015 * greatest(0, sin((m - 480) * pi() / 600)) * sin(way + m / 200.0) + ((w * 13 + m * 29) % 11 - 5) * 0.00001, 6),
      6 + (w + m) % 9, NULL, NULL, 0, NULL, NULL, NULL, ${day * minutesADay} + m + 1 FROM range(${minutesADay}) t(m), who ORDER BY m`);
  say(`day ${day + 1} of ${days} stored`);
}
const last = days * minutesADay;
await db.run(
  `INSERT INTO receipts SELECT r::INTEGER, ${startMs} + r * 60000, 'bench', ${wearers}, 0, 0, 0 FROM range(1, ${last + 1}) t(r)`,
);
await db.run('CHECKPOINT');
db.close();
engine.close();
