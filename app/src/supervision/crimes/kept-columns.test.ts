import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveForTest, Visitor } from '../../../test/serve-for-test.ts';
import { toldInOrder } from '../../../test/told-in-order.ts';
import type { Actor } from '../../platform/access.ts';
import { importCrimes } from './import-crimes.ts';
import { parseCrimes } from './parse-crimes.ts';

/** As a system writes it whose headings nobody has guessed. */
const file = `Vorgang,Delikt,Tatzeit von,Tatzeit bis,Breite,Laenge,Bemerkung
V/1,Robbery,07/09/2026 20:10,07/09/2026 20:30,53.0884,-1.8441,first
V/2,Robbery,07/09/2026 21:10,07/09/2026 21:30,53.0884,-1.8441,second
`;
const columns = {
  vorgang: 'reference',
  delikt: 'type',
  tatzeitvon: 'from',
  tatzeitbis: 'to',
  breite: 'latitude',
  laenge: 'longitude',
  bemerkung: 'none',
} as const;
const analyst: Actor = { id: 'ca-1', name: 'Callum Reid', role: 'crime-analyst', purpose: 'crime-matching' };

test('what somebody says of columns goes before what is guessed, and a clock before the usual one', () => {
  expect(parseCrimes(Buffer.from(file), { timeZone: 'Europe/London' }).crimes).toEqual([]);
  expect(parseCrimes(Buffer.from(file), { timeZone: 'Europe/London' }).headings?.map(({ heading, field }) => [heading, field])).toEqual([
    ['Vorgang', null],
    ['Delikt', null],
    ['Tatzeit von', null],
    ['Tatzeit bis', null],
    ['Breite', null],
    ['Laenge', null],
    ['Bemerkung', null],
  ]);
  const said = parseCrimes(Buffer.from(file), { timeZone: 'Europe/Berlin', columns });
  expect(said.crimes.map(({ reference, from, text }) => [reference, new Date(from).toISOString(), text])).toEqual([
    ['V/1', '2026-09-07T18:10:00.000Z', ''],
    ['V/2', '2026-09-07T19:10:00.000Z', ''],
  ]);
  // Kept of such a file before, in another order of columns and with another clock; one with other headings is not meant.
  const kept = [
    { layout: 'another', columns: {}, timeZone: 'UTC', by: 'Nobody' },
    { layout: Object.keys(columns).sort().join(' '), columns, timeZone: 'Europe/Berlin', by: 'Callum Reid' },
  ];
  const turned = file
    .split('\n')
    .map((line) => line.split(',').reverse().join(','))
    .join('\n');
  const again = parseCrimes(Buffer.from(turned), { timeZone: 'Europe/London', kept });
  expect([again.keptBy, again.crimes.length, new Date(again.crimes[0]?.from ?? 0).toISOString()]).toEqual([
    'Callum Reid',
    2,
    '2026-09-07T18:10:00.000Z',
  ]);
  // A guess that is wrong is put right.
  const swapped = 'reference,from,to,notes,lat,lon\nA,2026-09-07T10:00:00Z,2026-09-07T10:10:00Z,Robbery,53,-1.8\n';
  const right = parseCrimes(Buffer.from(swapped), {
    timeZone: 'UTC',
    columns: { reference: 'reference', from: 'from', to: 'to', notes: 'type', lat: 'latitude', lon: 'longitude' },
  });
  expect(right.crimes).toMatchObject([{ type: 'RB', text: '' }]);
});

describe('a file with headings of its own', toldInOrder, () => {
  let serving: Awaited<ReturnType<typeof serveForTest>>;
  let visitor: Visitor;
  beforeAll(async () => {
    serving = await serveForTest();
    visitor = new Visitor(serving.url);
    await visitor.signIn('ca-1');
  });
  afterAll(() => serving?.end());
  const send = async (text: string, fields: Record<string, string>) => {
    const form = new FormData();
    form.set('_csrf', await visitor.csrf('/crimes/import'));
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    form.set('file', new Blob([text], { type: 'text/csv' }), 'crimes.csv');
    return visitor.request('/crimes/import', { method: 'POST', body: form });
  };
  const asFields = Object.fromEntries(Object.entries(columns).map(([heading, field]) => [`column-${heading}`, field]));

  test('is asked what its columns hold; what is said is kept for the next, from whoever it comes', async () => {
    const first = await (await send(file, { how: 'look' })).text();
    expect(first).toContain('What the columns hold');
    expect(first).toContain('name="column-tatzeitvon"');
    const said = await (await send(file, { how: 'look', ...asFields, timeZone: 'Europe/Berlin' })).text();
    expect(said).toContain('V/1');
    expect(await (await send(file, { how: 'look', ...asFields, timeZone: 'Tarn/Valley' })).text()).toContain('is no time zone');
    // Only looked at: nothing is kept.
    expect(await (await send(file, { how: 'look' })).text()).not.toContain('said of such a file before');
    const put = await send(file, { how: 'put', ...asFields, timeZone: 'Europe/Berlin' });
    expect(put.headers.get('location')).toMatch(/^\/imports\/\d+$/);
    const next = file.replaceAll('V/', 'W/');
    const known = await (await send(next, { how: 'look' })).text();
    expect(known).toContain('As Callum Reid said of such a file before.');
    expect(known).toContain('value="Europe/Berlin"');
    // By a program, and so by e-mail, too.
    const result = await importCrimes(serving.waymark.performer, analyst, serving.waymark, { fileName: 'api', bytes: Buffer.from(next) });
    expect([result.accepted, result.refused]).toEqual([2, 0]);
  });
});
