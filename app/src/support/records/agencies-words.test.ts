import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { unzipSync, Zip, type ZipInputFile, zipSync } from 'fflate';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveForTest, temporaryFolder } from '../../../test/serve-for-test.ts';
import { withPurpose } from '../../platform/database.ts';
import {
  computeProfiles,
  declareAgreement,
  importRecords,
  linkRecords,
  type Mapping,
  mappingOfName,
  readMapping,
  sharedFields,
} from '../index.ts';
import { challengeFact } from '../people/challenge-fact.ts';
import { decideChallenge } from '../people/decide-challenge.ts';
import { readPerson } from '../people/page/read-people.ts';
import { readLinks } from '../review/read-links.ts';

type Serving = Awaited<ReturnType<typeof serveForTest>>;
const steward = { id: 'ds', name: 'Dana', role: 'operator', purpose: 'record-linkage' } as const;
const worker = { id: 'sw', name: 'Sol', role: 'support-worker', purpose: 'support' } as const;
const lead = { id: 'ld', name: 'Lea', role: 'support-lead', purpose: 'support' } as const;
const system = { id: 'system', name: 'Waymark', role: 'system', purpose: 'support' } as const;

/** What agencies send, in the shapes in which they send it, and what they no longer say. */
/** A workbook with another sheet, packed by Node: for hundreds of megabytes that is many times faster. */
function withSheet(book: Uint8Array, sheet: Buffer): Buffer {
  const parts: Uint8Array[] = [];
  const zip = new Zip((_error, part) => void parts.push(part));
  for (const [filename, bytes] of Object.entries({ ...unzipSync(book), 'xl/worksheets/sheet1.xml': sheet })) {
    const entry: ZipInputFile = { filename, size: bytes.length, crc: crc32(bytes), compression: 8 };
    zip.add(entry);
    entry.ondata?.(null, deflateRawSync(bytes, { level: 1 }), true);
  }
  zip.end();
  return Buffer.concat(parts);
}

describe('agencies’ words', () => {
  let serving: Serving;
  let folder: ReturnType<typeof temporaryFolder>;
  let today: string;
  beforeAll(async () => {
    serving = await serveForTest();
    folder = temporaryFolder();
    today = new Date().toISOString().slice(0, 10);
  });
  afterAll(async () => {
    await serving.end();
    folder.remove();
  });

  const perform = <I, O>(actor: object, action: object, input: I): Promise<O> =>
    serving.waymark.performer.perform(actor as never, action as never, null, input) as Promise<O>;
  const declare = (source: string, more: object = {}) =>
    perform(steward, declareAgreement, {
      source,
      agency: source,
      title: source,
      purpose: 'To see early who may need help',
      lawfulBasis: 'public task',
      fields: [...sharedFields],
      startsOn: '2026-01-01',
      endsOn: '2030-01-01',
      retentionMonths: 120,
      today,
      ...more,
    });
  const written = (name: string, content: string | Uint8Array) => {
    const path = join(folder.path, name);
    writeFileSync(path, content);
    return path;
  };
  const take = (source: string, name: string, content: string | Uint8Array, mapping: Mapping) =>
    importRecords(serving.waymark.performer, steward as never, { path: written(name, content), source, mapping, timeZone: 'UTC' });
  const facts = (source: string) =>
    withPurpose(serving.waymark.database.db, 'support', 'support', (tx) =>
      tx
        .selectFrom('support.facts as f')
        .innerJoin('support.records as r', 'r.id', 'f.record_id')
        .innerJoin('support.sources as s', 's.id', 'r.source_id')
        .select(['f.value', 'r.key'])
        .where('s.name', '=', source)
        .orderBy('f.id')
        .execute(),
    );
  const identities = (source: string) =>
    withPurpose(serving.waymark.database.db, 'support', 'support', (tx) =>
      tx
        .selectFrom('support.records as r')
        .innerJoin('support.sources as s', 's.id', 'r.source_id')
        .select(['r.key', 'r.identity'])
        .where('s.name', '=', source)
        .orderBy('r.id')
        .execute(),
    );
  const desk = (more = '') =>
    readMapping(`
format: waymark-mapping-1
name: desk
reads: csv
${more}
key: { column: id }
identity:
  forename: { column: first }
  surname: { column: last }
  date_of_birth: { column: born, as: date }
facts:
  - { kind: school exclusion, value: { column: exc }, on: { column: on } }
`);
  const head = 'id,first,last,born,exc,on\n';
  const quentin = (exc: string, on: string, id = '1') => `${head}${id},Quentin,Marlowe,05/06/2012,${exc},${on}\n`;

  test('what an agency no longer says counts no more at once, and what it said is kept', async () => {
    await declare('desk');
    await take('desk', 'a.csv', quentin('permanent', '01/09/2026'), desk());
    expect((await facts('desk')).map(({ value }) => value)).toEqual(['permanent']);
    const second = await take('desk', 'b.csv', quentin('none', '10/10/2026'), desk());
    expect([await facts('desk'), second.counts.ended]).toMatchObject([[{ value: 'none' }], 1]);
    await take('desk', 'c.csv', quentin('', ''), desk());
    expect(await facts('desk')).toEqual([]);
    const kept = await withPurpose(serving.waymark.database.db, 'support', 'support', (tx) =>
      tx.selectFrom('support.former_facts').select('value').orderBy('id').execute(),
    );
    expect(kept.map(({ value }) => value)).toEqual(['permanent', 'none']);
  });

  test('whole lists, changes and additions are told apart', async () => {
    const two = `${head}1,Ada,Bell,01/01/2012,suspended,01/09/2026\n2,Bo,Cole,01/01/2013,permanent,02/09/2026\n`;
    const one = `${head}1,Ada,Bell,01/01/2012,suspended,01/09/2026\n`;
    for (const [delivery, left, told] of [
      ['whole list', ['suspended'], false],
      ['changes', ['suspended', 'permanent'], true],
      ['additions', ['suspended', 'permanent'], false],
    ] as const) {
      await declare(delivery);
      await take(delivery, 'two.csv', two, desk(`delivery: ${delivery}`));
      await withPurpose(serving.waymark.database.db, 'support', 'record-linkage', (tx) =>
        tx.updateTable('support.records').set({ seen_on: sql<never>`date '2026-11-01'` }).execute(),
      );
      const { problems } = await take(delivery, 'one.csv', one, desk(`delivery: ${delivery}`));
      expect((await facts(delivery)).map(({ value }) => value)).toEqual(left);
      expect(problems.some(({ message }) => /are not in this one/.test(message))).toBe(told);
    }
    await declare('adding');
    await take('adding', '1.csv', quentin('suspended', '01/09/2026'), desk('delivery: additions'));
    await take('adding', '2.csv', quentin('permanent', '02/10/2026'), desk('delivery: additions'));
    expect((await facts('adding')).map(({ value }) => value)).toEqual(['suspended', 'permanent']);
  });

  test('a list from which a great part is missing is believed to be a part', async () => {
    await declare('large');
    const rows = (count: number) =>
      head + Array.from({ length: count }, (_, i) => `${i},N${i},Cole,01/01/2013,permanent,02/09/2026\n`).join('');
    await take('large', 'all.csv', rows(60), desk('delivery: whole list'));
    await withPurpose(serving.waymark.database.db, 'support', 'record-linkage', (tx) =>
      tx.updateTable('support.records').set({ seen_on: sql<never>`date '2026-11-01'` }).execute(),
    );
    const { problems, counts } = await take('large', 'few.csv', rows(5), desk('delivery: whole list'));
    expect([counts.missing, counts.ended, (await facts('large')).length]).toEqual([55, 0, 60]);
    expect(problems[0]?.message).toMatch(/nothing was ended/);
  });

  test('a narrowed or expired agreement stops what it does not allow; one that is registered ahead stands', async () => {
    await declare('narrowing');
    await take('narrowing', 'n.csv', quentin('permanent', '01/09/2026', '7701'), desk());
    await linkRecords(serving.waymark.performer, steward as never);
    const person = await withPurpose(serving.waymark.database.db, 'support', 'support', (tx) =>
      tx.selectFrom('support.records').select('person_id').where('key', '=', '7701').executeTakeFirstOrThrow(),
    );
    const standing = async (day = today) =>
      (
        await perform<object, { facts: { source: string; standing: string }[] }>(worker, readPerson, { id: person.person_id, today: day })
      ).facts.find(({ source }) => source === 'narrowing')?.standing;
    expect(await standing()).toBe('relied on');
    await declare('narrowing', { startsOn: '2029-01-01', endsOn: '2031-01-01' });
    expect(await standing()).toBe('relied on');
    await declare('narrowing', { fields: ['forename', 'surname'] });
    expect(await standing()).toBe('not allowed any more');
    const ahead = await withPurpose(serving.waymark.database.db, 'support', 'record-linkage', (tx) =>
      tx.selectFrom('support.agreements').select('ended_at').where('starts_on', '=', '2029-01-01').execute(),
    );
    expect(ahead).toEqual([{ ended_at: null }]);
  });

  test('a challenge that was upheld holds for the statement about the person, whatever its number', async () => {
    await declare('renumbering');
    await take('renumbering', 'r1.csv', `${head}A-1,Zenobia,Quill,05/06/2011,permanent,01/09/2026\n`, desk());
    await linkRecords(serving.waymark.performer, steward as never);
    const of = async (key: string) =>
      withPurpose(serving.waymark.database.db, 'support', 'support', (tx) =>
        tx
          .selectFrom('support.records as r')
          .leftJoin('support.facts as f', 'f.record_id', 'r.id')
          .select(['r.id', 'r.person_id', 'f.id as fact'])
          .where('key', '=', key)
          .executeTakeFirstOrThrow(),
      );
    const first = await of('A-1');
    await perform(worker, challengeFact, { person: first.person_id, fact: first.fact, reason: 'She was never excluded' });
    const challenge = await withPurpose(serving.waymark.database.db, 'support', 'support', (tx) =>
      tx
        .selectFrom('support.challenges')
        .select('id')
        .where('fact_id', '=', first.fact as number)
        .executeTakeFirstOrThrow(),
    );
    await perform(lead, decideChallenge, { id: challenge.id, outcome: 'upheld', reason: 'The school confirms it was another pupil.' });
    await take('renumbering', 'r2.csv', `${head}B-9,Zenobia,Quill,05/06/2011,permanent,01/09/2026\n`, desk());
    const second = await of('B-9');
    await withPurpose(serving.waymark.database.db, 'support', 'record-linkage', (tx) =>
      tx.updateTable('support.records').set({ person_id: first.person_id }).where('id', '=', second.id).execute(),
    );
    const { facts: shown } = await perform<object, { facts: { standing: string }[] }>(worker, readPerson, { id: first.person_id, today });
    expect(shown.map(({ standing }) => standing).sort()).toEqual(['challenged', 'found wrong']);
  });

  const bundle = (...entries: unknown[]) => JSON.stringify({ resourceType: 'Bundle', entry: entries });
  const patient = (more: object = {}) => ({
    resource: { resourceType: 'Patient', id: 'p1', name: [{ family: 'Ashby', given: ['Ann'] }], birthDate: '2010-09-11', ...more },
  });
  const observation = (more: object = {}) => ({
    resource: {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'Substance use screening' },
      subject: { reference: 'Patient/p1' },
      effectiveDateTime: '2026-08-10',
      valueCodeableConcept: { text: 'high' },
      ...more,
    },
  });
  const health = mappingOfName('health') as Mapping;

  test('privacy: what no mapping and no agreement asks for is counted by kind, and nothing of it is kept or shown', async () => {
    await declare('private', { fields: ['forename', 'surname', 'date_of_birth'] });
    const result = await take(
      'private',
      'hiv.json',
      bundle(patient(), observation({ code: { text: 'HIV test result' }, valueCodeableConcept: { text: 'Reactive' } })),
      health,
    );
    expect(result.counts.unread).toEqual({ 'HIV test result': 1 });
    const { rows } = await serving.waymark.database.executeSql('SELECT 1');
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(result)).not.toContain('Reactive');
    const stored = await withPurpose(serving.waymark.database.db, 'support', 'record-linkage', (tx) =>
      tx.selectFrom('support.record_imports').selectAll().execute(),
    );
    expect(JSON.stringify(stored)).not.toContain('Reactive');
    // Not even where the file cannot be read.
    await declare('broken');
    await expect(take('broken', 'broken.json', '{"resourceType":"Bundle","entry":[{"Reactive', health)).rejects.toThrow(/no JSON/);
    await expect(take('broken', 'broken.json', '{"resourceType":"Bundle","entry":[{"Reactive', health)).rejects.not.toThrow(/Reactive/);
    const csv = await take(
      'broken',
      'b.csv',
      `${head}1,Ada,Bell,2012-01-01,,\n2,"Bo,Reactive,2012-01-01,,\n3,Cy,Dow,2012-01-01,,\n`,
      desk(),
    );
    expect(csv.counts).toMatchObject({ added: 2, refused: 1 });
    expect(JSON.stringify(csv.problems)).not.toContain('Reactive');
  });

  test.each<[string, object[], number]>([
    ['entered in error', [patient(), observation({ status: 'entered-in-error' })], 0],
    ['cancelled', [patient(), observation({ status: 'cancelled' })], 0],
    ['restricted', [patient(), observation({ meta: { security: [{ code: 'R' }] } })], 0],
    ['of somebody who died', [patient({ deceasedDateTime: '2026-09-01' }), observation()], 0],
    ['of a record no longer in use', [patient({ active: false }), observation()], 0],
    ['of a record that was replaced', [patient({ link: [{ type: 'replaced-by', other: { reference: 'Patient/p2' } }] }), observation()], 0],
    ['final', [patient(), observation()], 1],
    [
      'coded without a text',
      [patient(), observation({ valueCodeableConcept: { coding: [{ system: 'http://snomed.info/sct', code: '1', display: 'high' }] } })],
      1,
    ],
    [
      'in a component',
      [
        patient(),
        observation({
          valueCodeableConcept: undefined,
          code: { text: 'panel' },
          component: [{ code: { text: 'Substance use screening' }, valueString: 'high' }],
        }),
      ],
      1,
    ],
    [
      'known by its fullUrl',
      [{ ...patient({ id: undefined }), fullUrl: 'urn:uuid:1-2-3' }, observation({ subject: { reference: 'urn:uuid:1-2-3' } })],
      1,
    ],
    ['beside an empty entry', [patient(), null as never, observation()], 1],
  ])('FHIR says how a statement stands: %s', async (name, entries, count) => {
    const source = `fhir ${name}`;
    await declare(source);
    const result = await take(source, 'f.json', bundle(...entries), health).catch((error: Error) => error);
    expect(result).not.toBeInstanceOf(Error);
    expect(await facts(source)).toHaveLength(count);
  });

  test('names and addresses that have ended, and those in one text', async () => {
    await declare('names');
    const names = [{ use: 'official', family: 'Old', given: ['Ann'], period: { end: '2020-01-01' } }, { text: 'Ann Newname' }];
    const addresses = [
      { use: 'home', line: ['1 Old Lane'], period: { end: '2021-01-01' } },
      { use: 'temp', line: ['Hotel'] },
      { text: '2 New Road', postalCode: 'TX1 1AA' },
    ];
    await take('names', 'n.json', bundle(patient({ name: names, address: addresses })), health);
    expect((await identities('names'))[0]?.identity).toMatchObject({
      forename: 'Ann',
      surname: 'Newname',
      address: '2 New Road',
      address_before: '1 Old Lane',
    });
  });

  test('problems of people are never crowded out by what nobody asked for', async () => {
    await declare('crowded');
    const many = Array.from({ length: 12_000 }, () => observation({ code: { text: 'Body height' } }));
    const result = await take(
      'crowded',
      'c.json',
      bundle(patient(), ...many, observation({ subject: { reference: 'Patient/gone' } })),
      health,
    );
    expect(result.counts).toMatchObject({ unread: { 'Body height': 12_000 }, problems: 1 });
    expect(result.problems).toMatchObject([{ column: 'subject.reference' }]);
  });

  test('encodings are recognised, other files named, and long numbers kept digit by digit', async () => {
    await declare('encodings');
    const text = `${head}1,Siân,O’Brien,01/01/2012,,\n`;
    for (const bytes of [
      Buffer.from(`\uFEFF${text}`, 'utf16le'),
      Buffer.from(text, 'utf16le'),
      Buffer.from(text.replace('’', '\x92'), 'latin1'),
      Buffer.from(text),
    ]) {
      await take('encodings', 'e.csv', bytes, desk());
      expect((await identities('encodings'))[0]?.identity).toMatchObject({ forename: 'Siân', surname: 'O’Brien' });
    }
    await expect(take('encodings', 'x.csv', zipSync({ 'xl/workbook.xml': new Uint8Array(3) }), desk())).rejects.toThrow(/Excel/);
    await expect(take('encodings', 'bomb.json', '{"entry":[null]}', health)).rejects.toThrow(/no FHIR bundle/);
    const json = readMapping(
      'format: waymark-mapping-1\nname: j\nreads: json\nkey: { column: ref }\nidentity:\n  forename: { column: first }\n',
    );
    await declare('long');
    await take('long', 'l.json', '[{"ref":9007199254740993,"first":"Ada"},{"ref":9007199254740992,"first":"Bo"}]', json);
    expect((await identities('long')).map(({ key }) => key)).toEqual(['9007199254740993', '9007199254740992']);
  });

  test('one bad quotation mark costs its row; totals, headings again, doubled headings and shifted cells are told', async () => {
    await declare('odd');
    const rows = Array.from({ length: 900 }, (_, i) => (i === 450 ? `${i},"Ada,Bell,2012-01-01,,` : `${i},Ada${i},Bell,2012-01-01,,`)).join(
      '\n',
    );
    expect((await take('odd', 'q.csv', `${head}${rows}\n`, desk())).counts).toMatchObject({ added: 899, refused: 1 });
    const told = await take(
      'odd',
      'o.csv',
      `${head}a1,Ada,Bell,2012-01-01,,\n${head}a2,Bo,Smith, Jr,2012-01-01,,\nTotal,2,,,,\na1,Cy,Other,2013-01-01,,\n`,
      desk(),
    );
    expect(told.counts).toMatchObject({ added: 1, refused: 3 });
    expect(told.problems.map(({ message }) => message).join('\n')).toMatch(/headings stand here again/);
    expect(told.problems.map(({ message }) => message).join('\n')).toMatch(/7 cells, the headings 6[\s\S]*|[\s\S]*is a total[\s\S]*/);
    expect(told.problems.map(({ message }) => message).join('\n')).toMatch(/for somebody else/);
    await expect(take('odd', 'd.csv', 'id,first,last,born,exc,on,id\n1,Ada,Bell,2012-01-01,,,9\n', desk())).rejects.toThrow(
      /"id" stands twice/,
    );
  });

  test('values that are wrong are told: a day that the calendar has not, no forename, a wrong number, a column that is not read', async () => {
    await declare('wrong');
    const mapping = readMapping(
      'format: waymark-mapping-1\nname: w\nreads: csv\nkey: { column: Ref }\nidentity:\n  forename: { column: Forename }\n  surname: { column: Surname }\n  date_of_birth: { column: DOB, as: date }\n  nhs_number: { column: NHS }\n',
    );
    const { problems, counts } = await take(
      'wrong',
      'w.csv',
      'Ref,Forename,Surname,DOB,NHS,Address\n1,,Ashby,31/02/2010,12345,1 Mill Lane\n2,Ann,Ashby,05/06/2012,9434765919,2 Mill Lane\n',
      mapping,
    );
    expect(counts).toMatchObject({ added: 2, refused: 0 });
    expect(problems.map(({ row, column }) => `${row} ${column}`).sort()).toEqual(
      ['0 headings', '1 DOB', '1 Forename', '1 NHS'].map((own) => own.replace('1 ', '2 ')).sort(),
    );
  });

  test('a workbook: what cells show, errors, joined cells, and one that unpacks to a huge one', async () => {
    await declare('book');
    const cell = (ref: string, body: string, style = '') => `<c r="${ref}"${style}>${body}</c>`;
    const text = (ref: string, value: string) => cell(ref, `<is><t>${value}</t></is>`, ' t="inlineStr"');
    const sheet = `<worksheet xmlns="x"><sheetData>
      <row r="1">${['id', 'first', 'last', 'att', 'on'].map((name, i) => text(`${'ABCDE'[i]}1`, name)).join('')}</row>
      <row r="2">${cell('A2', '<v>123</v>', ' s="2"')}${text('B2', 'Ada')}${text('C2', 'Bell')}${cell('D2', '<v>0.95</v>', ' s="1"')}${cell('E2', '<v>46266</v>', ' s="3"')}</row>
      <row r="3">${text('A3', '000124')}${text('B3', 'Bo')}${cell('C3', '<v>#N/A</v>', ' t="e"')}${cell('D3', '<v>88</v>')}${cell('E3', '<v>46266</v>', ' s="3"')}</row>
      <row r="4">${text('A4', '000125')}${text('B4', 'Cy')}</row>
      </sheetData><mergeCells><mergeCell ref="E3:E4"/></mergeCells></worksheet>`;
    const book = (own: string) =>
      zipSync({
        'xl/workbook.xml': Buffer.from('<workbook><sheets><sheet name="S" r:id="r1" xmlns:r="y"/></sheets></workbook>'),
        'xl/_rels/workbook.xml.rels': Buffer.from('<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>'),
        'xl/styles.xml': Buffer.from(
          '<styleSheet><numFmts><numFmt numFmtId="170" formatCode="000000"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="9"/><xf numFmtId="170"/><xf numFmtId="14"/></cellXfs></styleSheet>',
        ),
        'xl/worksheets/sheet1.xml': Buffer.from(own),
      });
    const mapping = readMapping(
      'format: waymark-mapping-1\nname: b\nreads: excel\nkey: { column: id }\nidentity:\n  forename: { column: first }\n  surname: { column: last }\nfacts:\n  - { kind: attendance, value: { column: att }, on: { column: on } }\n',
    );
    const { problems } = await take('book', 'b.xlsx', book(sheet), mapping);
    expect((await identities('book')).map(({ key }) => key)).toEqual(['000123', '000124', '000125']);
    expect((await facts('book')).map(({ value }) => value)).toEqual(['95', '88']);
    expect(problems.some(({ row, column, value }) => row === 3 && column === 'last' && value === '#N/A')).toBe(true);
    const bomb = withSheet(book(''), Buffer.concat([Buffer.from('<worksheet>'), Buffer.alloc(401 * 1024 * 1024, ' ')]));
    expect(bomb.length).toBeLessThan(4 * 1024 * 1024);
    await expect(take('book', 'bomb.xlsx', bomb, mapping)).rejects.toThrow(/more than 400 MB/);
  });

  test('a Common Transfer File as schools’ systems write it', async () => {
    await declare('ctf');
    const xml = `<?xml version="1.0" encoding="ISO-8859-1"?><CTfile><CTFpupilData><Pupil><UPN>B801200005001</UPN><Surname><![CDATA[O'Brien]]></Surname><Forename>Si\xe2n</Forename><DOB>2012-05-06</DOB><Sex>F</Sex><BasicDetails><MiddleNames>Mair</MiddleNames></BasicDetails><Phones><Phone><TelephoneNo>01632 960001</TelephoneNo></Phone></Phones></Pupil></CTFpupilData></CTfile>`;
    const result = await take('ctf', 'c.xml', Buffer.from(xml, 'latin1'), mappingOfName('school-ctf') as Mapping);
    expect(result.counts).toMatchObject({ added: 1, refused: 0 });
    expect((await identities('ctf'))[0]?.identity).toMatchObject({
      forename: 'Siân',
      surname: "O'Brien",
      middle_name: 'Mair',
      sex: 'female',
      phone: '01632 960001',
      upn: 'B801200005001',
    });
    expect(result.problems.some(({ column, value }) => column === 'mapping' && value.includes('Address.AddressLine1'))).toBe(true);
  });

  test('names alone make nobody one person, and the sum that decided is the one that is shown', async () => {
    await declare('housing');
    const housing = mappingOfName('housing') as Mapping;
    await declare('crowd');
    const crowd = Array.from(
      { length: 400 },
      (_, i) => `${i},First${i},Last${i},${String(1 + (i % 28)).padStart(2, '0')}/01/2012,,\n`,
    ).join('');
    await take('crowd', 'crowd.csv', `${head}${crowd}x1,Aurelia,Vantongeren,03/04/2011,,\n`, desk());
    await take(
      'housing',
      'h.csv',
      'TenantRef;Name;OtherName;BirthDate;Sex;Addr;PCode;PrevAddr;PrevPCode;Mobile;Email;Standing;StandingFrom;Work;WorkFrom\nT1;Smith, John;;1 Jan 1900;m;;;;;;;;;;\nT2;Smith, John;;1 Jan 1900;m;;;;;;;;;;\nT3;Vantongeren, Aurelia;;03/04/2011;f;;;;;;;;;;\n',
      housing,
    );
    await linkRecords(serving.waymark.performer, steward as never);
    const personOf = (key: string) =>
      withPurpose(serving.waymark.database.db, 'support', 'record-linkage', (tx) =>
        tx.selectFrom('support.records').select('person_id').where('key', '=', key).executeTakeFirstOrThrow(),
      );
    expect((await personOf('T1')).person_id).not.toBe((await personOf('T2')).person_id);
    const one = await personOf('x1');
    expect((await personOf('T3')).person_id).toBe(one.person_id);
    const links = await perform<object, { pairs: { bits: number; decided: boolean; text: string }[] }>(
      { ...steward, role: 'data-steward' },
      readLinks,
      {
        person: one.person_id,
      },
    );
    expect(links.pairs).toMatchObject([{ decided: true }]);
    expect(links.pairs[0]?.text).toContain(links.pairs[0]?.bits.toFixed(1));
    expect(links.pairs[0]?.bits).toBeGreaterThanOrEqual(5);
    await computeProfiles(serving.waymark.performer, system as never, serving.waymark);
  });
});
