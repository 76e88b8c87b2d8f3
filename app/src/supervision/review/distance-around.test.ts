import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveForTest, Visitor } from '../../../test/serve-for-test.ts';
import { verdictServicesOf } from '../../waymark.ts';
import { computeDueVerdicts, importCrimes, importFixes } from '../index.ts';
import { readEvidence } from './read-crime.ts';

const actor = { id: 'test', name: 'Test', role: 'operator' as const };
const analyst = { id: 'ca', name: 'Analyst', role: 'crime-analyst' as const, purpose: 'crime-matching' as const };
const start = Date.UTC(2026, 10, 20);
const hour = 3_600_000;
const iso = (ms: number) => new Date(ms).toISOString();

let serving: Awaited<ReturnType<typeof serveForTest>>;
beforeAll(async () => {
  serving = await serveForTest();
  const { waymark } = serving;
  // Two hours of a receiver that lives, ten of the same place to the last digit, and an hour of life at another.
  const fixes = Array.from({ length: 780 }, (_, minute) => {
    const at = start + 60_000 * minute;
    const isFrozen = minute >= 120 && minute < 720;
    const lat = (minute < 720 ? 53.1 : 53.12) + (isFrozen ? 0 : ((minute * 7) % 11) * 1e-5);
    return JSON.stringify({ tag: 'F', at: iso(at), lat, lon: -1.8, accuracy: 8 });
  });
  const file = join(waymark.folder.path, 'frozen.ndjson');
  writeFileSync(file, fixes.join('\n'));
  await importFixes(waymark.performer, waymark.intake, { ...actor, purpose: 'ingest' }, { path: file, register: true });
  // Six hours after the receiver had stopped, three kilometres away.
  const from = start + 8 * hour;
  const bytes = Buffer.from(`reference,type,from,to,latitude,longitude\nZ/1,RB,${iso(from)},${iso(from + hour / 3)},53.127,-1.8\n`);
  await importCrimes(waymark.performer, { ...actor, purpose: 'crime-matching' }, waymark, { fileName: 'c.csv', bytes });
  await computeDueVerdicts(waymark.performer, verdictServicesOf(waymark), { ...actor, purpose: 'crime-matching' });
});
afterAll(() => serving?.end());

test('the plot sets aside what the verdict set aside, however long ago the receiver stopped', async () => {
  const { waymark } = serving;
  const services = { ...verdictServicesOf(waymark), secondReview: false };
  const { verdict, distance } = await waymark.performer.perform(analyst, readEvidence, services, { crimeId: 1, wearingId: 1 });
  expect(verdict.verdict).toBe('unknown');
  const inWindow = distance?.fixes.filter(({ at }) => at >= start + 8 * hour && at <= start + 8.3 * hour) ?? [];
  expect(inWindow.length).toBeGreaterThan(15);
  expect(inWindow.every(({ isSetAside }) => isSetAside)).toBe(true);
  expect(Math.min(...(distance?.band ?? []).map(({ nearest }) => nearest))).toBeLessThanOrEqual(distance?.reachM as number);
  expect(distance?.gaps).toHaveLength(1);
});

test('the page shows it, with a cross for each', async () => {
  const visitor = new Visitor(serving.url);
  await visitor.signIn('ca-1');
  const page = await (await visitor.follow('/crimes/1/wearers/1')).text();
  expect(page.match(/class="aside"/g)?.length).toBeGreaterThan(15);
});
