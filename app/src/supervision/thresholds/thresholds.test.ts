import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts';
import { serveForTest, Visitor } from '../../../test/serve-for-test.ts';
import { toldInOrder } from '../../../test/told-in-order.ts';
import type { Actor } from '../../platform/access.ts';
import { withPurpose } from '../../platform/database.ts';
import { heldBack, Thresholds } from '../alerts/thresholds.ts';
import { assignCase, holdCase } from '../case-access/index.ts';
import { rawFix } from '../fixes/decode/raw-fix.ts';
import { declareOrder, declareSubject } from '../subjects/subjects.ts';
import { openWearing } from '../subjects/wearings.ts';
import { declareTag } from '../tags/tags.ts';
import { adoptThreshold, endThreshold, readThresholds } from './adopt-threshold.ts';
import { type DecidedAlert, learnThreshold } from './learn-threshold.ts';

const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

describe('what decisions teach', () => {
  let at = 0;
  const some = (count: number, measure: number, outcome: DecidedAlert['outcome']): DecidedAlert[] =>
    Array.from({ length: count }, () => ({ measure, outcome, from: at++ }));
  /** The same alerts in the earlier half as in the later one. */
  const twice = (make: () => DecidedAlert[]) => [...make(), ...make()];

  test('the highest threshold below which nearly all were needless and none a breach, borne out by later ones', () => {
    const found = learnThreshold(
      twice(() => [...some(30, 3, 'false'), ...some(5, 6, 'equipment'), ...some(6, 12, 'breach'), ...some(9, 15, 'false')]),
      60,
    );
    expect(found).toMatchObject({ least: 12, fewer: { all: 70, needless: 70, breaches: 0, excused: 0 }, decided: 100 });
    expect(found?.learnt.of).toBe(35);
    expect(found?.checked).toMatchObject({ of: 35, share: 1 });
  });

  test('no threshold hides a breach, in either half; is higher than it may be; or is learnt from few', () => {
    const breachLater = [...some(40, 3, 'false'), ...some(2, 9, 'breach'), ...some(39, 3, 'false'), ...some(3, 2, 'breach')];
    expect(learnThreshold(breachLater, 60)).toBeNull();
    expect(
      learnThreshold(
        twice(() => [...some(40, 3, 'false'), ...some(1, 3, 'breach')]),
        60,
      ),
    ).toBeNull();
    expect(
      learnThreshold(
        twice(() => some(40, 30, 'false')),
        20,
      ),
    ).toBeNull();
    expect(
      learnThreshold(
        twice(() => some(15, 3, 'false')),
        60,
      ),
    ).toBeNull();
    // A third of them had good reasons: those are not needless.
    expect(
      learnThreshold(
        twice(() => [...some(30, 3, 'false'), ...some(15, 3, 'reasonable excuse'), ...some(4, 9, 'breach')]),
        60,
      ),
    ).toBeNull();
    // What was so earlier is not so any more.
    expect(
      learnThreshold([...some(45, 3, 'false'), ...some(5, 9, 'breach'), ...some(30, 3, 'reasonable excuse'), ...some(20, 9, 'breach')], 60),
    ).toBeNull();
  });
});

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'thresholds of alerts on %s',
  toldInOrder,
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    const officer: Actor = { id: 'mo-1', name: 'Maya Okonjo', role: 'monitoring-officer', purpose: 'monitoring' };
    const began = new Date(Date.now() - 3 * 86_400_000);
    let wearing = 0;
    let subject = 0;
    beforeAll(async () => {
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
      await new Visitor(serving.url).signIn('mo-1');
      const { id: subjectId } = await perform(officer, declareSubject, null, { reference: 'T-1', name: 'Ann Example' });
      subject = subjectId;
      const order = { subjectId, kind: 'court bail', authority: 'Tarn court', startsAt: began, endsAt: null };
      const { id: orderId } = await perform(officer, declareOrder, null, order);
      await perform(officer, declareTag, null, { serial: 'T-1', model: 'Anklet 3' });
      ({ id: wearing } = await perform(officer, openWearing, null, { subjectId, orderId, serial: 'T-1', startsAt: began }));
    });
    afterAll(() => serving?.end());
    const perform: typeof serving.waymark.performer.perform = (...given) => serving.waymark.performer.perform(...given);
    const inMonitoring = <T>(work: Parameters<typeof withPurpose<T>>[3]) =>
      withPurpose(serving.waymark.database.db, 'supervision', 'monitoring', work);
    const jammed = async (agoS: number, count: number) => {
      const first = Date.now() - agoS * 1000;
      const fixes = Array.from({ length: count }, (_, i) => ({
        ...rawFix('T-1', first + i * 1000, -1.815 + i * 1e-5, 53.09),
        accuracyM: 8,
        events: 'jamming',
      }));
      await serving.waymark.intake.accept({ fixes, unreadable: [] }, { kind: 'tag', serial: 'T-1' });
      await serving.waymark.live.settled();
    };
    const raised = async () =>
      (
        await inMonitoring((tx) =>
          tx
            .selectFrom('supervision.alerts')
            .select(['id', 'state', 'from_at', 'facts'])
            .where('kind', '=', 'jamming suspected')
            // Those that were put on record above rest on no fixes.
            .where('from_at', '>', new Date(Date.now() - 600_000))
            .orderBy('id')
            .execute(),
        )
      ).map(({ state, facts }) => [state, 'fixes' in facts ? facts.fixes : null]);

    test('are proposed from how alerts were decided, and adopted by a named person with a reason, as they were shown', async () => {
      await inMonitoring((tx) =>
        sql`INSERT INTO supervision.alerts (wearing_id, kind, severity, state, version, from_at, to_at, confirmed_at, facts, outcome)
          SELECT ${wearing}, 'jamming suspected', 'medium', 'closed', 1, ${began}::timestamptz + make_interval(mins => i), ${began}::timestamptz + make_interval(mins => i),
            ${began}::timestamptz + make_interval(mins => i), ${'{"fixes":2,"battery":null,"sign":"reported","jumpM":null,"jumpS":null}'}::jsonb,
            CASE WHEN i % 30 = 7 THEN 'equipment' ELSE 'false' END FROM generate_series(1, 60) AS i`.execute(tx),
      );
      const { learnt } = await perform(officer, readThresholds, null, { now: Date.now() });
      // One model alone is all of them.
      expect(learnt).toMatchObject([{ kind: 'jamming suspected', model: null, decided: 60, needless: 60 }]);
      expect(learnt[0]?.proposal).toBeNull();
      // All of them have two fixes: below two there is none. Some with three are of another kind of trouble.
      await inMonitoring((tx) =>
        sql`UPDATE supervision.alerts SET facts = jsonb_set(facts, '{fixes}', '4'), outcome = 'breach' WHERE id IN (
          SELECT id FROM supervision.alerts WHERE extract(minute FROM from_at)::int % 10 = 3)`.execute(tx),
      );
      const again = await perform(officer, readThresholds, null, { now: Date.now() });
      expect(again.learnt[0]?.proposal).toMatchObject({ least: 4, fewer: { breaches: 0 } });
      // What holds for everybody is learnt from everybody: of a case that only one officer may see it counts for all.
      await perform(officer, holdCase, null, { subjectId: subject, holder: 'mo-1', part: 'responsible', toOn: '' });
      await perform(officer, assignCase, null, { subjectId: subject, team: '', isRestricted: true });
      const other: Actor = { ...officer, id: 'mo-2', name: 'Tom Brandt' };
      expect(await perform(other, readThresholds, null, { now: Date.now() })).toEqual(
        await perform(officer, readThresholds, null, { now: Date.now() }),
      );
      await perform(officer, assignCase, null, { subjectId: subject, team: '', isRestricted: false });
      const adopt = (least: number, reason: string) =>
        perform(officer, adoptThreshold, null, { kind: 'jamming suspected', model: null, least, reason, now: Date.now() - 120_000 });
      await expect(adopt(9, 'It is right so.')).rejects.toThrow('has changed since you looked');
      await expect(adopt(4, 'yes')).rejects.toThrow('why it is right');
      // Two at once: the second ends what the first adopted.
      await Promise.all([adopt(4, 'Short ones were never more than noise.'), adopt(4, 'Short ones were never more than noise.')]);
      const { all } = await perform(officer, readThresholds, null, { now: Date.now() });
      expect(all.filter(({ to }) => to === null)).toHaveLength(1);
    });

    test('hold back what does not reach them, from that moment on; what is on record stays as it is', async () => {
      const before = await raised();
      await jammed(50, 2);
      expect(await raised()).toEqual(before);
      // It goes on: now it rests on enough.
      await jammed(40, 3);
      const after = await raised();
      expect(after.slice(before.length)).toEqual([['raised', 5]]);
      // One on record whose beginning a late position moves behind the threshold's own is on record still.
      const thresholds = new Thresholds();
      await inMonitoring((tx) => thresholds.read(tx));
      const from = Date.now() - 60_000;
      const late = { kind: 'jamming suspected', from, to: from, confirmedAt: from, zoneVersion: null, facts: { fixes: 1 } } as never;
      const standing = (stored: object[]) => ({ stored, now: Date.now() }) as never;
      const found = (stored: object[]) =>
        inMonitoring(async (tx) => {
          const prepare = async () => ({ watcherOf: () => ({ take: () => undefined, found: () => [late] }) });
          const prepared = await heldBack(prepare as never, thresholds)(tx, [wearing], {} as never);
          return prepared.watcherOf(wearing, {} as never).found(standing(stored)).length;
        });
      const standingOne = { id: 1, kind: 'jamming suspected', from: from - 300_000, to: from + 1000, zoneVersion: null, retracted: false };
      expect([await found([]), await found([standingOne]), await found([{ ...standingOne, retracted: true }])]).toEqual([0, 1, 0]);
      const { all } = await perform(officer, readThresholds, null, { now: Date.now() });
      await expect(perform(officer, endThreshold, null, { id: all[0]?.id ?? 0, because: 'no', now: Date.now() })).rejects.toThrow(
        'why it ends',
      );
      await perform(officer, endThreshold, null, { id: all[0]?.id ?? 0, because: 'Another receiver was fitted.', now: Date.now() });
      expect(await raised()).toEqual(after);
      const page = new Visitor(serving.url);
      await page.signIn('mo-1');
      const html = await (await page.follow('/thresholds')).text();
      expect(html).toContain('Earlier thresholds');
      expect(html).toContain('Another receiver was fitted.');
    });
  },
);
