import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type TagReport, TagWatch } from './tag-watch.ts';

const start = Date.UTC(2026, 8, 7, 12);
const report = (minute: number, more: Partial<TagReport> = {}): TagReport => ({
  at: start + 60_000 * minute,
  lon: -1.83 + 1e-5 * (minute % 7),
  lat: 53.09,
  sigma: 6,
  speedMps: Number.NaN,
  battery: 0.8,
  events: null,
  ...more,
});
const minutes = (count: number, from = 0, more: (m: number) => Partial<TagReport> = () => ({})) =>
  Array.from({ length: count }, (_, i) => report(from + i, more(from + i)));
const told = (watch: TagWatch, silent = false) =>
  watch.episodes(silent).map(({ kind, from, to, lasts }) => `${kind} ${(from - start) / 60_000}-${lasts ? '' : (to - start) / 60_000}`);

describe('watching a tag', () => {
  test('a tag that works has nothing to tell', () => {
    const watch = new TagWatch();
    watch.take(minutes(600));
    expect(told(watch)).toEqual([]);
  });

  test('a cut strap from the first fix that says so to the last, reported once or on every fix', () => {
    const often = new TagWatch();
    often.take(minutes(30, 0, (m) => ({ events: m >= 10 && m <= 14 ? 'strap-cut charging' : null })));
    expect(told(often)).toEqual(['strap cut 10-14']);
    expect(often.episodes(false)[0]).toMatchObject({ fixes: 5, confirmedAt: start + 600_000 });
    const twice = new TagWatch();
    twice.take(minutes(120, 0, (m) => ({ events: [10, 20, 90].includes(m) ? 'tampering' : null })));
    expect(told(twice)).toEqual(['strap cut 10-20', 'strap cut 90-90']);
  });

  test('after a silence a new report is a new episode, and the one before has ended', () => {
    const watch = new TagWatch();
    watch.take([report(0), report(1, { events: 'jamming' }), report(40, { events: 'jamming' })]);
    expect(told(watch)).toEqual(['jamming suspected 1-1', 'jamming suspected 40-']);
  });

  test('while the latest fix says so, it lasts; of who has fallen silent that is not known', () => {
    const watch = new TagWatch();
    watch.take(minutes(11, 0, (m) => ({ events: m >= 9 ? 'case-open' : null })));
    expect(told(watch)).toEqual(['case opened 9-']);
    expect(told(watch, true)).toEqual(['case opened 9-10', 'no signal 10-']);
  });

  test('a battery that runs down is one episode, low and then flat, until it is charged', () => {
    const watch = new TagWatch();
    watch.take(minutes(100, 0, (m) => ({ battery: m < 90 ? 0.2 - 0.002 * m : 0.9 })));
    expect(told(watch)).toEqual(['battery flat 26-90']);
    expect(watch.episodes(false)[0]?.battery).toBeCloseTo(0.022);
    const wavering = new TagWatch();
    wavering.take(minutes(60, 0, (m) => ({ battery: m % 2 ? 0.149 : 0.151 })));
    expect(told(wavering)).toEqual(['battery low 1-']);
  });

  test('a silence over an hour, with the battery before it', () => {
    const watch = new TagWatch();
    watch.take([...minutes(10, 0, () => ({ battery: 0.31 })), ...minutes(10, 90)]);
    expect(told(watch)).toEqual(['no signal 9-90']);
    expect(watch.episodes(false)[0]).toMatchObject({ battery: 0.31, fixes: 0 });
    const short = new TagWatch();
    short.take([report(0), report(59)]);
    expect(told(short)).toEqual([]);
  });

  test('a position no one can have got to, if the receiver stays there', () => {
    const far = { lon: -2.9, lat: 53.4 };
    const stays = new TagWatch();
    stays.take([...minutes(10), report(10, far), report(11, { ...far, lat: 53.4001 }), ...minutes(5, 12)]);
    expect(told(stays)).toEqual(['jamming suspected 10-11', 'jamming suspected 12-13']);
    expect(stays.episodes(false)[0]).toMatchObject({ sign: 'impossible speed', jumpS: 60 });
    const lone = new TagWatch();
    lone.take([...minutes(10), report(10, far), ...minutes(10, 11)]);
    expect(told(lone)).toEqual(['jamming suspected 10-10']);
    expect(lone.episodes(false)[0]).toMatchObject({ sign: 'one fix out of reach', fixes: 1, jumpS: 60 });
  });

  test('a position that stands still while the tag says it moves; not of a tag at rest', () => {
    const frozen = (speedMps: number) => {
      const watch = new TagWatch();
      watch.take(minutes(40, 0, (m) => (m >= 10 && m < 30 ? { lon: -1.83, lat: 53.1, speedMps } : { speedMps })));
      return told(watch);
    };
    expect(frozen(6)).toEqual(['jamming suspected 10-30']);
    expect(frozen(0)).toEqual([]);
  });

  test('any order and any splitting of the same fixes ends in the same episodes', () => {
    const draw = fc.record({ wait: fc.nat({ max: 40 }), battery: fc.integer({ min: 0, max: 30 }), does: fc.nat({ max: 20 }) });
    fc.assert(
      fc.property(fc.array(draw, { minLength: 2, maxLength: 60 }), fc.infiniteStream(fc.nat({ max: 1_000_000 })), (draws, order) => {
        let minute = 0;
        const fixes = draws.map(({ wait, battery, does }) => {
          minute += wait === 40 ? 90 : 1 + (wait % 3);
          return report(minute, {
            battery: battery / 100,
            events: does === 0 ? 'strap-cut' : does === 1 ? 'case-open jamming' : null,
            ...(does === 2 ? { lon: -2.9 } : {}),
          });
        });
        const inOrder = new TagWatch();
        for (const fix of fixes) inOrder.take([fix]);
        const next = () => order.next().value as number;
        const shuffled = fixes
          .map((fix) => ({ fix, key: next() }))
          .sort((a, b) => a.key - b.key)
          .map(({ fix }) => fix);
        const watch = new TagWatch();
        for (let i = 0; i < shuffled.length; ) {
          const size = 1 + (next() % 9);
          expect(watch.take(shuffled.slice(i, i + size))).toBeNull();
          i += size;
        }
        expect(watch.episodes(false)).toEqual(inOrder.episodes(false));
        expect(watch.episodes(true)).toEqual(inOrder.episodes(true));
      }),
      { seed: 12, numRuns: 150 },
    );
  });

  test('what is older than everything kept is refused whole; the rest is put in its place', () => {
    const all = minutes(1500, 0, (m) => ({ events: m % 100 === 50 ? 'strap-cut' : null }));
    const watch = new TagWatch();
    watch.take([...all.slice(0, 10), ...all.slice(12, 1400), ...all.slice(1450)]);
    expect(watch.take(all.slice(10, 12))).toBe('older');
    expect(watch.take(all.slice(1400, 1450))).toBeNull();
    const whole = new TagWatch();
    whole.take([...all.slice(0, 10), ...all.slice(12)]);
    expect(watch.episodes(false)).toEqual(whole.episodes(false));
    expect(told(whole)).toHaveLength(15);
  });
});
