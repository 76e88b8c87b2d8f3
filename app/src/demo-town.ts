import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { crimesCsv, fixLines, streetsGeoJson, Town, type TownRule, toDegrees, type Wearer } from '@waymark/town';
import type { Actor } from './platform/access.ts';
import { computeDueVerdicts, declareZone, decodeWaymarkLines, importCrimes, registerWearers, zoneOffsetMs } from './supervision/index.ts';
import type { Waymark } from './waymark.ts';

/** Small enough to be ready in seconds, large enough to show every verdict. */
const demo = { seed: 7, wearers: 40, days: 14, crimes: 60, byWearers: 0.45, conditions: true };

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
    const newWearer = { tag: wearer.tag, name: wearer.name, firstAt: startMs };
    const { orders } = await waymark.performer.perform(system('administration'), registerWearers, null, [newWearer]);
    await declareRules(waymark, wearer, orders[0] as number, startMs);
    await waymark.intake.reload();
    const lines = [...fixLines(wearer, startMs)];
    for (let i = 0; i < lines.length; i += 20_000) {
      const decoded = decodeWaymarkLines(lines.slice(i, i + 20_000).join(''));
      await waymark.intake.accept(decoded, { kind: 'operator', name: 'the fictional town' });
    }
    fixes += lines.length;
    if ((wearer.index + 1) % 10 === 0) say(`${wearer.index + 1} of ${demo.wearers} wearers, ${fixes.toLocaleString('en-GB')} fixes`);
  }
  await waymark.live.settled();
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

/** The wearer's rules as zones of their order: the curfew, and the address to keep away from. */
async function declareRules(waymark: Waymark, { rules }: Wearer, orderId: number, startMs: number): Promise<void> {
  // The town's clock shows universal time; hours on record are clock time.
  const ahead = zoneOffsetMs(startMs, waymark.timeZone) / 3_600_000;
  const clock = (hour: number) => `${String((hour + ahead + 24) % 24).padStart(2, '0')}:00`;
  const place = ({ area }: TownRule) => {
    if (area.kind === 'polygon') return { kind: 'polygon' as const, rings: [area.ring.map(([x, y]) => toDegrees(x, y))] };
    const [lon, lat] = toDegrees(area.x, area.y);
    return { kind: 'circle' as const, lon, lat, radiusM: Math.round(area.radiusM) };
  };
  for (const rule of rules.slice(0, 2)) {
    await waymark.performer.perform(system('monitoring'), declareZone, null, {
      orderId,
      name: rule.name.replace(/^./, (first) => first.toUpperCase()),
      kind: rule.hours ? 'curfew' : 'exclusion',
      area: place(rule),
      hours: rule.hours ? [{ days: [1, 2, 3, 4, 5, 6, 7], from: clock(rule.hours.from), to: clock(rule.hours.to) }] : [],
      effectiveAt: new Date(startMs),
    });
  }
}
