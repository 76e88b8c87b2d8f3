import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveForTest } from '../../../test/serve-for-test.ts';
import type { Actor } from '../../platform/access.ts';
import { verdictServicesOf } from '../../waymark.ts';
import { registerWearers } from '../fixes/register-wearers.ts';
import { computeDueVerdicts, importCrimes, readRun, repeatRun } from '../index.ts';
import { readCrime } from '../review/read-crime.ts';
import { clockErrorOf, learnClocks } from './learn-clocks.ts';
import { readTag } from './tag-life.ts';

test('what comes before it was taken has a clock that is ahead; what is always late may have one that is behind', () => {
  const delays = (...steps: [step: number, fixes: number][]) => steps.map(([step, fixes]) => ({ step, fixes }));
  expect(clockErrorOf(delays([-6, 40], [-5, 1000]))).toBe(60);
  expect(clockErrorOf(delays([6, 40], [7, 1000]))).toBe(70);
  // As quick as anybody's, and a buffer now and then.
  expect(clockErrorOf(delays([0, 900], [1, 50], [20, 50]))).toBe(0);
  // No more than is allowed for anybody's clock.
  expect([clockErrorOf(delays([-2, 500])), clockErrorOf(delays([1, 500]))]).toEqual([0, 0]);
  // A few that a server received while its own clock was out, and too few to tell.
  expect([clockErrorOf(delays([-30, 5], [0, 1000])), clockErrorOf(delays([-9, 59]))]).toEqual([0, 0]);
});

const minute = 60_000;
const firstAt = Math.floor(Date.now() / minute) * minute - 4 * 60 * minute;
const fixesEach = 200;
/** Seconds by which the clock of each is ahead. */
const ahead = { 'CL-0': 0, 'CL-1': 90, 'CL-2': -240 };
const officer: Actor = { id: 'mo', name: 'Officer', role: 'monitoring-officer', purpose: 'monitoring' };
const analyst: Actor = { id: 'ca', name: 'Analyst', role: 'crime-analyst', purpose: 'crime-matching' };
const by = (role: 'operator' | 'system', purpose: 'administration' | 'monitoring' | 'crime-matching') =>
  ({ id: 'test', name: 'Test', role, purpose }) as const;

let serving: Awaited<ReturnType<typeof serveForTest>>;
beforeAll(async () => {
  serving = await serveForTest({});
  const { performer, intake } = serving.waymark;
  const serials = Object.keys(ahead);
  const wearers = serials.map((tag) => ({ tag, name: `Nobody ${tag}`, firstAt: firstAt - 60 * minute }));
  await performer.perform(by('operator', 'administration'), registerWearers, null, wearers);
  for (const [serial, aheadS] of Object.entries(ahead)) {
    for (let m = 0; m < fixesEach; m += 20) {
      const fixes = Array.from({ length: 20 }, (_, i) => ({
        tag: serial,
        at: firstAt + (m + i) * minute + aheadS * 1000,
        // All of them walk east, 600 m a minute.
        lat: 53.1,
        lon: -1.8 + (m + i) * 0.009,
        accuracyM: 6,
        speedMps: Number.NaN,
        headingDeg: Number.NaN,
        method: 0,
        battery: Number.NaN,
        seq: Number.NaN,
        events: null,
      }));
      for (const fix of fixes)
        await intake.accept({ fixes: [fix], unreadable: [] }, { kind: 'tag', serial }, fix.at - aheadS * 1000 + 3000);
    }
  }
});
afterAll(() => serving?.end());

test('a clock is learnt once, shown with its tag, allowed for in verdicts, and a run with it repeats', async () => {
  const { performer, positions } = serving.waymark;
  const services = verdictServicesOf(serving.waymark);
  const matching = by('operator', 'crime-matching');
  // Where they were at minute 100, at that very moment by a right clock.
  const rows = ['reference,type,latitude,longitude,from,to,uncertainty_m'];
  const at = new Date(firstAt + 100 * minute).toISOString();
  rows.push(`CL/1,BIAD,53.1,${(-1.8 + 100 * 0.009).toFixed(4)},${at},${at},5`);
  const imported = await importCrimes(performer, matching, serving.waymark, {
    fileName: 'crimes.csv',
    bytes: Buffer.from(rows.join('\n')),
  });
  expect(imported).toMatchObject({ accepted: 1, problems: [] });
  const verdictsOf = async () => {
    const run = await computeDueVerdicts(performer, services, matching);
    const [crime] = (
      await serving.waymark.database.executeSql(
        "SELECT set_config('waymark.purpose', 'crime-matching', true); SELECT id FROM supervision.crimes",
      )
    ).rows.slice(-1) as { id: number }[];
    const page = await performer.perform(analyst, readCrime, { ...services, secondReview: false }, { id: crime?.id ?? 0 });
    return { run: run?.runId ?? null, verdicts: Object.fromEntries(page.verdicts.map(({ tag, verdict }) => [tag, verdict])) };
  };
  const before = await verdictsOf();
  // Without it, what four minutes rule out is believed.
  expect(before.verdicts).toMatchObject({ 'CL-0': 'present', 'CL-2': 'excluded' });
  const learn = () => performer.perform(by('system', 'monitoring'), learnClocks, serving.waymark, { now: Date.now() });
  expect(await learn()).toEqual({ learnt: 2 });
  expect(await learn()).toEqual({ learnt: 0 });
  const clocks = await Promise.all(
    Object.keys(ahead).map(async (serial) => {
      const tag = await serving.waymark.database.executeSql(
        `SELECT set_config('waymark.purpose', 'monitoring', true); SELECT id FROM supervision.tags WHERE serial = '${serial}'`,
      );
      const id = (tag.rows.at(-1) as { id: number }).id;
      return (await performer.perform(officer, readTag, { positions }, { id })).on?.clock_error_s;
    }),
  );
  expect(clocks).toEqual([null, 90, 250]);
  const after = await verdictsOf();
  // It is due again, for what is known of a clock has changed.
  expect(after.run).not.toBe(before.run);
  expect(after.verdicts).toMatchObject({ 'CL-0': 'present', 'CL-2': 'unknown' });
  const recorded = await performer.perform(matching, readRun, null, { id: after.run as number });
  expect(recorded.run.wearings.map(({ clockS }) => clockS ?? null)).toEqual([null, 90, 250]);
  const again = await repeatRun(services, recorded);
  expect([again.inputs.same, again.output.same]).toEqual([true, true]);
  const earlier = await repeatRun(services, await performer.perform(matching, readRun, null, { id: before.run as number }));
  expect([earlier.inputs.same, earlier.output.same]).toEqual([true, true]);
});
