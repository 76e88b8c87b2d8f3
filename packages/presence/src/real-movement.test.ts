import { describe, expect, test } from 'vitest';
import { judge, noon, pointAt, trackOf } from '../test/tracks.ts';
import { withinDisc, withinOval } from './ground/within.ts';
import { defaultParameters, Judge, type Judgement, layPlace, ownHabit, prepareTrack, reasonBit, verdictCode } from './index.ts';
import { normalAt } from './normals.ts';
import { bends, scales, shares, wayBound, wayChance } from './way-law.ts';

const weekS = 604_800;

const isExcluded = ({ verdict }: Judgement) => verdict === verdictCode.impossible || verdict === verdictCode.notPlausible;
const has = ({ reasons }: Judgement, bit: keyof typeof reasonBit) => (reasons & reasonBit[bit]) !== 0;
const minutes = (from: number, to: number, at: (minute: number) => [x: number, y: number], everyMin = 1) =>
  Array.from({ length: Math.floor((to - from) / everyMin) + 1 }, (_, i) => {
    const minute = from + i * everyMin;
    return [60 * minute, ...at(minute)] as const;
  });

describe('time has an error', () => {
  // Two kilometres at 10 m/s, a fix a minute.
  const ride = trackOf(minutes(0, 20, (m) => [Math.max(0, Math.min(6000, 600 * (m - 5))), 0]));

  test.each([-60, -30, 30, 60])('a clock that is %i s out excludes nobody from where they truly were', (outS) => {
    for (let s = 330; s < 870; s += 45) expect(isExcluded(judge(ride, pointAt(10 * (s - 300), 0), s + outS))).toBe(false);
  });

  test.each([-200, -150, 150, 200])('one that is known to be out is allowed for: by %i s', (outS) => {
    const known = { ...ride, clockS: 200 };
    const wrong = (track: typeof ride) =>
      Array.from({ length: 12 }, (_, i) => 330 + 45 * i).filter((s) => isExcluded(judge(track, pointAt(10 * (s - 300), 0), s + outS)));
    expect(wrong(ride).length).toBeGreaterThan(2);
    expect(wrong(known)).toEqual([]);
    expect(isExcluded(judge(known, pointAt(0, 9000), 600))).toBe(true);
  });

  test('what only seconds rule out is unknown, and says so; a place that no clock explains is excluded', () => {
    const close = judge(ride, pointAt(1200, 0), 480);
    expect(close.verdict).toBe(verdictCode.unknown);
    expect(has(close, 'clock')).toBe(true);
    expect(isExcluded(judge(ride, pointAt(0, 5000), 600))).toBe(true);
  });
});

describe('speed has a history', () => {
  // It stands for ten minutes, and then reaches 56 m/s in three.
  const positions: number[] = [0];
  for (let s = 1, v = 0; s < 3600; s++) {
    v = s < 600 ? 0 : Math.min(56, v + 0.3);
    positions.push((positions[s - 1] as number) + v);
  }
  const train = trackOf(Array.from({ length: 12 }, (_, i) => [300 * i, positions[300 * i] as number, 0]));

  test.each([640, 720, 800, 845, 890, 1000])('a train that starts from rest is nowhere ruled out on its own way, at %i s', (s) => {
    expect(isExcluded(judge(train, pointAt(positions[s] as number, 0), s))).toBe(false);
  });

  test('a flight in a gap of hours is not impossible; the same way within minutes is', () => {
    const flight = trackOf([...minutes(0, 29, () => [0, 0]), ...minutes(300, 330, () => [0, 0])]);
    expect(judge(flight, pointAt(0, 900_000), 9000, 9900).verdict).toBe(verdictCode.unknown);
    const walker = trackOf(minutes(0, 60, (m) => [60 * m, 0]));
    expect(judge(walker, pointAt(0, 900_000), 1800).verdict).toBe(verdictCode.impossible);
  });
});

describe('what is set aside', () => {
  const wander = (m: number): [number, number] => [20 * Math.sin(m * 1.7), 10 * Math.cos(m)];

  test('a receiver that has stopped covers nothing, and it is said', () => {
    const frozen = trackOf([
      ...minutes(0, 29, wander),
      ...minutes(30, 149, () => [3.3, 4.4]),
      ...minutes(150, 180, (m) => [3000 + wander(m)[0], 0]),
    ]);
    const out = judge(frozen, pointAt(3000, 0), 6000, 6600);
    expect(out.verdict).toBe(verdictCode.unknown);
    expect(out.coverage).toBe(0);
    expect(has(out, 'frozen')).toBe(true);
    // It came back to where it stopped: that it was lively there before is enough.
    const back = trackOf([...minutes(0, 29, wander), ...minutes(30, 149, () => [3.3, 4.4]), ...minutes(150, 180, wander)]);
    expect(isExcluded(judge(back, pointAt(3000, 0), 6000, 6600))).toBe(false);
  });

  test('a receiver that always repeats what it knows while it rests is believed', () => {
    const quiet = trackOf([...minutes(0, 20, (m) => [1000 - 50 * m, 0]), ...minutes(21, 90, () => [0, 0])]);
    expect(judge(quiet, pointAt(0, 20), 3600, 4200).verdict).toBe(verdictCode.present);
    expect(isExcluded(judge(quiet, pointAt(3000, 0), 3600, 4200))).toBe(true);
  });

  test('two places at one moment: neither is believed, neither is ruled out, and it is said', () => {
    const both = trackOf([...minutes(0, 30, () => [0, 0]), [1800, 0, 2000], ...minutes(31, 60, () => [0, 0])]);
    for (const north of [2000, 0]) {
      const out = judge(both, pointAt(0, north), 1800);
      expect(out.verdict).toBe(verdictCode.unknown);
      expect(has(out, 'contradicted')).toBe(true);
    }
    // Half an hour later nothing is in doubt.
    expect(judge(both, pointAt(0, 20), 3000, 3300).verdict).toBe(verdictCode.present);
    expect(isExcluded(judge(both, pointAt(0, 2000), 3000, 3300))).toBe(true);
  });

  test('a week of which nothing is known is no week', () => {
    const weeks = [8, 7, 0].flatMap((w) => minutes(-10, 70, () => [0, 0]).map(([s, x, y]) => [s - w * weekS, x, y] as const));
    const silent = [6, 5, 4, 3, 2, 1].map((w) => [-w * weekS + 3 * 86_400, 5000, 0] as const);
    const track = trackOf([...weeks, ...silent].sort(([a], [b]) => a - b));
    const shifts = Array.from({ length: 8 }, (_, i) => -(i + 1) * weekS * 1000);
    const prepared = prepareTrack(track, defaultParameters);
    const habit = ownHabit(new Judge(defaultParameters), prepared, layPlace(pointAt(0, 0)), noon, noon + 3_600_000, shifts);
    expect(habit.weeks).toBe(2);
    expect(habit.visits).toBeCloseTo(2, 1);
  });
});

describe('the law of the way', () => {
  test('a way between fixes that leads past the place is present, without a fix there, only where fixes are close in time', () => {
    const drive = (everyMin: number) => trackOf(minutes(0, 60, (m) => [600 * m, 0], everyMin));
    const near = judge(drive(1), pointAt(18_300, 20), 1500, 2100);
    expect(near.verdict).toBe(verdictCode.present);
    expect(has(near, 'wayLeadsBy')).toBe(true);
    expect(judge(drive(15), pointAt(22_300, 20), 1500, 2700).verdict).toBe(verdictCode.unknown);
  });

  test('a short gap in which their own speed reaches the place and back covers nothing', () => {
    // At 7.5 m/s, with a gap of five minutes whose ends lie close together.
    const points = [...minutes(0, 10, (m) => [450 * m, 0]), ...minutes(15, 25, (m) => [4500 - 450 * (m - 15), 0])];
    expect(isExcluded(judge(trackOf(points), pointAt(4500, 900), 600, 900))).toBe(false);
  });

  test('its shares are all there is, its bends make the variance it states, and a chance never exceeds its bound', () => {
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    const middle = bends.reduce((sum, bend, j) => sum + (bend * Math.sin(((j + 1) * Math.PI) / 2)) ** 2, 0);
    expect(middle).toBeCloseTo(1, 2);
    expect([...scales]).toEqual([...scales].sort((a, b) => a - b));
    for (const clear of [1, 50, 300, 2000])
      for (const T of [60, 300, 3600])
        for (const widest of [10, 1000, 100_000])
          expect(wayChance(clear, 0, 1, T, widest, 20)).toBeLessThanOrEqual(wayBound(clear, 0, 1, T, widest, 20));
  });

  test('no way of one scale goes beyond a distance, anywhere on it, more often than its bound says', () => {
    const ways = 20_000;
    const farthest = Array.from({ length: ways }, (_, n) => {
      const z = bends.map((bend, j) => bend * normalAt(n, 17 * j + 3));
      let most = 0;
      for (let a = 0; a <= 1; a += 0.02)
        most = Math.max(
          most,
          z.reduce((sum, own, j) => sum + own * Math.sin((j + 1) * Math.PI * a), 0),
        );
      return most;
    });
    for (const clear of [0.5, 1, 1.5, 2, 2.5]) {
      const share = farthest.filter((own) => own > clear).length / ways;
      expect(share).toBeGreaterThan(0);
      expect(share).toBeLessThanOrEqual(Math.exp((-clear * clear) / 2));
    }
  });

  test.each([
    [0, 0, 50, 50],
    [80, 60, 200, 200],
    [0, 0, 200, 10],
    [120, 10, 30, 90],
    [90, 40, 3, 2],
  ])('within a disc from (%i, %i) with spreads %i and %i, as counted on a grid', (mx, my, sx, sy) => {
    let sum = 0;
    const n = 400;
    for (let i = 0; i < n; i++)
      for (let k = 0; k < n; k++) {
        const [u, v] = [-5 + (10 * (i + 0.5)) / n, -5 + (10 * (k + 0.5)) / n];
        if (Math.hypot(mx + sx * u, my + sy * v) <= 100) sum += (Math.exp(-(u * u + v * v) / 2) / (2 * Math.PI)) * (10 / n) ** 2;
      }
    expect(Math.abs(withinOval(mx, my, sx, sy, 100) - sum)).toBeLessThan(0.02);
    if (sx === sy) expect(Math.abs(withinOval(mx, my, sx, sy, 100) - withinDisc(Math.hypot(mx, my), sx, 100))).toBeLessThan(0.01);
  });
});

describe('many small chances', () => {
  const draw = (i: number) => 4 * (((i * 0.618033988749895) % 1) - 0.5);
  const restOf = (stepS: number, hours: number) =>
    trackOf(
      Array.from({ length: ((hours + 4) * 3600) / stepS }, (_, i) => [i * stepS - 7200, draw(i), draw(3 * i + 1)]),
      5,
    );

  test.each([
    [60, 12, 130],
    [120, 4, 130],
    [300, 12, 150],
    [600, 12, 180],
    [1800, 12, 180],
  ])('a fix every %i s at rest for %i hours, %i m off: they do not add up to a presence', (stepS, hours, offM) => {
    expect(judge(restOf(stepS, hours), pointAt(offM, 0), 0, hours * 3600).pWindow).toBeLessThan(0.85);
  });

  test('and where they do, nobody is present whom neither a fix nor the line between two brings there', () => {
    const out = judge(restOf(1800, 12), pointAt(120, 0), 0, 43_200);
    expect(out.pWindow).toBeGreaterThan(0.95);
    expect(out.verdict).toBe(verdictCode.unknown);
  });

  test('P(at that moment) does not depend on where a window of uneven gaps begins', () => {
    // Pairs of fixes five seconds apart, every five minutes.
    const pairs = trackOf(Array.from({ length: 400 }, (_, i) => [150 * (i - (i % 2)) + 5 * (i % 2), draw(i), draw(3 * i + 1)]));
    const [within, between] = [3002, 3100].map((fromS) => judge(pairs, pointAt(101, 0), fromS, fromS + 12_000).pMoment);
    expect(within).toBeGreaterThan(0.05);
    expect(Math.abs((within as number) - (between as number))).toBeLessThan(0.02);
  });

  test('the same fix once more is no contradiction; at the end of a track one is', () => {
    const twice = trackOf([...minutes(0, 30, () => [0, 0]), [1800, 0, 0], ...minutes(31, 60, () => [0, 0])]);
    const out = judge(twice, pointAt(0, 20), 1700, 2000);
    expect(out.verdict).toBe(verdictCode.present);
    expect(has(out, 'contradicted')).toBe(false);
    const atTheEnd = trackOf([...minutes(0, 14, () => [0, 0]), [900, 0, 0], [900, 8200, 0]]);
    expect(judge(atTheEnd, pointAt(8200, 0), 800, 930).verdict).toBe(verdictCode.unknown);
  });
});
