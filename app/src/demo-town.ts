import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crimesCsv, fixLines, streetsGeoJson, Town, type TownRule, tagOf, toDegrees, type Wearer } from '@waymark/town';
import type { DemoTags } from './demo-tags.ts';
import type { Actor } from './platform/access.ts';
import {
  computeDueVerdicts,
  declareZone,
  decodeWaymarkLines,
  importCrimes,
  issueTagCredential,
  registerWearers,
  zoneOffsetMs,
} from './supervision/index.ts';
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
  const ahead = zoneOffsetMs(startMs, waymark.timeZone) / 60_000;
  const clock = (hour: number) => {
    const minutes = (hour * 60 + ahead + 1440) % 1440;
    return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');
  };
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

/** The tags catch up on half a day, so that there is something to see at once, and at this many times the real pace. */
const catchUpMs = 12 * 3_600_000;
const catchUpSpeed = 120;

/** Is the town in the data folder? */
export function hasTown(waymark: Waymark): boolean {
  return existsSync(waymark.folder.file('basemap.geojson'));
}

/** Lets the town's tags send over MQTT, from a process of their own, until the function that it gives is called. */
export async function playTown(waymark: Waymark, port: number): Promise<() => void> {
  const secrets: DemoTags['secrets'] = [];
  for (let index = 0; index < demo.wearers; index++) {
    const serial = tagOf(index);
    secrets.push({ serial, ...(await waymark.performer.perform(system('administration'), issueTagCredential, null, { serial })) });
  }
  await waymark.intake.reload();
  const { latest } = await waymark.fixes.summary();
  const from = Math.max(latest ?? 0, Date.now() - catchUpMs);
  const child = fork(join(import.meta.dirname, 'demo-tags.ts'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
  const job: DemoTags = { town: demo, port, secrets, from, speed: catchUpSpeed };
  // Secrets go through the pipe: arguments can be seen by everybody on the machine.
  child.send(job);
  return () => {
    child.kill();
  };
}
