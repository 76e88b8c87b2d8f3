import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runRetention } from '../src/oversight/retention/run-retention.ts';
import type { Actor } from '../src/platform/access.ts';
import { withPurpose } from '../src/platform/database.ts';
import {
  agreeToSubjectErasure,
  computeDueVerdicts,
  decideSubjectErasure,
  importCrimes,
  makeEvidencePack,
  makeReviewTest,
  overseeReviews,
  Sealer,
  selectVerdicts,
  supervisionAccess,
} from '../src/supervision/index.ts';
import { exportVerdicts } from '../src/supervision/review/export-verdicts.ts';
import { type Evidence, readCrime, readEvidence } from '../src/supervision/review/read-crime.ts';
import { reviewVerdict } from '../src/supervision/review/review-verdict.ts';
import { closeWearing } from '../src/supervision/subjects/wearings.ts';
import { analyst, auditor, officer } from './actors.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';
import { serveForTest, temporaryFolder, Visitor } from './serve-for-test.ts';
import { fillWithSmallTown } from './small-town.ts';
import { toldInOrder } from './told-in-order.ts';

/** Crimes made up to test reviewers: plainly wrong to whoever looks, like any other to whoever does not, and never let out. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

const colleague: Actor = { ...analyst, id: 'ca-2', name: 'Owen Hughes' };
const program: Actor = { ...analyst, id: 'token:7' };
const system: Actor = { id: 'system', name: 'Waymark', role: 'system', purpose: 'crime-matching' };

/** The same numbers in the same order at each run. */
function lot(seed = 7): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'tests of reviewers on %s',
  toldInOrder,
  (_n, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    let testCrime = 0;
    let evidence: Evidence;
    const town = temporaryFolder();
    const services = () => {
      const { fixes, verdicts, timeZone, secondReview } = serving.waymark;
      return { fixes, verdicts, timeZone, secondReview };
    };
    const listed = async (path: string, account = 'ca-1') => {
      const visitor = new Visitor(serving.url);
      await visitor.signIn(account);
      return (await visitor.follow(path)).text();
    };

    beforeAll(async () => {
      serving = await serveForTest({ WAYMARK_SECOND_REVIEW: 'yes', ...(server ? { DATABASE_URL: server.url } : {}) });
      await fillWithSmallTown(serving.waymark, town.path);
    });
    afterAll(async () => {
      await serving?.end();
      town.remove();
    });

    test('a test looks like any other crime with somebody present, though its fixes rule that out', async () => {
      const { performer } = serving.waymark;
      const made = await performer.perform(system, makeReviewTest, services(), { askedBy: 'Aled Price', random: lot() });
      expect(made?.awayM).toBeGreaterThan(1000);
      await computeDueVerdicts(performer, services(), system);
      testCrime = 13;
      const page = await performer.perform(analyst, readCrime, services(), { id: testCrime });
      expect(page.counts.present).toBe(1);
      const [shown] = page.verdicts;
      expect(shown).toMatchObject({ verdict: 'present', strength: null });
      expect(shown?.probability.window).toBeGreaterThanOrEqual(0.8);
      expect(page.test).toBeNull();
      evidence = await performer.perform(analyst, readEvidence, services(), { crimeId: testCrime, wearingId: shown?.wearing ?? 0 });
      expect(evidence.test).toBeNull();
      // The real reckoning, as it is stored, says what a careful reader of the fixes sees.
      const found = (await serving.waymark.verdicts.ofCrime(page.run ?? 0, page.crime.id)).find(
        ({ wearing }) => wearing === shown?.wearing,
      );
      expect(found?.closestM === null || (found?.closestM ?? 0) > 1000).toBe(true);
      expect(JSON.stringify(page)).not.toMatch(/made.?up|isTest/i);
      expect(await listed(`/crimes?search=${encodeURIComponent(page.crime.reference)}`)).toContain(page.crime.reference);
      expect(await listed('/crimes?show=present')).toContain(page.crime.reference);
    });

    test('no program and no list that leaves has it', async () => {
      const { performer } = serving.waymark;
      await expect(performer.perform(program, readCrime, services(), { id: testCrime })).rejects.toThrow('There is no such crime.');
      const all = await performer.perform(program, selectVerdicts, services(), {});
      expect(all.crimes).toHaveLength(12);
    });

    test('whoever agrees is told it was a test, and it counts as an error; nothing of it is ever cleared', async () => {
      const { performer } = serving.waymark;
      const about = { crimeId: testCrime, wearingId: evidence.verdict.wearing };
      await performer.perform(analyst, reviewVerdict, services(), { ...about, decision: 'agree', reason: 'The verdict says so.' });
      expect((await performer.perform(analyst, readEvidence, services(), about)).test).toMatchObject({ over: false });
      // The second reviewer is not told before they decide.
      expect((await performer.perform(colleague, readEvidence, services(), about)).test).toBeNull();
      let { tests, counts } = await performer.perform(auditor, overseeReviews, null, null);
      expect(tests).toEqual({ made: 1, waiting: 1, reviewers: [{ reviewer: 'Priya Nair', reviewed: 1, wrong: 1, cannotTell: 0 }] });
      await performer.perform(colleague, reviewVerdict, services(), { ...about, decision: 'agree', reason: 'I did not look either.' });
      ({ tests, counts } = await performer.perform(auditor, overseeReviews, null, null));
      expect(tests).toMatchObject({ waiting: 0, reviewers: [{ wrong: 1 }, { wrong: 1 }] });
      expect(counts).toEqual([]);
      await expect(performer.perform(analyst, exportVerdicts, services(), { id: testCrime, format: 'csv' })).rejects.toThrow('was made up');
      const { crime } = await performer.perform(analyst, readCrime, services(), { id: testCrime });
      expect(await listed(`/crimes/${testCrime}/wearers/${about.wearingId}`)).toContain('This was a test.');
      // It is over, and no longer among the crimes.
      expect(await listed('/crimes?show=present')).not.toContain(crime.reference);
    });

    test('what reviewers see of other wearers is as on any crime; whoever tries to take it out is told, and the test is over', async () => {
      const { performer } = serving.waymark;
      const visitors = await Promise.all(
        ['ca-1', 'ca-2'].map(async (account) => {
          const visitor = new Visitor(serving.url);
          await visitor.signIn(account);
          return visitor;
        }),
      );
      expect(await performer.perform(system, makeReviewTest, services(), { askedBy: 'Aled Price', random: lot(11) })).not.toBeNull();
      await computeDueVerdicts(performer, services(), system);
      const page = await performer.perform(analyst, readCrime, services(), { id: testCrime + 1 });
      const other = page.verdicts.find(({ verdict }) => verdict === 'excluded')?.wearing ?? 0;
      // Before anything is cleared, asking for everything tells nothing: a made-up crime answers like any other.
      const nothing = await performer.perform(analyst, exportVerdicts, services(), { id: testCrime + 1, format: 'csv' });
      expect(nothing.cleared).toEqual([]);
      const sealer = Sealer.of(serving.waymark.folder);
      await expect(
        performer.perform(analyst, makeEvidencePack, { ...services(), sealer }, { crimeId: testCrime + 1, wearingId: other }),
      ).rejects.toThrow('has not been reviewed and agreed');
      for (const actor of [analyst, colleague])
        await performer.perform(actor, reviewVerdict, services(), {
          ...{ crimeId: testCrime + 1, wearingId: other, decision: 'agree', reason: 'Far away all the time.' },
        });
      const seen = await performer.perform(analyst, readCrime, services(), { id: testCrime + 1 });
      expect(seen.verdicts.find(({ wearing }) => wearing === other)?.review.cleared).toBe(true);
      expect(seen.test).toBeNull();
      // A page of the API tells a person nothing that the crime's own page does not.
      for (const visitor of visitors) expect((await visitor.request(`/api/verdicts?reference=${page.crime.reference}`)).status).toBe(403);
      const refused = await visitors[0]?.request(`/crimes/${testCrime + 1}/export?format=csv`);
      expect(refused?.status).toBe(400);
      expect(await refused?.text()).toContain('was made up');
      expect((await performer.perform(colleague, readCrime, services(), { id: testCrime + 1 })).test).toMatchObject({ over: true });
      // The reviews of other wearers count nowhere.
      expect((await performer.perform(auditor, overseeReviews, null, null)).counts).toEqual([]);
    });

    test('the auditor asks for one, sees shares with their interval, and takes back what waits', async () => {
      const visitor = new Visitor(serving.url);
      await visitor.signIn('au-1');
      const press = async (path: string) => {
        const _csrf = await visitor.csrf('/reviewers');
        const headers = { 'content-type': 'application/x-www-form-urlencoded' };
        expect((await visitor.request(path, { method: 'POST', headers, body: new URLSearchParams({ _csrf }) })).status).toBe(302);
        return (await visitor.follow('/reviewers')).text();
      };
      const asked = await press('/reviewers/tests');
      expect(asked).toContain('A test is put among the crimes');
      expect(asked).toMatch(/Owen Hughes[\s\S]*100%, 21 to 100%/);
      expect(asked).not.toContain(evidence.crime.reference);
      expect(await press('/reviewers/tests/end')).toContain('One test is taken back.');
    });

    test('a recorded crime that comes with its reference is another crime', async () => {
      const { waymark } = serving;
      const { performer } = waymark;
      const { force, reference } = evidence.crime;
      const [head, row] = readFileSync(join(town.path, 'crimes.csv'), 'utf8').split('\n') as [string, string];
      const columns = head.split(',');
      const cells = row.split(',');
      cells[columns.indexOf('reference')] = reference;
      if (columns.includes('force')) cells[columns.indexOf('force')] = force;
      await importCrimes(performer, system, waymark, { fileName: 'more.csv', bytes: Buffer.from(`${head}\n${cells.join(',')}\n`) });
      const all = await performer.perform(program, selectVerdicts, services(), {});
      expect(all.crimes.filter((crime) => crime.reference === reference)).toMatchObject([{ version: 1 }]);
      const madeUp = (await performer.perform(analyst, readCrime, services(), { id: testCrime })).crime.reference;
      expect(madeUp).toMatch(/^TB\/0000\d\d$/);
      expect(madeUp).not.toBe(reference);
    });

    test('the wearer sees that their fixes were used, and a test goes with them', async () => {
      const { performer } = serving.waymark;
      const { database } = serving.waymark;
      const wearing = evidence.verdict.wearing;
      const { subject_id: subject } = await withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
        tx.selectFrom('supervision.wearings').select('subject_id').where('id', '=', wearing).executeTakeFirstOrThrow(),
      );
      const { code } = await performer.perform(officer, supervisionAccess.invite, null, { id: subject });
      const visitor = new Visitor(serving.url);
      await visitor.signIn('pe-1');
      const _csrf = await visitor.csrf('/me');
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      await visitor.request('/me/code', { method: 'POST', headers, body: new URLSearchParams({ _csrf, code }) });
      const copy = await (await visitor.follow('/me/copy')).text();
      expect(copy).toContain('Tests of staff that used where you were');
      expect(copy).not.toContain(evidence.crime.reference);
      expect(await (await visitor.follow('/me/tag')).text()).not.toContain('The verdict says so');
      await performer.perform(officer, closeWearing, serving.waymark, { id: wearing, endsAt: new Date() });
      const { name: named } = await withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
        tx.selectFrom('supervision.subjects').select('name').where('id', '=', subject).executeTakeFirstOrThrow(),
      );
      await performer.perform(officer, decideSubjectErasure, null, { subject, reason: 'The order was quashed.', named });
      const second = { ...officer, id: 'mo-2', name: 'Tom Ashdown' };
      await performer.perform(second, agreeToSubjectErasure, null, { subject, answer: 'agree', named });
      await runRetention(serving.waymark);
      const left = await withPurpose(database.db, 'supervision', 'crime-matching', (tx) =>
        tx.selectFrom('supervision.review_tests').select('id').where('wearing_id', '=', wearing).execute(),
      );
      expect(left).toEqual([]);
    });
  },
);
