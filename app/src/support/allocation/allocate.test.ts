import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocate, type Candidate, firstCome, needMetBy, needRank, type ServiceOffer } from './allocate.ts';

const factors = ['family', 'substances', 'homelessness'];
const levels = fc.record(Object.fromEntries(factors.map((key) => [key, fc.integer({ min: 0, max: 3 })])));
const shares = fc.record(Object.fromEntries(factors.map((key) => [key, fc.constantFrom(0, 0.25, 0.5, 0.9)])));
const candidatesOf = (most: number) =>
  fc
    .array(fc.tuple(levels, fc.option(fc.integer({ min: 0, max: 25 }), { nil: null }), fc.integer({ min: 0, max: 120 })), {
      maxLength: most,
    })
    .map((all) =>
      all.map(
        ([own, age, waitingWeeks], i): Candidate => ({
          person: i + 1,
          age,
          levels: own,
          waitingWeeks,
          areas: i % 3 === 0 ? ['north'] : null,
        }),
      ),
    );
const servicesOf = (most: number) =>
  fc
    .array(fc.tuple(shares, fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 12 }), fc.constantFrom('north', 'south', null)), {
      maxLength: most,
    })
    .map((all) =>
      all.map(([serves, places, from, area], i): ServiceOffer => ({ service: i + 1, places, ages: { from, to: from + 14 }, area, serves })),
    );

/** Every way to give the places out. */
function bestByTrying(
  candidates: readonly Candidate[],
  services: readonly ServiceOffer[],
  at = 0,
  left = services.map(({ places }) => places),
): number {
  const candidate = candidates[at];
  if (!candidate) return 0;
  let best = bestByTrying(candidates, services, at + 1, left);
  services.forEach((offer, s) => {
    const met = needMetBy(candidate, offer);
    if (met === null || (left[s] as number) === 0) return;
    const rest = left.map((places, i) => (i === s ? places - 1 : places));
    best = Math.max(best, met + bestByTrying(candidates, services, at + 1, rest));
  });
  return best;
}

describe('allocation', () => {
  test('is the best there is, by trying every way', async () => {
    await fc.assert(
      fc.asyncProperty(candidatesOf(5), servicesOf(4), async (candidates, services) => {
        const found = await allocate(candidates, services);
        expect(found.needMet).toBeCloseTo(bestByTrying(candidates, services), 6);
      }),
      { numRuns: 60 },
    );
  });

  test('keeps to places, ages and areas, gives nobody two, and is never worse than the usual orders', async () => {
    await fc.assert(
      fc.asyncProperty(candidatesOf(25), servicesOf(8), async (candidates, services) => {
        const found = await allocate(candidates, services);
        expect(new Set(found.placements.map(({ person }) => person)).size).toBe(found.placements.length);
        for (const { service, places } of services)
          expect(found.placements.filter((own) => own.service === service).length).toBeLessThanOrEqual(places);
        for (const { person, service, needMet } of found.placements) {
          const candidate = candidates.find((own) => own.person === person) as Candidate;
          const offer = services.find((own) => own.service === service) as ServiceOffer;
          expect(needMetBy(candidate, offer)).toBe(needMet);
        }
        for (const order of [firstCome, needRank]) expect(found.needMet).toBeGreaterThanOrEqual(order(candidates, services).needMet - 1e-9);
      }),
      { numRuns: 60 },
    );
  });

  test('the same people and services in another order give the same need met', async () => {
    await fc.assert(
      fc.asyncProperty(candidatesOf(12), servicesOf(5), async (candidates, services) => {
        const one = await allocate(candidates, services);
        const other = await allocate([...candidates].reverse(), [...services].reverse());
        expect(other.needMet).toBe(one.needMet);
      }),
      { numRuns: 30 },
    );
  });

  const child = (person: number, level: number, waitingWeeks = 0): Candidate => ({
    person,
    age: 12,
    levels: { family: level },
    waitingWeeks,
    areas: null,
  });
  const family: ServiceOffer = { service: 7, places: 1, ages: { from: 0, to: 17 }, area: null, serves: { family: 0.5 } };

  test('of two with the same need the one who has waited longer is proposed; a greater need comes first', async () => {
    expect((await allocate([child(1, 2, 3), child(2, 2, 30)], [family])).placements).toMatchObject([{ person: 2 }]);
    expect((await allocate([child(1, 3, 0), child(2, 2, 100)], [family])).placements).toMatchObject([{ person: 1 }]);
  });

  test('it says what one more place would bring', async () => {
    const { onePlaceMore, needMet } = await allocate([child(1, 3), child(2, 2)], [family]);
    expect(onePlaceMore.get(7)).toBe(1);
    expect((await allocate([child(1, 3), child(2, 2)], [{ ...family, places: 2 }])).needMet).toBe(needMet + 1);
  });

  test('what is unknown is no need, and nobody of unknown age is placed', () => {
    expect(needMetBy({ ...child(1, 0), levels: {} }, family)).toBeNull();
    expect(needMetBy({ ...child(1, 3), age: null }, family)).toBeNull();
    expect(needMetBy({ ...child(1, 3), age: 18 }, family)).toBeNull();
  });
});

test('of equal needs and equal waits a lot decides, which can be drawn again and favours no number', async () => {
  const candidates = Array.from({ length: 40 }, (_, i) => ({
    person: i + 1,
    age: 12,
    levels: { exclusion: 2 },
    waitingWeeks: 10,
    areas: null,
  }));
  const services = [{ service: 1, places: 10, ages: { from: 0, to: 25 }, area: null, serves: { exclusion: 0.5 } }];
  const drawn = async (lotWord: string) => (await allocate(candidates, services, { lotWord })).placements.map(({ person }) => person);
  const [one, again, other] = [await drawn('2026-11-26'), await drawn('2026-11-26'), await drawn('2026-11-27')];
  expect(one).toEqual(again);
  expect(one).not.toEqual(other);
  const sums = await Promise.all(
    Array.from({ length: 30 }, async (_, day) => (await drawn(`day ${day}`)).reduce((sum, person) => sum + person, 0) / 10),
  );
  const mean = sums.reduce((sum, own) => sum + own, 0) / sums.length;
  expect(Math.abs(mean - 20.5)).toBeLessThan(2.5);
});
