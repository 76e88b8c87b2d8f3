import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkFix, type KnownTag } from '../check-fix.ts';
import { GpxDecoder } from './decode-gpx.ts';
import { decodeOwnTracks } from './decode-owntracks.ts';
import { decodeTraccar } from './decode-traccar.ts';
import { decodeWaymark } from './decode-waymark.ts';
import { rawFix } from './raw-fix.ts';
import { readTime } from './read-time.ts';

describe('times', () => {
  test.each([
    ['2026-01-26T15:57:02Z', Date.UTC(2026, 0, 26, 15, 57, 2)],
    ['2024-02-29T23:59:59.999Z', Date.UTC(2024, 1, 29, 23, 59, 59, 999)],
    ['2026-01-26 15:57:02+00', Date.UTC(2026, 0, 26, 15, 57, 2)],
    ['2026-01-26T15:57:02.5+01:30', Date.UTC(2026, 0, 26, 14, 27, 2, 500)],
    ['1769443022', 1_769_443_022_000],
    ['1769443022000', 1_769_443_022_000],
  ])('%s', (text, expected) => {
    expect(readTime(text)).toBe(expected);
  });

  test.each([
    '2026-02-30T00:00:00Z',
    '2026-02-30T00:00:00.000Z',
    '2026-01-01T24:00:00.000Z',
    '2026-01-26T25:00:00Z',
    'yesterday',
    '',
    '2026-01-26T15:57:02',
  ])('%s is refused', (text) => {
    expect(readTime(text)).toBeNaN();
  });

  test('any moment is read from its ISO form, the short way or the long', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date('1970-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }), (moment) => {
        const text = moment.toISOString();
        expect(readTime(text)).toBe(moment.getTime());
        expect(readTime(` ${text}`)).toBe(moment.getTime());
      }),
    );
  });

  test('a zone is used where the text has none, across the clock change', () => {
    expect(readTime('2026-01-26 15:57:02', 'UTC')).toBe(Date.UTC(2026, 0, 26, 15, 57, 2));
    expect(readTime('2026-03-29 00:30:00', 'Europe/London')).toBe(Date.UTC(2026, 2, 29, 0, 30));
    expect(readTime('2026-03-29 03:30:00', 'Europe/London')).toBe(Date.UTC(2026, 2, 29, 2, 30));
    expect(readTime('2026-07-01 12:00:00', 'Europe/London')).toBe(Date.UTC(2026, 6, 1, 11));
    expect(readTime('2026-10-25 00:30:00', 'Europe/London')).toBe(Date.UTC(2026, 9, 24, 23, 30));
  });
});

describe('Waymark lines', () => {
  test('reads what is good and lists what is not', () => {
    const { fixes, unreadable } = decodeWaymark(
      '{"tag":"A","at":"2026-01-26T15:57:02Z","lat":53.4,"lon":-2.9,"accuracy":8}\r\nnonsense\n[1]\n{"lat":1}\n{"tag":"B","at":"2026-01-26T15:57:02Z","lat":"NaN","lon":1e400}\n',
    );
    expect(fixes.map(({ tag }) => tag)).toEqual(['A', 'B']);
    expect(fixes[0]?.accuracyM).toBe(8);
    expect(fixes[1]?.lat).toBeNaN();
    expect(unreadable.map(({ line }) => line)).toEqual([2, 3, 4]);
  });

  test('never throws and never loses a good line', () => {
    const line = '{"tag":"T","at":"2026-01-26T15:57:02Z","lat":53.4,"lon":-2.9}';
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 80 }).map((text) => text.replace(/[\r\n]/g, ' '))), (junk) => {
        const { fixes } = decodeWaymark(junk.flatMap((text) => [text, line]).join('\n'));
        expect(fixes.filter(({ tag }) => tag === 'T').length).toBe(junk.length);
      }),
      { seed: 5, numRuns: 500 },
    );
  });
});

describe('OwnTracks and Traccar', () => {
  test('a location', () => {
    const { fixes } = decodeOwnTracks({ _type: 'location', lat: 53.4, lon: -2.9, tst: 1_769_443_022, acc: 0, vel: 36, batt: 80 }, 'phone');
    expect(fixes[0]).toMatchObject({ tag: 'phone', at: 1_769_443_022_000, speedMps: 10, battery: 0.8 });
    expect(fixes[0]?.accuracyM).toBeNaN();
  });

  test('other known types are counted; what is encrypted or unknown is kept whole', () => {
    expect(decodeOwnTracks({ _type: 'lwt', tst: 1 }, 'phone')).toEqual({ fixes: [], unreadable: [], others: 1 });
    for (const message of [{ _type: 'encrypted', data: 'x'.repeat(900) }, { _type: 'new' }, {}, 'text'])
      expect(decodeOwnTracks(message, 'phone')).toMatchObject({
        fixes: [],
        unreadable: [{ whole: typeof message === 'string' ? message : JSON.stringify(message) }],
      });
  });

  test('a forwarded position', () => {
    const { fixes } = decodeTraccar({
      position: {
        id: 0,
        fixTime: '2026-01-26T15:57:02.000+00:00',
        latitude: 53.4,
        longitude: -2.9,
        speed: 10,
        accuracy: 4,
        valid: true,
        attributes: { batteryLevel: 55, alarm: 'tampering' },
      },
      device: { uniqueId: '8600' },
    });
    expect(fixes[0]).toMatchObject({ tag: '8600', battery: 0.55, events: 'tampering', accuracyM: 4 });
    expect(fixes[0]?.speedMps).toBeCloseTo(5.144, 2);
  });

  test('no value makes them throw', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        decodeOwnTracks(value, 'x');
        decodeTraccar(value);
      }),
      { seed: 6, numRuns: 1000 },
    );
  });
});

describe('GPX', () => {
  test('points before a break are kept; one that is cut short has no time', () => {
    const decoder = new GpxDecoder('walk');
    const first = decoder.write(
      '<gpx><trk><trkseg><trkpt lat="53.4" lon="-2.9"><time>2026-01-26T15:57:02Z</time></trkpt><trkpt lat="53.5" lon="-2.9"></wrong>',
    );
    const last = decoder.end();
    expect([...first.fixes, ...last.fixes].map(({ lat, at }) => [lat, Number.isNaN(at)])).toEqual([
      [53.4, false],
      [53.5, true],
    ]);
    expect([...first.unreadable, ...last.unreadable]).toHaveLength(1);
  });

  test('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (parts) => {
        const decoder = new GpxDecoder('x');
        for (const part of parts) decoder.write(part);
        decoder.end();
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});

describe('quarantine', () => {
  const now = Date.UTC(2026, 0, 26, 16);
  const tag: KnownTag = { id: 1, wearings: [{ id: 7, from: now - 3_600_000, to: now }] };
  test.each([
    ['no time', rawFix('A', Number.NaN, 1, 1)],
    ['no position', rawFix('A', now, Number.NaN, 1)],
    ['impossible position', rawFix('A', now, 190, 1)],
    ['impossible position', rawFix('A', now, 0, 0)],
    ['from the future', rawFix('A', now + 301_000, 1, 1)],
    ['from the future', rawFix('A', Date.UTC(2090, 0, 1), 1, 1)],
    ['before 2010', rawFix('A', 0, 1, 1)],
    ['not worn', rawFix('A', now - 3_600_001, 1, 1)],
  ])('%s', (reason, fix) => {
    expect(checkFix(fix, tag, now)).toBe(reason);
  });

  test('an unknown tag', () => {
    expect(checkFix(rawFix('A', now, 1, 1), undefined, now)).toBe('unknown tag');
  });

  test('a worn tag', () => {
    expect(checkFix(rawFix('A', now - 1000, 1, 1), tag, now)).toMatchObject({ id: 7 });
  });
});
