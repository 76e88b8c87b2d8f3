import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crimesCsv, fixLines, Town, toMetres } from './index.ts';

const small = { seed: 3, wearers: 6, days: 5, crimes: 30, byWearers: 0.6 };

/** The whole town as one hash. */
function fingerprint(seed: number): string {
  const town = new Town({ ...small, seed });
  const hash = createHash('sha256');
  for (const wearer of town.wearers()) for (const line of fixLines(wearer, town.settings.startMs)) hash.update(line);
  return hash.update(crimesCsv(town)).digest('hex');
}

describe('the fictional town', () => {
  test('the same seed gives the same town, another seed another', () => {
    expect(fingerprint(3)).toBe(fingerprint(3));
    expect(fingerprint(4)).not.toBe(fingerprint(3));
  });

  test('crimes are not to be had half made', () => {
    const town = new Town(small);
    expect(() => town.crimes).toThrow(/go through wearers\(\) first/);
    const some = town.wearers();
    some.next();
    expect(() => town.crimes).toThrow(/go through wearers\(\) first/);
    expect([...some]).toHaveLength(small.wearers - 1);
    expect(town.crimes).toHaveLength(small.crimes);
  });

  test('nobody moves faster than a car in town', () => {
    for (const { path } of new Town(small).wearers()) {
      for (let i = 1; i < path.t.length; i++) {
        const seconds = (path.t[i] as number) - (path.t[i - 1] as number);
        const metres = Math.hypot((path.x[i] as number) - (path.x[i - 1] as number), (path.y[i] as number) - (path.y[i - 1] as number));
        expect(seconds).toBeGreaterThan(0);
        // Corners are joined by short steps at doors; anything longer goes at the speed of its street.
        if (metres > 80) expect(metres / seconds).toBeLessThan(25);
      }
    }
  });

  test('whoever committed a crime was truly there, within its recorded window', () => {
    const town = new Town(small);
    const paths = [...town.wearers()].map(({ path }) => path);
    const byWearers = town.crimes.filter(({ wearer }) => wearer !== null);
    expect(byWearers.length).toBeGreaterThan(8);
    for (const crime of byWearers) {
      expect(crime.trueAt).toBeGreaterThanOrEqual(crime.from - 1);
      expect(crime.trueAt).toBeLessThanOrEqual(crime.to + 1);
      expect(paths[crime.wearer as number]?.leastDistance(crime.trueX, crime.trueY, crime.trueAt, crime.trueAt)).toBeLessThan(60);
    }
  });

  test('every crime can have happened: it ends after it begins, holds its true moment, and lies within the town’s days', () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.nat(100_000),
          wearers: fc.integer({ min: 0, max: 8 }),
          days: fc.integer({ min: 1, max: 3 }),
          crimes: fc.integer({ min: 0, max: 60 }),
        }),
        (size) => {
          const town = new Town({ ...size, byWearers: 0.9 });
          for (const _ of town.wearers());
          for (const { from, to, trueAt } of town.crimes) {
            expect(from).toBeLessThanOrEqual(to);
            expect(from).toBeGreaterThanOrEqual(0);
            expect(to).toBeLessThanOrEqual(town.endS);
            expect(trueAt).toBeGreaterThanOrEqual(from - 1);
            expect(trueAt).toBeLessThanOrEqual(to + 1);
          }
        },
      ),
      { seed: 5, numRuns: 60 },
    );
  });

  test('the receiver errs with a heavy tail, goes silent, repeats itself and reports late', () => {
    const town = new Town({ ...small, wearers: 12, days: 14 });
    const errors: number[] = [];
    let doubled = 0;
    let late = 0;
    let gaps = 0;
    for (const { path, fixes } of town.wearers()) {
      for (let i = 0; i < fixes.count; i++) {
        const [x, y] = toMetres(fixes.lon[i] as number, fixes.lat[i] as number);
        const [tx, ty] = path.positionAt(fixes.at[i] as number);
        errors.push(Math.hypot(x - tx, y - ty));
        if (i > 0 && fixes.at[i] === fixes.at[i - 1]) doubled++;
        if (i > 0 && (fixes.at[i] as number) - (fixes.at[i - 1] as number) > 600) gaps++;
        if ((fixes.receivedAt[i] as number) - (fixes.at[i] as number) > 600) late++;
      }
    }
    errors.sort((a, b) => a - b);
    const median = errors[errors.length >> 1] as number;
    expect(median).toBeGreaterThan(3);
    expect(median).toBeLessThan(20);
    expect(errors[Math.floor(errors.length * 0.999)]).toBeGreaterThan(8 * median);
    expect(Math.min(doubled, late, gaps)).toBeGreaterThan(20);
  });
});
