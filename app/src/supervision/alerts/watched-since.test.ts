import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveForTest } from '../../../test/serve-for-test.ts';
import type { Actor } from '../../platform/access.ts';
import { withPurpose } from '../../platform/database.ts';
import { rawFix } from '../fixes/decode/raw-fix.ts';
import { LiveWatch } from '../index.ts';
import { declareOrder, declareSubject } from '../subjects/subjects.ts';
import { openWearing } from '../subjects/wearings.ts';
import { declareTag } from '../tags/tags.ts';
import { declareZone } from '../zones/declare-zone.ts';
import { storedAlerts } from './store.ts';

/** A watch is made from the last days; what it puts on record must be what all fixes together say. */
let serving: Awaited<ReturnType<typeof serveForTest>>;
beforeAll(async () => {
  serving = await serveForTest();
  await serving.waymark.live.close();
});
afterAll(() => serving?.end());

const officer: Actor = { id: 'mo', name: 'Monitoring officer', role: 'monitoring-officer', purpose: 'monitoring' };
const minute = 60_000;
const day = 86_400_000;
const days = 9;
const stepMs = 10 * minute;

/** The same numbers for the same seed, 0 to 1. */
function numbers(seed: number): () => number {
  let state = seed * 7919;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

async function wearer(serial: string, began: Date) {
  const { performer } = serving.waymark;
  const { id: subjectId } = await performer.perform(officer, declareSubject, null, { reference: serial, name: serial });
  const order = { subjectId, kind: 'licence condition', authority: 'A court', startsAt: began, endsAt: null };
  const { id: orderId } = await performer.perform(officer, declareOrder, null, order);
  await performer.perform(officer, declareTag, null, { serial, model: '' });
  const { id: wearing } = await performer.perform(officer, openWearing, null, { subjectId, orderId, serial, startsAt: began });
  const nights = { days: [1, 2, 3, 4, 5, 6, 7], from: '19:00', to: '07:00' };
  const zone = async (kind: 'exclusion' | 'curfew', lon: number, hours: (typeof nights)[]) => {
    const area = { kind: 'circle' as const, lon, lat: 53.09, radiusM: 150 };
    await performer.perform(officer, declareZone, null, { orderId, name: kind, kind, area, hours, effectiveAt: began });
  };
  await zone('exclusion', -1.815, []);
  await zone('curfew', -1.8255, [nights]);
  return wearing;
}

/** Nine days of somebody who is at home, elsewhere or where they must not be, for an hour or for days, with silences and an empty battery. */
function life(serial: string, start: number, random: () => number) {
  const fixes = [];
  let where = -1.8255;
  let until = start;
  let silentUntil = start;
  let battery = 1;
  for (let at = start; at < start + days * day - 2 * minute; at += stepMs) {
    if (at >= until) {
      where = [-1.8255, -1.8255, -1.82, -1.815][Math.floor(4 * random())] as number;
      until = at + (random() < 0.1 ? 3 * day * random() : 6 * 3_600_000 * random());
      if (random() < 0.1) silentUntil = at + 1.5 * day * random();
    }
    battery = battery < 0.03 || (battery < 0.14 && random() < 0.01) ? 1 : battery - 0.0015;
    if (at < silentUntil) continue;
    fixes.push({
      ...rawFix(serial, at, where + 0.0001 * random(), 53.09 + 0.0001 * random()),
      accuracyM: 8 + 40 * random() ** 4,
      battery,
      events: random() < 0.001 ? 'strap-cut' : null,
    });
  }
  return fixes;
}

test('whatever comes late, and whenever a server starts again, the alerts are those of all fixes together', {
  timeout: 120_000,
}, async () => {
  const { database, fixes, access, timeZone, intake } = serving.waymark;
  const start = Date.now() - days * day;
  const onRecord = (wearing: number) =>
    withPurpose(database.db, 'supervision', 'monitoring', async (tx) => (await storedAlerts(tx, [wearing])).get(wearing));
  let alerts = 0;
  for (let seed = 1; seed <= 25; seed++) {
    const random = numbers(seed);
    const serial = `LIFE-${seed}`;
    const wearing = await wearer(serial, new Date(start - day));
    const all = life(serial, start, random);
    // In parts of a day or less, some of them up to a week late.
    const parts = [];
    for (let i = 0; i < all.length; ) {
      const size = 1 + Math.floor(144 * random());
      parts.push({ fixes: all.slice(i, i + size), comes: i + (random() < 0.2 ? 1000 * random() : 0) });
      i += size;
    }
    parts.sort((a, b) => a.comes - b.comes);
    let live = new LiveWatch(database.db, fixes, access, timeZone);
    await live.start();
    for (const part of parts) {
      if (random() < 0.2) {
        await live.close();
        live = new LiveWatch(database.db, fixes, access, timeZone);
        await live.start();
      }
      await intake.accept({ fixes: part.fixes, unreadable: [] }, { kind: 'tag', serial });
      await live.settled();
    }
    const before = await onRecord(wearing);
    // Named, a wearing is gone through from its first fix.
    await live.rethink([wearing]);
    expect(await onRecord(wearing), `seed ${seed}`).toEqual(before);
    alerts += before?.filter(({ retracted }) => !retracted).length ?? 0;
    await live.close();
  }
  expect(alerts).toBeGreaterThan(100);
});
