import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCrimes } from './parse-crimes.ts';
import { parseUkBatch } from './parse-uk-batch.ts';

const good = [
  'Metropolitan',
  'RB',
  'Robbery',
  'MPS20260126',
  'REF-1',
  '20260126160000',
  '20260126163000',
  '',
  '',
  '53.4445',
  '-2.9252',
  'WGS84',
  'A phone was taken',
];
const row = (changes: Record<number, string>) => good.map((cell, i) => changes[i] ?? cell).join(',');
const codes = (text: string, strict = false) => parseUkBatch(text, { strict }).problems.map(({ code }) => code);

describe('UK batch', () => {
  test('a good row', () => {
    const { crimes, problems } = parseUkBatch(row({}));
    expect(problems).toEqual([]);
    expect(crimes).toEqual([
      {
        row: 1,
        force: 'Metropolitan',
        reference: 'REF-1',
        type: 'RB',
        from: Date.UTC(2026, 0, 26, 16),
        to: Date.UTC(2026, 0, 26, 16, 30),
        place: { kind: 'point', lat: 53.4445, lon: -2.9252, uncertaintyM: 0 },
        text: 'A phone was taken',
        batch: 'MPS20260126',
      },
    ]);
  });

  test('British National Grid becomes WGS84 within 10 m', () => {
    // The Caister water tower of the Ordnance Survey's own worked example: 52°39′27.25″N 1°43′4.52″E on OSGB36.
    const { crimes } = parseUkBatch(row({ 7: '651409.903', 8: '313177.270', 9: '', 10: '' }).replace('651409.903', '551409.903'));
    expect(crimes).toHaveLength(1);
    const { crimes: london } = parseUkBatch(row({ 7: '530034', 8: '180381', 9: '', 10: '' }));
    const place = london[0]?.place;
    expect(place?.kind === 'point' && Math.abs(place.lat - 51.5077)).toBeLessThan(0.0005);
    expect(place?.kind === 'point' && Math.abs(place.lon - -0.1278)).toBeLessThan(0.0005);
  });

  test.each([
    ['INVALID_COLUMN_COUNT', 'Metropolitan,RB'],
    ['INVALID_TEXT', row({ 12: 'bad \u0001 text' })],
    ['INVALID_NUMBER', row({ 9: 'NaN' })],
    ['INVALID_NUMBER', row({ 9: '1e400' })],
    ['INVALID_POLICE_FORCE', row({ 0: 'Atlantis' })],
    ['INVALID_CRIME_TYPE', row({ 1: 'XX' })],
    ['INVALID_FROM_DATE_FORMAT', row({ 5: '2026-01-26' })],
    ['INVALID_FROM_DATE_FORMAT', row({ 5: '20260230000000' })],
    ['INVALID_TO_DATE_FORMAT', row({ 6: '20261326000000' })],
    ['CRIME_DATE_TIME_TO_AFTER_FROM', row({ 6: '20260126150000' })],
    ['CRIME_DATE_TIME_EXCEEDS_WINDOW', row({ 6: '20260127160001' })],
    ['MISSING_LOCATION_DATA', row({ 9: '', 10: '' })],
    ['MISSING_BATCH_ID', row({ 3: '' })],
    ['MISSING_CRIME_REFERENCE', row({ 4: '' })],
    ['DEPENDENT_LOCATION_DATA', row({ 10: '' })],
    ['MULTIPLE_LOCATION_DATA_TYPES', row({ 7: '400000' })],
    ['INVALID_LOCATION_DATA_RANGE', row({ 10: '190' })],
    ['INVALID_LOCATION_DATA_RANGE', row({ 7: '700000', 8: '100', 9: '', 10: '' })],
    ['INVALID_BATCH_ID_FORMAT', row({ 3: 'ABC20260126' })],
    ['INVALID_BATCH_ID_DATE', row({ 3: 'MPS20260230' })],
    ['MULTIPLE_POLICE_FORCES', `${row({})}\n${row({ 0: 'Kent', 3: 'KNT20260126' })}`],
    ['MULTIPLE_BATCH_IDS', `${row({})}\n${row({ 3: 'MPS20260127' })}`],
    ['INVALID_ATTACHMENT', ''],
  ])('%s', (code, text) => {
    expect(codes(text)).toContain(code);
  });

  test('a row may have several errors, and the good rows beside it go in', () => {
    const { crimes, problems } = parseUkBatch(`\uFEFF${row({})}\r\n\r\n${row({ 1: 'XX', 4: '', 9: 'abc' })}\r\n${row({ 4: 'REF-3' })}\r\n`);
    expect(crimes.map(({ reference }) => reference)).toEqual(['REF-1', 'REF-3']);
    expect(problems.map(({ code, row: number }) => [number, code])).toEqual([
      [3, 'INVALID_CRIME_TYPE'],
      [3, 'MISSING_CRIME_REFERENCE'],
      [3, 'INVALID_NUMBER'],
    ]);
  });

  test('a long window is a warning, or refused when strict', () => {
    const text = row({ 6: '20260127160001' });
    expect(parseUkBatch(text).crimes).toHaveLength(1);
    expect(parseUkBatch(text, { strict: true }).crimes).toHaveLength(0);
  });

  test('types in any case, batches with a part and a resend mark', () => {
    expect(parseUkBatch(row({ 1: 'tfmv', 3: 'MPS20260126-2-R' })).crimes).toHaveLength(1);
  });
});

describe('other forms', () => {
  test('headed CSV with semicolons', () => {
    const { crimes, problems } = parseCrimes(
      Buffer.from(
        'reference;type;from;to;latitude;longitude;uncertainty_m;text\r\nA1;RB;2026-01-26T16:00:00+01:00;2026-01-26T16:30:00+01:00;53.4;-2.9;50;x\r\n',
      ),
    );
    expect(problems).toEqual([]);
    expect(crimes[0]?.from).toBe(Date.UTC(2026, 0, 26, 15));
    expect(crimes[0]?.place.uncertaintyM).toBe(50);
  });

  test('a time without a zone is refused with its row', () => {
    const { crimes, problems } = parseCrimes(
      Buffer.from('reference,type,from,to,latitude,longitude\nA1,RB,2026-01-26T16:00:00,2026-01-26T16:30:00,53.4,-2.9\n'),
    );
    expect(crimes).toEqual([]);
    expect(problems.map(({ code, row: number }) => [code, number])).toEqual([
      ['INVALID_FROM_DATE_FORMAT', 2],
      ['INVALID_TO_DATE_FORMAT', 2],
    ]);
  });

  test('GeoJSON: a polygon that crosses itself is refused, the point beside it goes in', () => {
    const properties = { reference: 'G1', type: 'RB', from: '2026-01-26T16:00:00Z', to: '2026-01-26T16:30:00Z' };
    const bow = [
      [0, 50],
      [1, 51],
      [1, 50],
      [0, 51],
      [0, 50],
    ];
    const { crimes, problems } = parseCrimes(
      Buffer.from(
        JSON.stringify({
          type: 'FeatureCollection',
          features: [
            { type: 'Feature', properties, geometry: { type: 'Polygon', coordinates: [bow] } },
            { type: 'Feature', properties: { ...properties, reference: 'G2' }, geometry: { type: 'Point', coordinates: [-2.9, 53.4] } },
          ],
        }),
      ),
    );
    expect(crimes.map(({ reference }) => reference)).toEqual(['G2']);
    expect(problems[0]?.message).toContain('crosses itself');
  });
});

describe('properties', () => {
  test('no bytes make it throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => void parseCrimes(Buffer.from(bytes))),
      { seed: 1, numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 500, unit: 'binary' }), (text) => void parseCrimes(Buffer.from(text))),
      { seed: 2, numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.json(), (text) => void parseCrimes(Buffer.from(text))),
      { seed: 3, numRuns: 500 },
    );
  });

  test('bad rows between good ones never cost a good one', () => {
    const bad = fc.array(
      fc.string({ maxLength: 60 }).filter((text) => !text.includes('"') && !/[\r\n]/.test(text) && text.split(',').length !== 13),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(bad, (lines) => {
        const text = lines.flatMap((line, i) => [line, row({ 4: `GOOD-${i}` })]).join('\n');
        expect(parseUkBatch(text).crimes).toHaveLength(lines.length);
      }),
      { seed: 4, numRuns: 300 },
    );
  });
});
