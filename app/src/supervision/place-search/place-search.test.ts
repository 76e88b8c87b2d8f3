import { distanceM } from '@waymark/presence';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveForTest, temporaryFolder, Visitor } from '../../../test/serve-for-test.ts';
import { fillWithSmallTown } from '../../../test/small-town.ts';
import { toldInOrder } from '../../../test/told-in-order.ts';
import type { Actor } from '../../platform/access.ts';
import { withPurpose } from '../../platform/database.ts';
import { askSearch, decideSearch, type SearchWish } from './ask-search.ts';
import { publishedSearches, readSearch } from './read-search.ts';

const asker: Actor = { id: 'ca-1', name: 'Callum Reid', role: 'crime-analyst', purpose: 'crime-matching' };
const other: Actor = { id: 'ca-2', name: 'Priya Nair', role: 'crime-analyst', purpose: 'crime-matching' };
const third: Actor = { id: 'ca-3', name: 'Somebody else', role: 'crime-analyst', purpose: 'crime-matching' };

describe('a search by place and time without a crime', toldInOrder, () => {
  let serving: Awaited<ReturnType<typeof serveForTest>>;
  const town = temporaryFolder();
  /** Where wearer 1 was at some moment. */
  let seen: { lon: number; lat: number; at: number };
  beforeAll(async () => {
    serving = await serveForTest({});
    await fillWithSmallTown(serving.waymark, town.path);
    const { count, columns } = await serving.waymark.fixes.track(1, Date.UTC(2026, 8, 9, 12), Date.UTC(2026, 8, 9, 13));
    const i = count >> 1;
    seen = { lon: columns.lon[i] as number, lat: columns.lat[i] as number, at: columns.at[i] as number };
  });
  afterAll(async () => {
    await serving?.end();
    town.remove();
  });
  const iso = (ms: number) => new Date(ms).toISOString();
  const wish = (more: Partial<SearchWish> = {}): SearchWish => ({
    lat: String(seen.lat),
    lon: String(seen.lon),
    radius: '150',
    from: iso(seen.at - 600_000),
    to: iso(seen.at + 600_000),
    ground: 'life',
    reason: 'A child is missing and was last seen here.',
    ...more,
  });
  const perform: typeof serving.waymark.performer.perform = (...given) => serving.waymark.performer.perform(...given);
  const ask = (more: Partial<SearchWish> = {}) => perform(asker, askSearch, { timeZone: 'Europe/London' }, wish(more));
  const look = (actor: Actor, id: number, now = Date.now()) => perform(actor, readSearch, serving.waymark, { id, now });
  let id: number;

  test('needs a ground, a reason, and keeps to its limits', async () => {
    for (const [more, words] of [
      [{ ground: 'curiosity' }, 'ground in law'],
      [{ reason: 'because' }, 'at least 20 characters'],
      [{ radius: '501' }, 'from 20 to 500'],
      [{ radius: '10' }, 'from 20 to 500'],
      [{ to: iso(seen.at + 7 * 3_600_000) }, 'at most 6 hours'],
      [{ to: iso(seen.at - 700_000) }, 'not after the beginning'],
      [{ lat: '91' }, 'latitude'],
      [{ lon: '' }, 'longitude'],
      [{ from: 'yesterday' }, 'when it begins'],
    ] as const)
      await expect(ask(more)).rejects.toThrow(words);
    ({ id } = await ask());
  });

  test('finds nothing before another person has agreed, and whoever asked cannot', async () => {
    expect((await look(asker, id)).found).toBeNull();
    const decide = (actor: Actor, decision = 'agreed', reason = 'It is needed, and no wider than it must be.') =>
      perform(actor, decideSearch, null, { id, decision, reason });
    await expect(decide(asker)).rejects.toThrow('another person decides');
    await expect(decide(other, 'agreed', 'ok')).rejects.toThrow('Say why');
    await expect(decide({ ...other, id: 'token:1' })).rejects.toThrow('A program');
    expect(await decide(other)).toEqual({ decision: 'agreed' });
    await expect(decide(third)).rejects.toThrow('decided already');
  });

  test('finds those with a fix whose own error reaches the place, for the two who asked and agreed; each of them sees that there was a look', async () => {
    const { found } = await look(asker, id);
    const expected: number[] = [];
    for (let wearing = 1; wearing <= 8; wearing++) {
      const { count, columns } = await serving.waymark.fixes.track(wearing, seen.at - 600_000, seen.at + 600_000);
      const isThere = Array.from({ length: count }, (_, i) => i).some(
        (i) => distanceM(seen.lon, seen.lat, columns.lon[i] as number, columns.lat[i] as number) <= 150,
      );
      if (isThere) expected.push(wearing);
    }
    expect(expected).toContain(1);
    expect(found?.map(({ wearing }) => wearing)).toEqual(expect.arrayContaining(expected));
    expect((found?.length ?? 0) < 8).toBe(true);
    expect((await look(other, id)).found?.length).toBe(found?.length);
    await expect(look(third, id)).rejects.toThrow('Only Callum Reid, who asked, and Priya Nair, who agreed');
    const entries = await withPurpose(serving.waymark.database.db, 'oversight', 'oversight', (tx) =>
      tx
        .selectFrom('oversight.audit_entries')
        .select(['detail'])
        .where('action', '=', 'placesearch.look')
        .where('outcome', '=', 'done')
        .execute(),
    );
    expect(entries.at(-1)?.detail).toMatchObject({ found: found?.length, subjects: expect.arrayContaining([1]) });
  });

  test('is open for a week, and what it found is not kept', async () => {
    expect((await look(asker, id, Date.now() + 7 * 86_400_000 + 1000)).found).toBeNull();
    const { rows } = (await serving.waymark.database.executeSql(
      "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'supervision' AND table_name = 'place_searches'",
    )) as { rows: { name: string }[] };
    expect(rows.some(({ name }) => /wearing|subject|found/.test(name))).toBe(false);
  });

  test('how often it happened is published, with refusals, to anybody', async () => {
    const { id: refused } = await ask();
    await perform(other, decideSearch, null, { id: refused, decision: 'refused', reason: 'A crime is on record for it.' });
    expect((await look(asker, refused)).found).toBeNull();
    const years = await withPurpose(serving.waymark.database.db, 'supervision', 'transparency', (tx) =>
      publishedSearches(tx, 'Europe/London'),
    );
    expect(years).toEqual([{ year: new Date().getFullYear(), asked: 2, agreed: 1, refused: 1, looks: 2 }]);
    const page = await (await fetch(`${serving.url}/transparency/place-searches`)).text();
    expect(page).toContain('Times looked at');
    expect(page).not.toContain('child');
  });

  test('the pages lead through it; an agency can switch it off', async () => {
    const visitor = new Visitor(serving.url);
    await visitor.signIn('ca-2');
    const _csrf = await visitor.csrf('/place-searches');
    const asked = await visitor.request('/place-searches', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ ...wish(), from: '2026-09-09T13:00', to: '2026-09-09T13:30', _csrf }),
    });
    expect(asked.status).toBe(302);
    expect(await (await visitor.follow(asked.headers.get('location') ?? '')).text()).toContain('Another person has to agree');
    const off = await serveForTest({ WAYMARK_PLACE_SEARCH: 'no' });
    const there = new Visitor(off.url);
    await there.signIn('ca-1');
    expect((await there.request('/place-searches')).status).toBe(404);
    expect(await (await fetch(`${off.url}/transparency/place-searches`)).text()).toContain('switched off');
    await off.end();
  });
});
