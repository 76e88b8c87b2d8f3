import { afterAll, beforeAll, expect, test } from 'vitest';
import { analyst } from '../../../test/actors.ts';
import { serveForTest, temporaryFolder, Visitor } from '../../../test/serve-for-test.ts';
import { fillWithSmallTown } from '../../../test/small-town.ts';
import { withPurpose } from '../../platform/database.ts';
import { shownAround } from './draw-distance.ts';
import { readCrimeWithNear } from './read-near.ts';

let serving: Awaited<ReturnType<typeof serveForTest>>;
const town = temporaryFolder();
beforeAll(async () => {
  serving = await serveForTest({});
  await fillWithSmallTown(serving.waymark, town.path);
});
afterAll(async () => {
  await serving?.end();
  town.remove();
});

test('the map of a crime has the fixes of those who are present or unknown and of nobody else; each of them sees that there was a look', async () => {
  const { performer, fixes, verdicts, timeZone, database } = serving.waymark;
  let shown = 0;
  for (let id = 1; id <= 12; id++) {
    const page = await performer.perform(analyst, readCrimeWithNear, { fixes, verdicts, timeZone, secondReview: false }, { id });
    const expected = page.verdicts.filter(({ verdict }) => verdict !== 'excluded').map(({ wearing }) => wearing);
    expect(page.near.map(({ wearing }) => wearing)).toEqual(expected.slice(0, 12));
    expect(page.nearInAll).toBe(expected.length);
    const { from, to } = shownAround({ from: page.crime.from_at.getTime(), to: page.crime.to_at.getTime() });
    for (const { wearing, points } of page.near) {
      const { count, columns } = await fixes.track(wearing, from, to);
      expect(points.length).toBeLessThanOrEqual(240);
      expect(points.length > 0).toBe(count > 0);
      const times = new Set(Array.from({ length: count }, (_, i) => columns.at[i]));
      for (const [at] of points) expect(times.has(at)).toBe(true);
      shown += points.length;
    }
    const entries = await withPurpose(database.db, 'oversight', 'oversight', (tx) =>
      tx
        .selectFrom('oversight.audit_entries')
        .select('detail')
        .where('action', '=', 'crime.read')
        .where('about_id', '=', String(id))
        .orderBy('seq', 'desc')
        .limit(1)
        .execute(),
    );
    const subjects = (entries[0]?.detail as { subjects?: number[] } | undefined)?.subjects ?? [];
    expect([...subjects].sort()).toEqual([...expected.slice(0, 12)].sort());
  }
  expect(shown).toBeGreaterThan(100);
});

test('who bears the name of somebody on the map is noted with that one, and the others without', async () => {
  const { performer, fixes, verdicts, timeZone, database } = serving.waymark;
  const services = { fixes, verdicts, timeZone, secondReview: false };
  const pages = await Promise.all(
    Array.from({ length: 12 }, (_, i) => performer.perform(analyst, readCrimeWithNear, services, { id: i + 1 })),
  );
  const { crime, near } = pages.find((page) => page.near.length > 1) ?? { crime: { crime_id: 0 }, near: [] };
  const named = { ...analyst, id: 'ca-77', name: near[0]?.name ?? '' };
  await performer.perform(named, readCrimeWithNear, services, { id: crime.crime_id });
  const [entry] = await withPurpose(database.db, 'oversight', 'oversight', (tx) =>
    tx.selectFrom('oversight.audit_entries').select('detail').where('actor', '=', 'ca-77').execute(),
  );
  expect(entry?.detail).toMatchObject({ sameNameOf: [near[0]?.wearing] });
  expect((entry?.detail as { subjects?: number[] } | undefined)?.subjects?.length).toBe(near.length);
});

test('on the page exclusions are folded, and what has to be decided stands first', async () => {
  const visitor = new Visitor(serving.url);
  await visitor.signIn('ca-1');
  const page = await (await visitor.follow('/crimes/1')).text();
  expect(page).toContain('id="crime-map"');
  const table = page.split('aria-label="Verdicts by wearer"')[1] ?? '';
  expect(table).not.toContain('wm-verdict--excluded');
  expect(await (await visitor.follow('/crimes/1?show=excluded')).text()).toContain('wm-verdict--excluded');
});
