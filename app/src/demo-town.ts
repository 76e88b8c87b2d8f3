import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { crimesCsv, fixLines, streetsGeoJson, Town } from '@waymark/town';
import type { Actor } from './platform/access.ts';
import { computeDueVerdicts, decodeWaymarkLines, importCrimes, registerWearers } from './supervision/index.ts';
import type { Waymark } from './waymark.ts';

/** Small enough to be ready in seconds, large enough to show every verdict. */
const demo = { seed: 7, wearers: 40, days: 14, crimes: 60, byWearers: 0.45 };

const system = (purpose: Actor['purpose']): Actor => ({ id: 'system', name: 'Waymark', role: 'system', purpose });

/** Is there nothing in the data folder yet? */
export async function isEmpty(waymark: Waymark): Promise<boolean> {
  return waymark.fixes.lastReceipt === 0 && !existsSync(waymark.folder.file('basemap.geojson'));
}

/** Fills an empty data folder with the fictional town: its wearers, their fixes, its crimes, and the verdicts. */
export async function fillWithTown(waymark: Waymark, say: (text: string) => void): Promise<void> {
  const town = new Town(demo);
  const { startMs } = town.settings;
  await writeFile(waymark.folder.file('basemap.geojson'), JSON.stringify(streetsGeoJson(town.streets)));
  let fixes = 0;
  for (const wearer of town.wearers()) {
    await waymark.performer.perform(system('administration'), registerWearers, null, [
      { tag: wearer.tag, name: wearer.name, firstAt: startMs },
    ]);
    await waymark.intake.reload();
    const lines = [...fixLines(wearer, startMs)];
    for (let i = 0; i < lines.length; i += 20_000) {
      const decoded = decodeWaymarkLines(lines.slice(i, i + 20_000).join(''));
      await waymark.intake.accept(decoded, { kind: 'operator', name: 'the fictional town' });
    }
    fixes += lines.length;
    if ((wearer.index + 1) % 10 === 0) say(`${wearer.index + 1} of ${demo.wearers} wearers, ${fixes.toLocaleString('en-GB')} fixes`);
  }
  await waymark.performer.perform(system('crime-matching'), importCrimes, null, {
    fileName: 'tarnbridge-crimes.csv',
    bytes: Buffer.from(crimesCsv(town)),
  });
  const run = await computeDueVerdicts(
    waymark.performer,
    { fixes: waymark.fixes, verdicts: waymark.verdicts, timeZone: waymark.timeZone },
    system('crime-matching'),
  );
  say(`${run?.crimes ?? 0} crimes, ${run?.verdicts.toLocaleString('en-GB') ?? 0} verdicts`);
}
