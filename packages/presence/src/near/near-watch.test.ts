import { describe, expect, test } from 'vitest';
import { fromPlane, planeAt } from '../ground/plane.ts';
import { type NearFix, NearWatch, nearEpisodes } from './near-watch.ts';

const plane = planeAt(-1.83, 53.09);
const start = Date.UTC(2026, 8, 7, 12);
const fix = (minute: number, x: number, y = 0, sigma = 6): NearFix => {
  const [lon, lat] = fromPlane(plane, x, y);
  return { at: start + 60_000 * minute, lon, lat, sigma };
};
const track = (minutes: number, where: (m: number) => number, shift = 0, sigma = 6) =>
  Array.from({ length: minutes }, (_, m) => fix(m + shift, where(m + shift), 0, sigma));
const told = (wearer: NearFix[], other: NearFix[], radiusM = 200) =>
  nearEpisodes(wearer, other, radiusM).map(({ from, to, lasts }) => `${(from - start) / 60_000}-${lasts ? '' : (to - start) / 60_000}`);

describe('near somebody who moves', () => {
  test('who walks up to somebody and away again', () => {
    const wearer = track(40, (m) => Math.abs(m - 20) * 60);
    const found = nearEpisodes(
      wearer,
      track(40, () => 0, 0.5),
      200,
    );
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ lasts: false });
    expect(((found[0]?.from ?? 0) - start) / 60_000).toBeGreaterThanOrEqual(16);
    expect(((found[0]?.to ?? 0) - start) / 60_000).toBeLessThanOrEqual(25);
    expect(found[0]?.closestM).toBeLessThan(10);
  });

  test('two who move together are near, wherever they go', () => {
    expect(
      told(
        track(30, (m) => 80 * m),
        track(30, (m) => 80 * m + 40, 0.3),
      ),
    ).toEqual(['0-']);
  });

  test('a place where somebody was an hour ago is no nearness', () => {
    expect(
      told(
        track(10, () => 0, 60),
        track(10, () => 0),
      ),
    ).toEqual([]);
  });

  test('drift about the edge stays silent, and one odd position is none', () => {
    expect(
      told(
        track(60, (m) => 200 + (m % 2 ? 6 : -6)),
        track(60, () => 0),
      ),
    ).toEqual([]);
    expect(
      told(
        track(60, (m) => (m === 30 ? 150 : 900)),
        track(60, () => 0),
      ),
    ).toEqual([]);
  });

  test('without signal nothing is known: it ends with the last pair', () => {
    const wearer = [...track(10, () => 0), ...track(10, () => 0, 40)];
    expect(
      told(
        wearer,
        track(60, () => 30),
      ),
    ).toEqual(['0-9', '40-']);
  });

  test('when the other falls silent it ends, however long the wearer is heard', () => {
    expect(
      told(
        track(60, () => 0),
        track(10, () => 30),
      ),
    ).toEqual(['0-12']);
  });

  test('a poor position makes less of a nearness', () => {
    expect(
      told(
        track(10, () => 0, 0, 400),
        track(10, () => 30),
      ),
    ).toEqual([]);
  });

  test('while nobody is heard of there is none', () => {
    expect(
      told(
        track(10, () => 0),
        [],
      ),
    ).toEqual([]);
    expect(
      told(
        [],
        track(10, () => 0),
      ),
    ).toEqual([]);
  });
});

describe('following two people', () => {
  test('any order and any splitting ends in the same, over more than is kept', () => {
    const where = (m: number) => 300 * Math.sin(m / 40) + (m % 11) * 3;
    const wearer = track(6000, where).filter(({ at }) => (at / 60_000) % 97 > 9);
    const other = track(6000, () => 0, 0.4).filter(({ at }) => (at / 60_000) % 131 > 12);
    const whole = nearEpisodes(wearer, other, 200);
    expect(whole.length).toBeGreaterThan(30);
    const inOrder = new NearWatch(200);
    const late = new NearWatch(200);
    const block = (fixes: NearFix[], b: number) => fixes.slice(b * 50, b * 50 + 50);
    for (let b = 0; b < 125; b++) {
      inOrder.take('other', block(other, b));
      inOrder.take('wearer', block(wearer, b));
      // Blocks change places, and the other's come three later.
      expect(late.take('wearer', block(wearer, b % 2 ? b - 1 : b + 1))).toBeNull();
      expect(late.take('other', block(other, b - 3).toReversed())).toBeNull();
    }
    for (let b = 122; b < 128; b++) late.take('other', block(other, b));
    expect(inOrder.episodes()).toEqual(whole);
    expect(late.episodes()).toEqual(whole);
    expect(inOrder.take('wearer', [wearer[0] as NearFix])).toBe('older');
  });
});
