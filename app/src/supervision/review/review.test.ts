import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { busFile } from '../../../test/buses.csv.ts';
import { serveForTest, Visitor } from '../../../test/serve-for-test.ts';
import { toldInOrder } from '../../../test/told-in-order.ts';
import { withPurpose } from '../../platform/database.ts';
import { computeDueVerdicts, importCrimes, importFixes } from '../index.ts';

/** No verdict leaves without named people's decisions and reasons. */
let serving: Awaited<ReturnType<typeof serveForTest>>;
const actor = { id: 'test', name: 'Test', role: 'operator' as const };

beforeAll(async () => {
  serving = await serveForTest({ WAYMARK_SECOND_REVIEW: 'yes' });
  const { waymark } = serving;
  const { csv, track } = busFile();
  const file = join(waymark.folder.path, 'buses.csv');
  writeFileSync(file, csv);
  await importFixes(
    waymark.performer,
    waymark.intake,
    { ...actor, purpose: 'ingest' },
    { path: file, columns: 'tag=vehicle_id,at=timestamp,lat=latitude,lon=longitude', timeZone: 'UTC', register: true },
  );
  const { at, lat, lon } = track[60] as (typeof track)[number];
  const iso = (ms: number) => new Date(ms).toISOString();
  const bytes = Buffer.from(
    `reference,type,from,to,latitude,longitude,uncertainty_m,text\n=cmd|1,RB,${iso(at - 60_000)},${iso(at + 60_000)},${lat},${lon},0,<i>text</i>\n`,
  );
  await importCrimes(waymark.performer, { ...actor, purpose: 'crime-matching' }, waymark, { fileName: 'c.csv', bytes });
  await computeDueVerdicts(
    waymark.performer,
    { fixes: waymark.fixes, verdicts: waymark.verdicts, timeZone: 'Europe/London' },
    { ...actor, purpose: 'crime-matching' },
  );
});
afterAll(() => serving?.end());

async function review(account: string, decision: string, reason: string): Promise<number> {
  const visitor = new Visitor(serving.url);
  await visitor.signIn(account);
  const _csrf = await visitor.csrf('/crimes/1/wearers/1');
  const response = await visitor.request('/crimes/1/wearers/1/reviews', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ decision, reason, _csrf }),
  });
  return response.status;
}

async function exported(format: string): Promise<string> {
  const visitor = new Visitor(serving.url);
  await visitor.signIn('ca-1');
  return (await visitor.follow(`/crimes/1/export?format=${format}`)).text();
}

test('the policy is asked before a file of fixes is read', async () => {
  const analyst = { id: 'x', name: 'X', role: 'crime-analyst' as const, purpose: 'crime-matching' as const };
  await expect(importFixes(serving.waymark.performer, serving.waymark.intake, analyst, { path: '/no/such/file' })).rejects.toThrow(
    'does not allow this',
  );
});

describe('review with a second reviewer', toldInOrder, () => {
  test('nothing leaves before it, and a reason is needed', async () => {
    expect((await exported('csv')).trim().split('\n')).toHaveLength(1);
    expect(await review('ca-1', 'agree', 'short')).toBe(400);
    expect(await review('ca-1', 'approve all', 'a reason that is long enough')).toBe(400);
  });

  test('one review does not clear it, and the second reviewer does not see it', async () => {
    expect(await review('ca-1', 'agree', 'Six fixes inside the radius, small circles.')).toBe(302);
    expect((await exported('csv')).trim().split('\n')).toHaveLength(1);
    const second = new Visitor(serving.url);
    await second.signIn('ca-2');
    const page = await (await second.follow('/crimes/1/wearers/1')).text();
    expect(page).not.toContain('Six fixes inside');
    const first = new Visitor(serving.url);
    await first.signIn('ca-1');
    expect(await (await first.follow('/crimes/1/wearers/1')).text()).toContain('Six fixes inside');
    expect(await review('ca-1', 'agree', 'The same person a second time.')).toBe(400);
  });

  test('two that agree clear it; cells that a spreadsheet would run are made plain', async () => {
    expect(await review('ca-2', 'agree', 'I see the same in the table of fixes.')).toBe(302);
    const csv = await exported('csv');
    expect(csv.trim().split('\n')).toHaveLength(2);
    expect(csv).toContain("'=cmd|1");
    expect(csv).toContain('Presence near a crime does not show');
    const geojson = JSON.parse(await exported('geojson')) as { caveats: string[]; features: { properties: { verdicts: unknown[] } }[] };
    expect(geojson.features[0]?.properties.verdicts).toHaveLength(1);
    expect(geojson.caveats.length).toBeGreaterThan(2);
    const print = await exported('print');
    expect(print).toContain('1 verdict is left out');
    expect(print).not.toContain('<i>text</i>');
  });
  test('how people decide is counted by reviewer and direction, and names nobody whom it is about', async () => {
    const { overseeReviews } = await import('../index.ts');
    const auditor = { id: 'au-1', name: 'Aled Price', role: 'auditor' as const, purpose: 'oversight' as const };
    const view = await serving.waymark.performer.perform(auditor, overseeReviews, null, null);
    expect(view.counts.length).toBeGreaterThan(1);
    const total = view.counts.reduce((sum, { reviews }) => sum + reviews, 0);
    expect(total).toBeGreaterThan(1);
    for (const { reviews, disagree, cannotTell } of view.counts) expect(disagree + cannotTell).toBeLessThanOrEqual(reviews);
    expect(view.twice.of).toBe(1);
    // Each of another run, they have not reviewed the same.
    await withPurpose(serving.waymark.database.db, 'supervision', 'crime-matching', async (tx) => {
      await sql`INSERT INTO supervision.runs SELECT (jsonb_populate_record(NULL::supervision.runs, to_jsonb(r) || '{"id": 1000}')).*
        FROM supervision.runs r ORDER BY r.id LIMIT 1`.execute(tx);
      await sql`INSERT INTO supervision.reviews (crime_version_id, wearing_id, run_id, verdict, decision, reason, reviewer, reviewer_name)
        SELECT 1, 2, run, 'excluded', 'agree', 'far away all evening', who, who
          FROM (VALUES ((SELECT min(id) FROM supervision.runs), 'ca-1'), (1000, 'ca-2')) AS two (run, who)`.execute(tx);
    });
    expect((await serving.waymark.performer.perform(auditor, overseeReviews, null, null)).twice.of).toBe(1);
    expect(view.tooFast.of).toBe(
      total - view.counts.map(({ reviewer }) => reviewer).filter((own, i, all) => all.indexOf(own) === i).length,
    );
    expect(JSON.stringify(view)).not.toMatch(/cmd|vehicle|wearing|crime/);
    const visitor = new Visitor(serving.url);
    await visitor.signIn('au-1');
    const page = await (await visitor.follow('/reviewers')).text();
    expect(page).toContain('Priya Nair');
    const lead = new Visitor(serving.url);
    await lead.signIn('sl-1');
    expect(await (await lead.follow('/decisions')).text()).toContain('How the team decides');
  });

  test('whoever made a review takes it back with a reason: nothing leaves until they decide anew, and what was said stays on record', async () => {
    const takeBack = async (account: string, reason: string) => {
      const visitor = new Visitor(serving.url);
      await visitor.signIn(account);
      const response = await visitor.request('/crimes/1/wearers/1/take-back', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ 'taken-back': reason, _csrf: await visitor.csrf('/crimes/1/wearers/1') }),
      });
      return response.status;
    };
    expect(await takeBack('ca-2', 'no')).toBe(400);
    expect((await exported('csv')).trim().split('\n')).toHaveLength(2);
    expect(await takeBack('ca-2', 'I read the wrong row of the table.')).toBe(302);
    expect((await exported('csv')).trim().split('\n')).toHaveLength(1);
    expect(await takeBack('ca-2', 'Once more, though nothing is left.')).toBe(400);
    const { rows } = await withPurpose(serving.waymark.database.db, 'supervision', 'crime-matching', (tx) =>
      sql<{ reviewer: string; because: string }>`SELECT reviewer, taken_back_because AS because FROM supervision.reviews
        WHERE wearing_id = 1 ORDER BY id`.execute(tx),
    );
    expect(rows).toEqual([
      { reviewer: 'ca-1', because: '' },
      { reviewer: 'ca-2', because: 'I read the wrong row of the table.' },
    ]);
    expect(await review('ca-2', 'agree', 'The right row says the same.')).toBe(302);
    expect((await exported('csv')).trim().split('\n')).toHaveLength(2);
  });
});
