import { fork } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crimesCsv, fixLines, streetsGeoJson, Town, type TownRule, tagOf, toDegrees, type Wearer } from '@waymark/town';
import { ConfigError } from '../config.ts';
import type { Actor } from '../platform/access.ts';
import {
  computeDueVerdicts,
  declareOrder,
  declareSubject,
  declareTag,
  declareZone,
  decodeWaymarkLines,
  importCrimes,
  issueTagCredential,
  listTags,
  moveTag,
  registerWearers,
  zoneOffsetMs,
} from '../supervision/index.ts';
import type { Waymark } from '../waymark.ts';
import { fillWithAgencies } from './demo-agencies.ts';
import { beginList } from './demo-cohorts.ts';
import { addContacts } from './demo-contacts.ts';
import { liveToday, workThroughAlerts } from './demo-day.ts';
import { publishFirstFigures } from './demo-equality.ts';
import { fillStreetNames } from './demo-gazetteer.ts';
import { openOwnViews } from './demo-own-views.ts';
import { proposeRelease } from './demo-release.ts';
import type { DemoTags } from './demo-tags.ts';
import { publishForTown } from './demo-transparency.ts';

/** Small enough to be ready in seconds, large enough to show every verdict. */
const demo = { seed: 7, wearers: 40, days: 14, crimes: 60, byWearers: 0.45, conditions: true, tagIncidents: true };
const dayMs = 86_400_000;

/** What is noted in the data folder about the town in it. */
interface TownNote {
  /** The first midnight of its fortnight, ms since 1970. */
  startMs: number;
  complete: boolean;
}

const system = (purpose: Actor['purpose']): Actor => ({ id: 'system', name: 'Waymark', role: 'system', purpose });

function noteOf(waymark: Waymark): TownNote | null {
  const file = waymark.folder.file('town.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as TownNote) : null;
}

/**
 * Is there nothing in the data folder yet?
 * @throws ConfigError when filling it was broken off
 */
export function isEmpty(waymark: Waymark): boolean {
  const note = noteOf(waymark);
  if (note && !note.complete) {
    throw new ConfigError(
      `The last start was stopped while it filled ${waymark.folder.file('.')} with the fictional town. Delete that folder and start again.`,
    );
  }
  return waymark.fixes.lastReceipt === 0 && note === null;
}

/**
 * Fills an empty data folder with the fictional town: its wearers, their fixes, its crimes, and the verdicts.
 * @param size of another town than the usual one
 */
export async function fillWithTown(waymark: Waymark, say: (text: string) => void, size: Partial<typeof demo> = {}): Promise<void> {
  const own = { ...demo, ...size };
  const note: TownNote = { startMs: Math.floor(Date.now() / dayMs) * dayMs - own.days * dayMs, complete: false };
  const town = new Town({ ...own, startMs: note.startMs });
  const { startMs } = note;
  const isUsual = own.wearers === demo.wearers;
  await writeFile(waymark.folder.file('town.json'), JSON.stringify(note));
  await writeFile(waymark.folder.file('basemap.geojson'), JSON.stringify(streetsGeoJson(town.streets)));
  let fixes = 0;
  for (const wearer of town.wearers()) {
    const newWearer = { tag: wearer.tag, name: wearer.name, firstAt: startMs };
    const { orders } = await waymark.performer.perform(system('administration'), registerWearers, null, [newWearer]);
    await declareRules(waymark, wearer, orders[0] as number, startMs);
    const lines = [...fixLines(wearer, startMs)];
    for (let i = 0; i < lines.length; i += 20_000) {
      const decoded = decodeWaymarkLines(lines.slice(i, i + 20_000).join(''));
      await waymark.intake.accept(decoded, { kind: 'operator', name: 'the fictional town' });
    }
    fixes += lines.length;
    if ((wearer.index + 1) % 10 === 0) say(`${wearer.index + 1} of ${own.wearers} wearers, ${fixes.toLocaleString('en-GB')} fixes`);
  }
  if (isUsual) await liveToday(waymark, town, own.days);
  await waymark.live.settled();
  await importCrimes(waymark.performer, system('crime-matching'), waymark, {
    fileName: 'tarnbridge-crimes.csv',
    bytes: Buffer.from(crimesCsv(town)),
  });
  const run = await computeDueVerdicts(
    waymark.performer,
    { fixes: waymark.fixes, verdicts: waymark.verdicts, timeZone: waymark.timeZone },
    system('crime-matching'),
  );
  await addPeopleToFit(waymark);
  await fillStreetNames(waymark, town);
  await addContacts(waymark, [...new Set(town.streets.streets.map(({ name }) => name))]);
  await fillWithAgencies(waymark, say);
  await openOwnViews(waymark);
  await beginList(waymark);
  await proposeRelease(waymark);
  if (isUsual) await workThroughAlerts(waymark);
  if (isUsual) await publishFirstFigures(waymark);
  await publishForTown(waymark);
  await writeFile(waymark.folder.file('town.json'), JSON.stringify({ ...note, complete: true }));
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

const officer: Actor = { id: 'mo-1', name: 'Maya Okonjo', role: 'monitoring-officer', purpose: 'monitoring' };

/** People under an order who wear nothing yet, and tags in stock, so that a visit can be tried out. */
async function addPeopleToFit(waymark: Waymark): Promise<void> {
  const { performer } = waymark;
  for (const [i, name] of ['Erin Holloway', 'Dev Marsh', 'Tilly Rowan'].entries()) {
    const { id } = await performer.perform(officer, declareSubject, null, { reference: `F-NEW-${i + 1}`, name });
    const startsAt = new Date(Date.now() - dayMs);
    const order = {
      subjectId: id,
      kind: 'court bail',
      authority: 'Tarnbridge Magistrates',
      startsAt,
      endsAt: new Date(Date.now() + 90 * dayMs),
    };
    await performer.perform(officer, declareOrder, null, order);
  }
  for (let i = 1; i <= 6; i++) await performer.perform(officer, declareTag, null, { serial: `TB-S000${i}`, model: 'Fictional spare' });
  const { rows } = await performer.perform(officer, listTags, waymark, { search: 'TB-S0006', filter: 'all', limit: 1, offset: 0 });
  await performer.perform(officer, moveTag, null, { id: rows[0]?.id ?? 0, state: 'faulty', note: 'Does not charge' });
}

/** The tags catch up on what lies between the last fix and now, at this many times the real pace. */
const catchUpMs = 36 * 3_600_000;
const catchUpSpeed = 240;

/** Is the town in the data folder? */
export function hasTown(waymark: Waymark): boolean {
  return noteOf(waymark) !== null;
}

/** Lets the town's tags send over MQTT, from a process of their own, until the function that it gives is called. */
export async function playTown(waymark: Waymark, port: number): Promise<() => void> {
  const secrets: DemoTags['secrets'] = [];
  for (let index = 0; index < demo.wearers; index++) {
    const serial = tagOf(index);
    secrets.push({ serial, ...(await waymark.performer.perform(system('administration'), issueTagCredential, null, { serial })) });
  }
  const { latest } = await waymark.fixes.summary();
  const from = Math.max(latest ?? 0, Date.now() - catchUpMs);
  const child = fork(join(import.meta.dirname, 'demo-tags.ts'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
  const { startMs } = noteOf(waymark) as TownNote;
  const isTls = waymark.config.WAYMARK_MQTT_TLS_CERT !== undefined;
  const job: DemoTags = { town: { ...demo, startMs }, port, isTls, secrets, from, speed: catchUpSpeed };
  // Secrets go through the pipe: arguments can be seen by everybody on the machine.
  child.send(job);
  return () => {
    child.kill();
  };
}
