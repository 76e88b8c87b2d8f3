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

describe('files as police write them', () => {
  const inZone = { timeZone: 'Europe/London' };
  const read = (text: string, options = inZone) => parseCrimes(Buffer.from(text), options);
  const head = 'reference,type,from,to,latitude,longitude,uncertainty_m,text\n';
  const line = (changes: Record<string, string> = {}) => {
    const cells = {
      reference: 'A/1',
      type: 'RB',
      from: '2026-11-20T10:00:00Z',
      to: '2026-11-20T11:00:00Z',
      latitude: '53.09',
      longitude: '-1.83',
      uncertainty_m: '',
      text: '',
      ...changes,
    };
    return `${Object.values(cells).join(',')}\n`;
  };

  test('an offence that is none of the types goes in without one, and its words are kept', () => {
    const { crimes, problems } = read(
      'reference,offence,from,to,latitude,longitude,notes\nB/1,Criminal damage,2026-01-26T16:00:00Z,2026-01-26T16:10:00Z,53.1,-1.8,a window\nB/2,Burglary,2026-01-26T16:00:00Z,2026-01-26T16:10:00Z,53.1,-1.8,\nB/3,Assa\u0001ult,2026-01-26T16:00:00Z,2026-01-26T16:10:00Z,53.1,-1.8,\n',
    );
    expect(crimes.map(({ reference, type, text }) => [reference, type, text])).toEqual([
      ['B/1', '', 'Criminal damage: a window'],
      ['B/2', '', 'Burglary'],
    ]);
    expect(problems.slice(1).map(({ row: number, code, severity }) => [number, code, severity])).toEqual([
      [2, 'CRIME_TYPE_NOT_KNOWN', 'warning'],
      [3, 'CRIME_TYPE_NOT_KNOWN', 'warning'],
      [4, 'CRIME_TYPE_NOT_KNOWN', 'warning'],
      [4, 'INVALID_TEXT', 'error'],
    ]);
  });

  test('headings of their own, offences in words, British dates and clock time are read, and told', () => {
    const { crimes, problems } = read(
      'Crime ref,Offence,Start,End,Lat,Long,Notes\nA/101,Robbery,25/11/2026 20:10,25/11/2026 20:30,53.0884,-1.8441,\nA/102,Burglary in a dwelling,2026-07-25 18:00,2026-07-25 23:30,53.0912,-1.8301,\nA/103,Theft from vehicle,25/11/2026 21:10,,53.0871,-1.8372,\n',
    );
    expect(crimes.map(({ reference, type, from }) => [reference, type, from])).toEqual([
      ['A/101', 'RB', Date.UTC(2026, 10, 25, 20, 10)],
      ['A/102', 'BIAD', Date.UTC(2026, 6, 25, 17)],
      ['A/103', 'TFMV', Date.UTC(2026, 10, 25, 21, 10)],
    ]);
    expect(problems.map(({ code, severity }) => `${code} ${severity}`).sort()).toEqual([
      'COLUMNS_GUESSED warning',
      'MISSING_TO_DATE warning',
      'TIMES_WITHOUT_OFFSET warning',
    ]);
  });

  test('places in eastings and northings, and dates and times in columns of their own', () => {
    const { crimes, problems } = read(
      'Crime No,Offence,Date From,Time From,Date To,Time To,Easting,Northing\nB/1,Robbery,25/11/2026,20:10,25/11/2026,20:30,"412,345",388120\nB/2,Robbery,25/11/2026,20:10,25/11/2026,20:30,53.1,-1.8\nB/3,Robbery,25/11/2026,20:10,25/11/2026,20:30,,\n',
    );
    expect(crimes).toHaveLength(1);
    expect(crimes[0]).toMatchObject({ reference: 'B/1', from: Date.UTC(2026, 10, 25, 20, 10), to: Date.UTC(2026, 10, 25, 20, 30) });
    const place = crimes[0]?.place;
    expect(place).toMatchObject({ lon: expect.closeTo(-1.8161, 2), lat: expect.closeTo(53.39, 2) });
    expect(problems.filter(({ severity }) => severity === 'error').map(({ row, code }) => [row, code])).toEqual([
      [3, 'INVALID_LOCATION_DATA_RANGE'],
      [4, 'MISSING_LOCATION_DATA'],
    ]);
  });

  test('a column of times alone, without one of dates beside it, holds the moments', () => {
    const { crimes } = read('Ref,Start time,End time,Lat,Long\nC/1,2026-01-26 16:00,2026-01-26 16:30,53.1,-1.8\n');
    expect(crimes[0]).toMatchObject({ from: Date.UTC(2026, 0, 26, 16), to: Date.UTC(2026, 0, 26, 16, 30) });
  });

  test.each([
    ['a spreadsheet puts a midnight behind the day', '25/11/2026 00:00,20:10', '25/11/2026 00:00:00,20:30', 20.5, []],
    ['the time says the same again', '25/11/2026 20:10,20:10', '25/11/2026 20:30,20:30', 20.5, []],
    ['the time says the whole moment', '25/11/2026,25/11/2026 20:10', '25/11/2026,25/11/2026 20:30', 20.5, []],
    ['the end has no date', '25/11/2026,20:10', ',20:30', 20.5, ['END_WITHOUT_DATE']],
    [
      'an end without a date lies after midnight',
      '25/11/2026,20:10',
      ',00:30',
      null,
      ['END_WITHOUT_DATE', 'CRIME_DATE_TIME_TO_AFTER_FROM'],
    ],
    ['the two say different times', '25/11/2026 20:10,21:00', '25/11/2026 21:30,', null, ['TIMES_DIFFER']],
    ['one is the end of the other', '25/11/2026 20:10,0:10', '25/11/2026 21:30,', null, ['TIMES_DIFFER']],
  ])('dates apart from times: %s', (_name, from, to, ends, told) => {
    const { crimes, problems } = read(`Ref,Start date,Start time,End date,End time,Lat,Long\nC/2,${from},${to},53.1,-1.8\n`);
    const expected = ends === null ? [] : [[Date.UTC(2026, 10, 25, 20, 10), Date.UTC(2026, 10, 25) + 3_600_000 * ends]];
    expect(crimes.map((crime) => [crime.from, crime.to])).toEqual(expected);
    expect(problems.filter(({ row }) => row > 1).map(({ code }) => code)).toEqual(told);
  });

  test('an hour of one digit is the same time; a thousand metres are a thousand between whatever cells', () => {
    const { crimes, problems } = read('Ref\tFrom\tFrom time\tLat\tLong\tUncertainty (m)\nD/1\t25/11/2026 08:10\t8:10\t53.1\t-1.8\t1,000\n');
    expect(crimes.map(({ from, place }) => [from, place])).toEqual([
      [Date.UTC(2026, 10, 25, 8, 10), { kind: 'point', lat: 53.1, lon: -1.8, uncertaintyM: 1000 }],
    ]);
    expect(problems.map(({ code }) => code)).not.toContain('TIMES_DIFFER');
  });

  test('degrees beside eastings: whichever a row has is read, and two places are told', () => {
    const { crimes, problems } = read(
      'Ref,From,To,Lat,Long,Easting,Northing\nD/1,2026-01-26 16:00,2026-01-26 17:00,,,412345,388120\nD/2,2026-01-26 16:00,2026-01-26 17:00,53.3897,-1.8161,412345,388120\nD/3,2026-01-26 16:00,2026-01-26 17:00,53.1,-1.8,412345,388120\nD/4,2026-01-26 16:00,2026-01-26 17:00,53.1,-1.8,,\n',
    );
    expect(crimes.map(({ reference }) => reference)).toEqual(['D/1', 'D/2', 'D/4']);
    expect(problems.filter(({ row }) => row > 1).map(({ row, code }) => [row, code])).toEqual([[4, 'PLACES_DIFFER']]);
  });

  test('a day without a time of it is told', () => {
    const { crimes, problems } = read('Ref,From,To,Lat,Long\nD/1,25/11/2026,25/11/2026 10:00,53.1,-1.8\n');
    expect(crimes[0]).toMatchObject({ from: Date.UTC(2026, 10, 25) });
    expect(problems.filter(({ code }) => code === 'TIME_OF_DAY_MISSING').map(({ row, field }) => [row, field])).toEqual([[2, 'from']]);
  });

  test('an end that somebody gave when asked stands where the file has none, and nowhere else', () => {
    const text =
      'Ref,From,To,Lat,Long\nE/1,2026-01-26 16:00,,53.1,-1.8\nE/2,2026-01-26 16:00,2026-01-26 17:00,53.1,-1.8\nE/3,2026-01-26 16:00,,53.1,-1.8\n';
    const ends = new Map([
      [2, '2026-01-26T18:00'],
      [3, '2026-01-26T18:00'],
      [4, '2026-01-26T15:00'],
    ]);
    const { crimes, problems } = parseCrimes(Buffer.from(text), { timeZone: 'Europe/London', ends });
    expect(crimes.map(({ reference, to }) => [reference, to])).toEqual([
      ['E/1', Date.UTC(2026, 0, 26, 18)],
      ['E/2', Date.UTC(2026, 0, 26, 17)],
    ]);
    expect(problems.filter(({ row }) => row > 1).map(({ row, code }) => [row, code])).toEqual([[4, 'CRIME_DATE_TIME_TO_AFTER_FROM']]);
  });

  test.each([
    ['100 m', 100],
    ['1,000', 1000],
    ['1.5 km', 1500],
    ['30', 30],
    ['', 0],
  ])('an uncertainty of "%s" is %i metres', (text, metres) => {
    expect(read(head + line({ uncertainty_m: `"${text}"` })).crimes[0]?.place).toMatchObject({ uncertaintyM: metres });
  });

  test.each(['about 100', '-5', '1e400', 'NaN', '2000000'])('an uncertainty of "%s" is refused: nothing becomes 0', (text) => {
    expect(read(head + line({ uncertainty_m: text }))).toMatchObject({
      crimes: [],
      problems: [{ field: 'uncertainty_m', severity: 'error' }],
    });
  });

  test.each<[string, number | null]>([
    ['2026-11-20t10:00:00z', Date.UTC(2026, 10, 20, 10)],
    ['2026-11-20T10:00:00+14:00', Date.UTC(2026, 10, 19, 20)],
    ['2026-11-20T10:00:00+14:01', null],
    ['2026-11-20T10:00:00+23:00', null],
    ['2026-11-20T10:00:00Zebra', null],
    ['2026-11-20X10:00:00Z', null],
    ['2026-11-20+01:00', null],
    ['2026-11-20T10:00:00+99', null],
  ])('the time "%s" is read right or refused', (text, expected) => {
    const { crimes } = read(head + line({ from: text, to: '2026-12-20T11:00:00Z' }));
    expect(crimes[0]?.from ?? null).toBe(expected);
  });

  test('NUL and broken surrogates refuse their row alone', () => {
    const bad = head + line() + line({ reference: 'A/2', text: 'a\0b' });
    expect(read(bad)).toMatchObject({ crimes: [{ reference: 'A/1' }], problems: [{ code: 'INVALID_TEXT', value: 'a\u2400b' }] });
  });

  test('only good rows count for one force and one batch; a header is passed over', () => {
    const file = [row({}), row({ 0: 'Metropolitann', 4: 'R2' }), row({ 3: 'MPS20269999', 4: 'R3' }), row({ 4: 'R4' })].join('\n');
    expect(parseUkBatch(file).crimes.map(({ reference }) => reference)).toEqual(['REF-1', 'R4']);
    const headed =
      'policeForce,crimeTypeId,crimeTypeDescription,batchId,crimeReference,crimeDateTimeFrom,crimeDateTimeTo,easting,northing,latitude,longitude,datum,crimeText';
    expect(parseUkBatch(`${headed}\n${row({})}`)).toMatchObject({
      crimes: [{ reference: 'REF-1' }],
      problems: [{ code: 'HEADER_ROW', severity: 'warning' }],
    });
  });

  test.each([
    [Buffer.from('PK\u0003\u0004'), /no Excel workbook/],
    [Buffer.from('<?xml version="1.0"?><gpx/>'), /XML/],
    [Buffer.from('%PDF-1.7'), /PDF/],
  ])('a file of another kind is named', (bytes, message) => {
    expect(parseCrimes(bytes).problems[0]?.message).toMatch(message);
  });

  test('UTF-16 with and without a mark, and Windows-1252', () => {
    const text = head + line({ text: 'O’Brien' });
    for (const bytes of [
      Buffer.from(`\uFEFF${text}`, 'utf16le'),
      Buffer.from(text, 'utf16le'),
      Buffer.from(text.replace('’', '\x92'), 'latin1'),
    ])
      expect(parseCrimes(bytes).crimes[0]?.text).toBe('O’Brien');
  });

  test('a hole outside its outline, a shape over half the world and a place too uncertain are refused', () => {
    const square = (x: number, size = 0.01) => [
      [x, 53.08],
      [x + size, 53.08],
      [x + size, 53.09],
      [x, 53.09],
      [x, 53.08],
    ];
    const feature = (coordinates: unknown, more = {}) =>
      JSON.stringify({
        type: 'FeatureCollection',
        features: [
          {
            type: 'Feature',
            geometry: { type: 'Polygon', coordinates },
            properties: { reference: 'G', from: '2026-11-20T10:00:00Z', to: '2026-11-20T11:00:00Z', ...more },
          },
        ],
      });
    expect(read(feature([square(-1.84)])).crimes).toHaveLength(1);
    expect(read(feature([square(-1.84), square(-1.74)]))).toMatchObject({
      crimes: [],
      problems: [{ message: /Hole 1 does not lie within/ }],
    });
    expect(read(feature([square(-1.84, 40)]))).toMatchObject({ crimes: [], problems: [{ message: /200 km across/ }] });
    expect(read(feature([square(-1.84)], { uncertainty_m: 2e6 }))).toMatchObject({ crimes: [], problems: [{ message: /uncertainty/ }] });
  });
});
