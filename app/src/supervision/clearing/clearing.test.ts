import { Random } from '@waymark/town';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveForTest, temporaryFolder, Visitor } from '../../../test/serve-for-test.ts';
import { fillWithSmallTown } from '../../../test/small-town.ts';
import { toldInOrder } from '../../../test/told-in-order.ts';
import type { Actor } from '../../platform/access.ts';
import { withPurpose } from '../../platform/database.ts';
import { eraseTree } from '../../platform/erase-tree.ts';
import { listCurrentCrimes } from '../crimes/index.ts';
import { overseeReviews } from '../index.ts';
import { readCrime } from '../review/index.ts';
import { beginBatch } from './begin-batch.ts';
import { clearBatch, takeBackBatch } from './clear-batch.ts';
import { drawSample, groundOf, looksAskedFor, looksFor } from './draw-sample.ts';
import { listClearing } from './list-clearing.ts';
import { answerLook, goBack, lookAtBatch, stopBatch } from './look-at-batch.ts';

describe('the sample', () => {
  test('five, or a tenth, whichever is more; never more than there are', () => {
    expect([1, 4, 5, 6, 50, 51, 2000].map(looksFor)).toEqual([1, 4, 5, 5, 5, 6, 200]);
  });

  test('is drawn by lot from all of the batch, each once, with every kind among it', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'a', 'a', 'b'), { minLength: 1, maxLength: 90 }), fc.integer(), (kinds, seed) => {
        const all = kinds.map((kind, i) => ({ kind, i }));
        const sample = drawSample(all, ({ kind }) => kind, randomOf(seed));
        expect(sample.length).toBe(looksFor(all.length));
        expect(new Set(sample).size).toBe(sample.length);
        expect(new Set(sample.map(({ kind }) => kind)).size).toBe(Math.min(sample.length, new Set(kinds).size));
      }),
    );
    const times = new Array<number>(40).fill(0);
    for (let seed = 0; seed < 4000; seed++)
      for (const i of drawSample([...times.keys()], () => 'one', randomOf(seed))) times[i] = (times[i] as number) + 1;
    // Each of 40 is among the 5 in an eighth of all draws: 500, of which six standard deviations are 126.
    expect(Math.min(...times)).toBeGreaterThan(374);
    expect(Math.max(...times)).toBeLessThan(626);
  });

  test('what was set aside is a ground of its own', () => {
    expect([2, 2 | 16384, 4 | 32768, 2 | 2048].map(groundOf)).toEqual(['plain', 'set aside', 'set aside', 'partly worn']);
  });
});

const randomOf = (seed: number) => {
  const random = new Random(seed);
  return () => random.next();
};

const analyst: Actor = { id: 'ca-1', name: 'Callum Reid', role: 'crime-analyst', purpose: 'crime-matching' };
const other: Actor = { id: 'ca-2', name: 'Another analyst', role: 'crime-analyst', purpose: 'crime-matching' };
const auditor: Actor = { id: 'au-1', name: 'Auditor', role: 'auditor', purpose: 'oversight' };

describe('exclusions cleared together', toldInOrder, () => {
  let serving: Awaited<ReturnType<typeof serveForTest>>;
  const folder = temporaryFolder();
  let now: number;
  beforeAll(async () => {
    serving = await serveForTest({});
    await fillWithSmallTown(serving.waymark, folder.path);
    const crimes = await withPurpose(serving.waymark.database.db, 'supervision', 'crime-matching', (tx) => listCurrentCrimes(tx));
    now = Math.max(...crimes.map(({ to_at }) => to_at.getTime()));
  });
  afterAll(async () => {
    await serving?.end();
    folder.remove();
  });

  const services = () => {
    const { fixes, timeZone, verdicts } = serving.waymark;
    return { fixes, timeZone, verdicts, secondReview: false };
  };
  const perform: typeof serving.waymark.performer.perform = (...given) => serving.waymark.performer.perform(...given);
  const offers = async (by: 'wearer' | 'crime', actor = analyst) =>
    perform(actor, listClearing, services(), { by, days: 90, now, limit: 100, offset: 0 });
  /** Without a test among the looks, or with one. */
  const begin = (wish: { by: string; id: number; ground: string }, isTested = false, actor = analyst) =>
    perform(actor, beginBatch, services(), { ...wish, days: 90, now, random: randomOf(5), isTested });
  const answer = (id: number, look: number, said: string, reason = '', actor = analyst) =>
    perform(actor, answerLook, null, { id, look, answer: said, reason });
  const lookAt = (id: number, actor = analyst) => perform(actor, lookAtBatch, services(), { id, limit: 100, offset: 0 });
  const lookThrough = async (id: number, actor = analyst) => {
    let looks = 0;
    for (;;) {
      const { look } = await lookAt(id, actor);
      if (!look) return looks;
      expect(JSON.stringify(Object.keys(look.evidence))).not.toContain('verdict');
      await answer(id, look.number, 'not there', '', actor);
      looks++;
    }
  };

  test('by wearer all are offered, and cleared on a sample; each bears the name and the sample it rests on', async () => {
    const before = await offers('wearer');
    expect(before.exclusions).toBeGreaterThan(40);
    expect(before.offers.reduce((sum, { exclusions }) => sum + exclusions, 0)).toBe(before.exclusions);
    expect((await offers('crime')).exclusions).toBe(before.exclusions);
    const offer = before.offers[0] as (typeof before.offers)[number];
    const { id } = await begin(offer);
    expect(await begin(offer)).toEqual({ id });
    await expect(perform(analyst, clearBatch, null, { id })).rejects.toThrow('Look at every one of the sample first');
    expect((await lookAt(id, other)).look).toBeNull();
    await expect(answer(id, 1, 'not there', '', other)).rejects.toThrow('Callum Reid has begun this batch');
    expect(await lookThrough(id)).toBe(looksAskedFor(offer.exclusions));
    // The last answer can be given anew as long as nothing was cleared.
    await perform(analyst, goBack, null, { id });
    await expect(perform(analyst, clearBatch, null, { id })).rejects.toThrow('Look at every one');
    expect(await lookThrough(id)).toBe(1);
    expect(await perform(analyst, clearBatch, null, { id })).toEqual({ cleared: offer.exclusions, changed: 0 });
    await expect(perform(analyst, clearBatch, null, { id })).rejects.toThrow('has ended');
    expect((await offers('wearer')).exclusions).toBe(before.exclusions - offer.exclusions);
    const page = (await lookAt(id)).batch;
    const crime = await perform(analyst, readCrime, services(), { id: page.rows.at(-1)?.crimeId ?? 0 });
    const verdict = crime.verdicts.find(({ wearing }) => wearing === offer.id);
    expect(verdict?.review).toMatchObject({ cleared: true, visible: [{ reviewer_name: 'Callum Reid', decision: 'agree' }] });
    expect(verdict?.review.visible[0]?.reason).toBe(
      `Cleared together in batch ${id}: ${looksAskedFor(offer.exclusions)} of its ${offer.exclusions} exclusions, drawn by lot, were looked at one by one without the verdict, and all bore it out.`,
    );
    // Nothing else of the crime was decided by it.
    expect(crime.verdicts.filter(({ review }) => review.reviewed > 0).map(({ wearing }) => wearing)).toEqual([offer.id]);
  });

  test('a doubt opens the whole batch, with what was seen as its reason; what was looked at before it stands', async () => {
    const offer = (await offers('wearer')).offers[0];
    if (!offer) throw new Error('Nothing is offered.');
    const { id } = await begin(offer);
    await answer(id, 1, 'not there');
    await expect(answer(id, 2, 'may have been there', 'short')).rejects.toThrow('at least 10 characters');
    await expect(answer(id, 1, 'not there')).rejects.toThrow('answered already');
    expect(await answer(id, 2, 'may have been there', 'A fix is right beside the place.')).toEqual({ state: 'opened' });
    await expect(answer(id, 3, 'not there')).rejects.toThrow('has ended');
    const { rows, state } = (await lookAt(id)).batch;
    expect(state).toBe('opened');
    const [seen, doubted] = rows;
    const reviewOf = async (row: (typeof rows)[number] | undefined) => {
      const { verdicts } = await perform(analyst, readCrime, services(), { id: row?.crimeId ?? 0 });
      return verdicts.find(({ wearing }) => wearing === row?.wearing)?.review;
    };
    expect(await reviewOf(seen)).toMatchObject({ cleared: true });
    expect(await reviewOf(doubted)).toMatchObject({
      cleared: false,
      visible: [{ decision: 'disagree', reason: 'A fix is right beside the place.' }],
    });
    expect(await reviewOf(rows.at(-1))).toMatchObject({ cleared: false, reviewed: 0 });
    // Each is reviewed by itself from now on: none of them is in a batch again, for anybody.
    for (const actor of [analyst, other])
      expect((await offers('wearer', actor)).offers.some((own) => own.id === offer.id && own.ground === offer.ground)).toBe(false);
  });

  test('what was given up goes on where it stood, with the same sample', async () => {
    const { offers: all } = await offers('wearer');
    const offer = all.at(-1);
    if (!offer) throw new Error('Nothing is offered.');
    const sampleOf = (batch: number) =>
      withPurpose(serving.waymark.database.db, 'supervision', 'crime-matching', (tx) =>
        tx
          .selectFrom('supervision.clearing_verdicts')
          .select(['crime_version_id', 'look', 'answer'])
          .where('batch_id', '=', batch)
          .where('look', 'is not', null)
          .orderBy('look')
          .execute(),
      );
    const { id } = await begin(offer);
    await answer(id, 1, 'not there');
    const sample = await sampleOf(id);
    await perform(analyst, stopBatch, null, { id });
    expect(await begin(offer)).toEqual({ id });
    expect(await sampleOf(id)).toEqual(sample);
    // Two clicks are one batch.
    expect(new Set((await Promise.all([begin(offer), begin(offer)])).map((own) => own.id))).toEqual(new Set([id]));
    await perform(analyst, stopBatch, null, { id });
  });

  test('a second reviewer is told nothing of what the first said', async () => {
    const second = { ...services(), secondReview: true };
    const ended = (await offers('wearer')).batches.find(({ state }) => state === 'opened');
    const { batch } = await perform(other, lookAtBatch, second, { id: ended?.id ?? 0, limit: 100, offset: 0 });
    expect([batch.state, batch.rows, batch.total]).toEqual(['ended', [], 0]);
    const query = { by: 'wearer', days: 30, now, limit: 100, offset: 0 } as const;
    const told = (await perform(other, listClearing, second, query)).batches.filter(({ mine }) => !mine);
    expect(new Set(told.map(({ state, answered }) => `${state}, ${answered}`))).toEqual(new Set(['ended, null']));
    expect((await perform(analyst, lookAtBatch, second, { id: ended?.id ?? 0, limit: 100, offset: 0 })).batch.rows.length).toBeGreaterThan(
      1,
    );
  });

  test('whoever does not see that somebody was there clears nothing; whoever sees it goes on', async () => {
    const outcomes: string[] = [];
    for (const actor of [analyst, other]) {
      const notices = actor === other;
      for (const offer of (await offers('wearer', actor)).offers) {
        const { id } = await begin(offer, true, actor);
        const looks = await withPurpose(serving.waymark.database.db, 'supervision', 'crime-matching', (tx) =>
          tx
            .selectFrom('supervision.clearing_verdicts')
            .select(['look', 'is_test'])
            .where('batch_id', '=', id)
            .where('look', 'is not', null)
            .execute(),
        );
        // Their number tells nobody whether one is a test.
        expect(looks.length).toBe(looksAskedFor(offer.exclusions));
        const tested = looks.find(({ is_test }) => is_test)?.look;
        if (!tested) {
          await perform(actor, stopBatch, null, { id });
          continue;
        }
        // Until then a test looks like any other look.
        expect((await lookAt(id, actor)).batch.rows.every(({ look }) => look === null)).toBe(true);
        for (let look = 1; look <= looks.length; look++) {
          const isTest = look === tested;
          const { state } =
            isTest && notices
              ? await answer(id, look, 'may have been there', 'Fixes lie within the radius.', actor)
              : await answer(id, look, 'not there', '', actor);
          expect(state).toBe(isTest && !notices ? 'test missed' : 'open');
          if (state !== 'open') break;
        }
        if (notices) expect(await perform(actor, clearBatch, null, { id })).toEqual({ cleared: offer.exclusions, changed: 0 });
        else {
          await expect(perform(actor, clearBatch, null, { id })).rejects.toThrow('has ended');
          // And nothing of it together any more, for them.
          expect((await offers('wearer', actor)).offers.some((own) => own.id === offer.id && own.ground === offer.ground)).toBe(false);
        }
        outcomes.push(notices ? 'noticed' : 'missed');
        break;
      }
    }
    expect(outcomes).toEqual(['missed', 'noticed']);
    const { together, tooFast } = await perform(auditor, overseeReviews, null, null);
    expect(together).toMatchObject([
      { reviewer: 'Another analyst', tests: 1, missed: 0 },
      { reviewer: 'Callum Reid', opened: 1, tests: 1, missed: 1 },
    ]);
    // What was cleared in one go is no hasty reading.
    expect(tooFast.of).toBe(0);
  });

  test('whoever cleared a batch takes it back, with why', async () => {
    const { batches } = await offers('wearer');
    const cleared = batches.find(({ state, mine }) => state === 'cleared' && mine);
    const id = cleared?.id ?? 0;
    const before = (await offers('wearer')).exclusions;
    await expect(perform(analyst, takeBackBatch, null, { id, reason: 'no' })).rejects.toThrow('at least 10 characters');
    await expect(perform(other, takeBackBatch, null, { id, reason: 'It is not mine to say.' })).rejects.toThrow('has begun this batch');
    await perform(analyst, takeBackBatch, null, { id, reason: 'I mixed two wearers up.' });
    expect((await offers('wearer')).exclusions).toBe(before + (cleared?.exclusions ?? 0));
  });

  test('present and unknown are in no batch', async () => {
    const rows = await withPurpose(serving.waymark.database.db, 'supervision', 'crime-matching', (tx) =>
      tx.selectFrom('supervision.reviews').select(['verdict']).where('batch_id', 'is not', null).execute(),
    );
    expect(rows.length).toBeGreaterThan(10);
    expect(new Set(rows.map(({ verdict }) => verdict))).toEqual(new Set(['excluded']));
  });

  test('what was judged anew is not cleared on a sample of before', async () => {
    const offer = (await offers('wearer')).offers.at(-1);
    if (!offer) throw new Error('Nothing is offered.');
    const { id } = await begin(offer);
    await lookThrough(id);
    const { database } = serving.waymark;
    const asMatching = "SELECT set_config('waymark.purpose', 'crime-matching', true)";
    // A later run speaks for one of those that were looked at.
    await database.executeSql(`${asMatching};
      INSERT INTO supervision.runs SELECT 9000, at, by_name, model_version, code_version, parameters, time_zone, receipt_upto, wearings, inputs_hash, output_hash, crimes, verdicts, fixes, took_ms
        FROM (SELECT * FROM supervision.runs ORDER BY id LIMIT 1) r;
      INSERT INTO supervision.run_crimes SELECT 9000, crime_version_id, NULL, 0, 0, 0 FROM supervision.clearing_verdicts WHERE batch_id = ${id} AND look = 1`);
    await expect(perform(analyst, clearBatch, null, { id })).rejects.toThrow('worked out anew');
    const { look, isChanged } = await lookAt(id);
    expect([look, isChanged]).toEqual([null, true]);
    await database.executeSql(
      `${asMatching}; DELETE FROM supervision.run_crimes WHERE run_id = 9000; DELETE FROM supervision.runs WHERE id = 9000`,
    );
    expect((await lookAt(id)).isChanged).toBe(false);
  });

  test('the pages lead through it, and neither verdict nor name stands on a look', async () => {
    const visitor = new Visitor(serving.url);
    await visitor.signIn('ca-2');
    const crimes = await withPurpose(serving.waymark.database.db, 'supervision', 'crime-matching', (tx) => listCurrentCrimes(tx));
    const crime = crimes[0]?.crime_id ?? 0;
    const _csrf = await visitor.csrf(`/crimes/${crime}`);
    const post = (path: string, fields: Record<string, string>) =>
      visitor.request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ ...fields, _csrf }),
      });
    const begun = await post('/clearing', { by: 'crime', id: String(crime), ground: 'plain' });
    const at = begun.headers.get('location') ?? '';
    expect(at).toMatch(/^\/clearing\/\d+$/);
    const page = await (await visitor.follow(at)).text();
    expect(page).toMatch(/Look 1 of \d/);
    expect(page).not.toMatch(/wm-verdict--|impossible<|not plausible</);
    const names = await perform(other, readCrime, services(), { id: crime });
    for (const { name } of names.verdicts) expect(page.split('<main')[1]).not.toContain(name);
    const refused = await post(`${at}/looks/1`, { answer: '' });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('Choose what the fixes say.');
    expect((await post(`${at}/looks/1`, { answer: 'not there' })).status).toBe(302);
    expect(await (await visitor.follow(at)).text()).toContain('Change my last answer');
    expect((await post(`${at}/stop`, {})).status).toBe(302);
    expect(await (await visitor.follow('/clearing')).text()).toContain('Given up');
  });

  test('a batch goes with whoever wore the tag', async () => {
    const tables = ['clearing_batches', 'clearing_verdicts'];
    const { database } = serving.waymark;
    const erased: Record<string, number> = {};
    await withPurpose(database.db, 'supervision', 'retention', (tx) =>
      eraseTree(tx, 'supervision.subjects', [1, 2, 3, 4, 5, 6, 7, 8], erased),
    );
    for (const table of tables) expect(erased[`supervision.${table}`], table).toBeGreaterThan(0);
  });
});
