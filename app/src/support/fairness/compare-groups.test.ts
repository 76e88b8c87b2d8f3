import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shareOf } from '../../platform/share.ts';
import { type CountedPerson, compareGroups, leastShown, waitOf } from './compare-groups.ts';

const person = (group: string, rest: Partial<CountedPerson> = {}): CountedPerson => ({
  group,
  needSeen: false,
  offered: false,
  accepted: false,
  declined: false,
  goals: 0,
  goalsReached: 0,
  waitedDays: null,
  waitingDays: null,
  ...rest,
});
const some = (group: string, count: number, rest: Partial<CountedPerson> = {}) => Array.from({ length: count }, () => person(group, rest));

describe('fairness by group', () => {
  test.each([
    [0, 10, 0, 0.278],
    [5, 10, 0.237, 0.763],
    [10, 10, 0.722, 1],
    [500, 1000, 0.469, 0.531],
  ])('%i of %i: the interval of Wilson', (count, of, low, high) => {
    const share = shareOf(count, of);
    expect(share.low).toBeCloseTo(low, 3);
    expect(share.high).toBeCloseTo(high, 3);
  });

  test('the middle of some waits has an interval that holds it in nineteen of twenty samples', () => {
    expect(waitOf([1, 2, 3])).toBeNull();
    expect(waitOf([9, 1, 8, 2, 7, 3, 6, 4, 5, 10, 11])).toEqual({ of: 11, median: 6, interval: null });
    // From 1 to 1000 evenly: the true middle is 500.5.
    let held = 0;
    const draws = 400;
    let state = 12_345;
    const next = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return 1 + Math.floor(((state >>> 8) / 2 ** 24) * 1000);
    };
    for (let i = 0; i < draws; i++) {
      const wait = waitOf(Array.from({ length: 30 }, next));
      if (wait?.interval && wait.interval.low <= 500.5 && wait.interval.high >= 500.5) held++;
    }
    expect(held / draws).toBeGreaterThan(0.93);
  });

  test('small groups are not shown, and never one alone', () => {
    const shown = compareGroups([...some('a', 40), ...some('b', 25), ...some('c', 3)]);
    expect(shown.map(({ group, people }) => [group, people])).toEqual([
      ['a', 40],
      ['b', null],
      ['c', null],
    ]);
    const two = compareGroups([...some('a', 40), ...some('b', 5), ...some('c', 3)]);
    expect(two.map(({ people }) => people)).toEqual([40, null, null]);
  });

  test('shares are of those who could have had it', () => {
    const people = [
      ...some('a', 20, { needSeen: true, offered: true, accepted: true }),
      ...some('a', 20, { needSeen: true }),
      ...some('a', 60),
      ...some('b', 30),
    ];
    const [a, b] = compareGroups(people);
    expect(a?.needSeen).toMatchObject({ of: 100, share: 0.4 });
    expect(a?.offered).toMatchObject({ of: 40, share: 0.5 });
    expect(a?.accepted).toMatchObject({ of: 20, share: 1 });
    expect(b?.offered).toBeNull();
    expect(b?.goalsReached).toBeNull();
  });

  test('no number below ten leaves, whatever the groups', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.boolean(), fc.boolean(), fc.boolean()), { maxLength: 120 }),
        (rows) => {
          const shown = compareGroups(
            rows.map(([group, needSeen, offered, accepted]) => person(group, { needSeen, offered, accepted, declined: !accepted })),
          );
          for (const { people, ...shares } of shown) {
            if (people !== null) expect(people).toBeGreaterThanOrEqual(leastShown);
            for (const share of Object.values(shares)) {
              if (!share || typeof share !== 'object' || !('share' in share)) continue;
              expect(share.of).toBeGreaterThanOrEqual(leastShown);
              const reached = Math.round(share.share * share.of);
              for (const count of [reached, share.of - reached]) expect([1, 2, 3, 4]).not.toContain(count);
            }
          }
          const hidden = shown.filter(({ people }) => people === null).length;
          if (shown.length > 1) expect(hidden).not.toBe(1);
        },
      ),
    );
  });
});
