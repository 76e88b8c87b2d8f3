import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveForTest, Visitor } from '../../../test/serve-for-test.ts';
import { withPurpose } from '../../platform/database.ts';

const head = 'Crime ref,Offence,Start,End,Lat,Long';
const file = [
  head,
  'A/101,Robbery,25/11/2026 20:10,25/11/2026 20:30,53.0884,-1.8441',
  'A/103,Theft from vehicle,25/11/2026 21:10,,53.0871,-1.8372',
  'A/104,Robbery,25/11/2026 22:00,25/11/2026 21:00,53.0871,-1.8372',
  'A/101,Robbery,25/11/2026 20:15,25/11/2026 20:30,53.0884,-1.8441',
  ',Robbery,25/11/2026 22:00,25/11/2026 22:20,53.0912,-1.8301',
].join('\n');

describe('a file of crimes is looked at before it goes in', () => {
  let serving: Awaited<ReturnType<typeof serveForTest>>;
  let visitor: Visitor;
  beforeAll(async () => {
    serving = await serveForTest();
    visitor = new Visitor(serving.url);
    await visitor.signIn('ca-1');
  });
  afterAll(() => serving?.end());

  async function send(text: string, fields: Record<string, string>): Promise<Response> {
    const form = new FormData();
    form.set('_csrf', await visitor.csrf('/crimes/import'));
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    form.set('file', new Blob([text], { type: 'text/csv' }), 'export.csv');
    return visitor.request('/crimes/import', { method: 'POST', body: form });
  }

  const onRecord = () =>
    withPurpose(serving.waymark.database.db, 'supervision', 'crime-matching', async (tx) => ({
      crimes: await tx
        .selectFrom('supervision.crime_versions as v')
        .innerJoin('supervision.crimes as c', 'c.id', 'v.crime_id')
        .select(['c.reference', 'v.version', 'v.to_at'])
        .orderBy('v.id')
        .execute(),
      imports: (await tx.selectFrom('supervision.imports').select('id').execute()).length,
    }));
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

  test('every row is told, an end is asked for, and nothing is stored; but that somebody looked is on record', async () => {
    const page = await (await send(file, { how: 'look' })).text();
    expect(page).toContain('This is how it is read');
    expect(page).toContain(
      '<b>2</b> new, <b>0</b> changed, <b>0</b> as they were, <b>1</b> in another row too, <b>2</b> that cannot go in, from 5 rows',
    );
    expect(page).toContain('name="end-3"');
    expect(page).not.toContain('name="end-2"');
    expect(page).toContain(`value="${sha256(file)}"`);
    expect(page).toContain('Crime ref as reference, Offence as type');
    expect(await onRecord()).toEqual({ crimes: [], imports: 0 });
    const looks = await withPurpose(serving.waymark.database.db, 'oversight', 'oversight', (tx) =>
      tx.selectFrom('oversight.audit_entries').select('detail').where('action', '=', 'crime.import').execute(),
    );
    expect(looks.map(({ detail }) => detail)).toContainEqual({ looked: 3 });
  });

  test('an end that was given goes in with its file, and with no other', async () => {
    const ends = { 'end-3': '2026-11-25T21:40', looked: sha256(file) };
    const other = await send(`${file}\n`, { how: 'put', ...ends });
    expect(other.status).toBe(400);
    expect(await other.text()).toContain('The ends that you gave are for another file than this one.');
    expect((await onRecord()).imports).toBe(0);
    const put = await send(file, { how: 'put', ...ends });
    expect([put.status, put.headers.get('location')]).toEqual([302, '/imports/1']);
    const { crimes } = await onRecord();
    expect(crimes.map(({ reference, version }) => `${reference} ${version}`)).toEqual(['A/101 1', 'A/103 1', 'A/101 2']);
    expect(crimes[1]?.to_at).toEqual(new Date('2026-11-25T21:40Z'));
  });

  test('what is on record already is told as that', async () => {
    const again = [
      head,
      'A/103,Theft from vehicle,25/11/2026 21:10,25/11/2026 21:40,53.0871,-1.8372',
      'A/101,Robbery,25/11/2026 20:10,25/11/2026 20:31,53.0884,-1.8441',
    ].join('\n');
    const page = await (await send(again, { how: 'look' })).text();
    expect(page).toContain('<b>0</b> new, <b>1</b> changed, <b>1</b> as they were');
  });

  test('of many rows without an end as many are asked about as a form can answer, and the rest are told', async () => {
    const many = [head, ...Array.from({ length: 60 }, (_, i) => `M/${i},Robbery,25/11/2026 20:10,,53.0884,-1.8441`)].join('\n');
    const page = await (await send(many, { how: 'look' })).text();
    const asked = [...page.matchAll(/name="(end-\d+)"/g)].map(([, name]) => name as string);
    expect(asked).toHaveLength(40);
    expect(page).toContain('20 more have no end.');
    const ends = Object.fromEntries(asked.map((name) => [name, '2026-11-25T21:00']));
    expect((await send(many, { how: 'put', looked: sha256(many), ...ends })).status).toBe(302);
    const { crimes } = await onRecord();
    const ended = crimes.filter(({ reference, to_at }) => reference.startsWith('M/') && to_at.getTime() === Date.UTC(2026, 10, 25, 21));
    expect(ended).toHaveLength(40);
  });

  test('a file that cannot be read, or none, is told, and the page is there again', async () => {
    const empty = await send('', { how: 'look' });
    expect(empty.status).toBe(400);
    expect(await empty.text()).toContain('The file is empty.');
    expect(await (await send('PK\u0003\u0004', { how: 'look' })).text()).toContain('cannot go in');
  });
});
