import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts';
import { serveForTest, Visitor } from '../../../test/serve-for-test.ts';
import type { Actor } from '../../platform/access.ts';
import { issueApiToken } from '../../platform/api-tokens.ts';
import { withPurpose } from '../../platform/database.ts';
import { assignCase, holdCase } from '../case-access/index.ts';
import { explainLook } from '../case-access/look-outside.ts';
import { rawFix } from '../fixes/decode/raw-fix.ts';
import { addSharedZone, declareSharedZone } from '../zones/share-zone.ts';
import { importSubjects } from './import-subjects.ts';
import { readSubjectVersion } from './subject-versions.ts';

/** Many people from a file or another system, on both databases. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

const officer: Actor = { id: 'mo-1', name: 'Maya Okonjo', role: 'monitoring-officer', purpose: 'monitoring' };
const head =
  'reference,name,born_on,phone,address,order_kind,authority,order_from,order_to,officer_name,officer_phone,tag,fitted_at,zone,zone_kind,zone_lat,zone_lon,zone_radius_m,zone_days,zone_from,zone_to';
const person = (i: number, { name = `Ann Person ${i}`, radius = '150', tag = `B-${i}` } = {}) =>
  `P-${i},${name},1990-01-02,07700 900001,"1 Mill Lane, Tarn",community order,Tarn Court,2026-09-01 09:00,2027-09-01 09:00,Maya Okonjo,020 7946 0000,${tag},2026-09-02 10:00,Home,curfew,53.09,-1.8255,${radius},1234567,19:00,07:00`;
const further = (i: number) =>
  `P-${i},Ann Person ${i},,,,community order,Tarn Court,2026-09-01 09:00,2027-09-01 09:00,,,,,Station,exclusion,53.09,-1.815,150,,,`;
const file = (...rows: string[]) => [head, ...rows].join('\n');

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'many people on %s',
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    beforeAll(async () => {
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
    });
    afterAll(() => serving?.end());
    const put = (text: string, dryRun = false) => importSubjects(serving.waymark, officer, { text }, dryRun);
    const counts = ({ created, changed, same, problems }: Awaited<ReturnType<typeof put>>) => [created, changed, same, problems.length];
    const tables = [
      'subjects',
      'orders',
      'contacts',
      'addresses',
      'tags',
      'tag_steps',
      'wearings',
      'zones',
      'zone_versions',
      'zone_orders',
    ];
    const everything = () =>
      withPurpose(serving.waymark.database.db, 'supervision', 'monitoring', async (tx) => {
        const found: string[] = [];
        for (const table of tables) {
          const { rows } = await sql<{ n: string }>`
          SELECT count(*) || ' ' || md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS n FROM ${sql.table(`supervision.${table}`)} t`.execute(
            tx,
          );
          found.push(`${table} ${rows[0]?.n}`);
        }
        return found;
      });

    test('go in with everything, and the same file again changes nothing; trying stores nothing', async () => {
      const text = file(...Array.from({ length: 300 }, (_, i) => [person(i), further(i)]).flat());
      const empty = await everything();
      expect(counts(await put(text, true))).toEqual([300, 0, 0, 0]);
      expect(await everything()).toEqual(empty);
      expect(counts(await put(text))).toEqual([300, 0, 0, 0]);
      const full = await everything();
      expect(full.map((own) => own.split(' ').slice(0, 2).join(' '))).toEqual([
        'subjects 300',
        'orders 300',
        'contacts 300',
        'addresses 300',
        'tags 300',
        'tag_steps 600',
        'wearings 300',
        'zones 600',
        'zone_versions 600',
        'zone_orders 600',
      ]);
      expect(counts(await put(text))).toEqual([0, 0, 300, 0]);
      expect(await everything()).toEqual(full);
    });

    test('are watched at once', async () => {
      const { intake, live, database } = serving.waymark;
      // The zones hold from when they went in.
      const fixes = [300, 200, 100].map((ago) => ({ ...rawFix('B-7', Date.now() - ago, -1.815, 53.09), accuracyM: 8, events: null }));
      await intake.accept({ fixes, unreadable: [] }, { kind: 'tag', serial: 'B-7' });
      await live.settled();
      const { rows } = await withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
        sql<{
          kind: string;
          reference: string;
        }>`SELECT a.kind, s.reference FROM supervision.alerts a JOIN supervision.wearings w ON w.id = a.wearing_id
        JOIN supervision.subjects s ON s.id = w.subject_id WHERE a.zone_version_id IS NOT NULL`.execute(tx),
      );
      expect(rows.map(({ reference }) => reference)).toContain('P-7');
    });

    test('what has changed is changed, as a version where it is a rule; what is empty erases nothing', async () => {
      const before = await everything();
      expect(counts(await put(file(person(1, { radius: '200' }), person(2, { name: 'Ann Married' }), further(3))))).toEqual([0, 2, 1, 0]);
      const changed = (await everything()).filter((own, i) => own !== before[i]).map((own) => own.split(' ')[0]);
      expect(changed).toEqual(['subjects', 'zone_versions']);
      const { rows } = await withPurpose(serving.waymark.database.db, 'supervision', 'monitoring', (tx) =>
        sql<{
          version: number;
          radius: string;
        }>`SELECT v.version, v.area ->> 'radiusM' AS radius FROM supervision.zone_versions v JOIN supervision.zone_orders zo ON zo.zone_id = v.zone_id
        JOIN supervision.orders o ON o.id = zo.order_id JOIN supervision.subjects s ON s.id = o.subject_id WHERE s.reference = 'P-1' AND v.name = 'Home' ORDER BY 1`.execute(
          tx,
        ),
      );
      expect(rows).toEqual([
        { version: 1, radius: '150' },
        { version: 2, radius: '200' },
      ]);
    });

    test('bad rows are told with line, column, value and remedy, cost their own person, and the good go in', async () => {
      const result = await put(
        file(
          person(900),
          person(901).replace('1990-01-02', '02/01/1990'),
          person(902).replace('community order', 'probation'),
          person(903).replace('-1.8255', 'west'),
          person(904).replace('2026-09-02 10:00', ''),
          `${person(905)}\n${person(905)}`,
          person(906, { tag: 'B-1' }),
          person(907).replace('1234567', '8'),
          'P-908,"unclosed',
        ),
      );
      expect(counts(result).slice(0, 3)).toEqual([2, 0, 0]);
      expect(result.problems.map(({ row, field, value }) => [row, field, value])).toEqual([
        [3, 'born_on', '02/01/1990'],
        [4, 'order_kind', 'probation'],
        [5, 'zone_lon', 'west'],
        [6, 'fitted_at', ''],
        [8, 'zone', 'Home'],
        [9, 'tag', 'B-1'],
        [10, 'zone_days', '8'],
        [11, 'row', expect.stringContaining('unclosed')],
      ]);
      for (const { message } of result.problems) expect(message).toMatch(/\.$/);
      await expect(put('name\nAnn')).rejects.toThrow(/lacks the headings reference, order_kind/);
    });

    test('nothing is left out without a word: what a further row says otherwise, a cell too many, a column that is not known', async () => {
      const otherwise = further(920).replace('Tarn Court', 'Leeds Court');
      const result = await put(file(person(920), otherwise, `${person(921)},more`, person(922), person(923, { tag: 'B-922' })));
      expect(result.problems.map(({ row, field }) => [row, field])).toEqual([
        [3, 'authority'],
        [4, 'row'],
        [6, 'tag'],
      ]);
      expect(result.problems[0]?.message).toMatch(/Row 2 says “Tarn Court”/);
      expect(counts(result).slice(0, 3)).toEqual([1, 0, 0]);
      const [names = '', row = ''] = file(person(924)).split('\n');
      const unknown = await put([`${names},shoe size`, `${row},9`].join('\n'));
      expect([unknown.created, unknown.problems.map(({ row: at, field }) => [at, field])]).toEqual([1, [[1, 'shoe_size']]]);
      await expect(put([`${names},tag`, row].join('\n'))).rejects.toThrow(/has tag more than once/);
    });

    test('further rows add numbers and absences, end them and take tags off; the same again changes nothing', async () => {
      const names =
        'reference,name,order_kind,authority,order_from,order_to,tag,fitted_at,taken_off_at,tag_state,contact_who,contact_name,contact_phone,contact_ended,absence_from,absence_to,absence_reason';
      const of = (i: number, cells: string) =>
        `F-${i},Fay Person ${i},community order,Tarn Court,2026-09-01 09:00,2027-09-01 09:00,${cells}`;
      const text = [
        names,
        of(1, 'FT-1,2026-09-02 10:00,,,family,A sister,07700 900111,,2027-01-02 10:00,2027-01-03 10:00,a funeral'),
        of(1, ',,,,work,The depot,07700 900112,,2027-02-02 10:00,2027-02-03 10:00,work'),
        of(2, 'FT-2,2026-09-02 10:00,2026-10-02 10:00,in stock,,,,,,,'),
        of(3, ',,,,neighbour,Somebody,07700 900113,,,,'),
        of(4, ',,,,,,,,2027-01-02 10:00,2027-05-02 10:00,a long journey'),
        of(5, 'FT-5,2026-09-02 10:00,2026-09-01 10:00,,,,,,,,'),
      ].join('\n');
      const empty = await everything();
      const tried = await put(text, true);
      expect(await everything()).toEqual(empty);
      const first = await put(text);
      expect([counts(first), first.problems.map(({ row, field }) => [row, field])]).toEqual([
        [2, 0, 0, 3],
        [
          [5, 'contact_who'],
          [6, 'absence_to'],
          [7, 'taken_off_at'],
        ],
      ]);
      expect(counts(tried)).toEqual(counts(first));
      const full = await everything();
      expect(counts(await put(text)).slice(0, 3)).toEqual([0, 0, 2]);
      expect(await everything()).toEqual(full);
      const rows = await withPurpose(serving.waymark.database.db, 'supervision', 'monitoring', async (tx) => ({
        contacts: (
          await sql`SELECT c.who, c.name, c.ended_at IS NULL AS rings FROM supervision.contacts c
          JOIN supervision.subjects s ON s.id = c.subject_id WHERE s.reference = 'F-1' ORDER BY c.id`.execute(tx)
        ).rows,
        absences: (
          await sql`SELECT a.reason FROM supervision.absences a JOIN supervision.orders o ON o.id = a.order_id
          JOIN supervision.subjects s ON s.id = o.subject_id WHERE s.reference = 'F-1' ORDER BY a.id`.execute(tx)
        ).rows,
        worn: (
          await sql`SELECT t.serial, t.state, w.ends_at IS NOT NULL AS is_off FROM supervision.wearings w JOIN supervision.tags t ON t.id = w.tag_id
          WHERE t.serial LIKE 'FT-%' ORDER BY 1`.execute(tx)
        ).rows,
      }));
      expect(rows).toEqual({
        contacts: [
          { who: 'family', name: 'A sister', rings: true },
          { who: 'work', name: 'The depot', rings: true },
        ],
        absences: [{ reason: 'a funeral' }, { reason: 'work' }],
        worn: [
          { serial: 'FT-1', state: 'in stock', is_off: false },
          { serial: 'FT-2', state: 'in stock', is_off: true },
        ],
      });
      // The depot is over, another absence falls into the one that is there, and the tag that is off cannot come off at another time.
      const later = await put(
        [
          names,
          of(1, ',,,,work,The depot,07700 900112,yes,2027-01-03 09:00,2027-01-04 10:00,work'),
          of(2, 'FT-2,2026-09-02 10:00,2026-10-03 10:00,,,,,,,,'),
        ].join('\n'),
      );
      expect([counts(later), later.problems.map(({ row, field }) => [row, field])]).toEqual([
        [0, 1, 1, 2],
        [
          [2, 'absence_from'],
          [3, 'taken_off_at'],
        ],
      ]);
    });

    test('an order with another end or court is varied, and its first version stays; one that would end in the past is told', async () => {
      const varied = (to: string, court = 'Tarn Court') => person(30).replace('2027-09-01 09:00', to).replace(',Tarn Court,', `,${court},`);
      expect(counts(await put(file(varied('2027-10-01 09:00', 'Tarn Crown Court'))))).toEqual([0, 1, 0, 0]);
      expect(counts(await put(file(varied('2027-10-01 09:00', 'Tarn Crown Court'))))).toEqual([0, 0, 1, 0]);
      const told = await put(file(varied('2026-09-20 09:00', 'Tarn Crown Court')));
      expect([counts(told), told.problems[0]?.field]).toEqual([[0, 0, 1, 1], 'order_to']);
      const { rows } = await withPurpose(serving.waymark.database.db, 'supervision', 'monitoring', (tx) =>
        sql`SELECT v.version, v.authority FROM supervision.order_versions v JOIN supervision.orders o ON o.id = v.order_id
          JOIN supervision.subjects s ON s.id = o.subject_id WHERE s.reference = 'P-30' ORDER BY 1`.execute(tx),
      );
      expect(rows).toEqual([
        { version: 1, authority: 'Tarn Court' },
        { version: 2, authority: 'Tarn Crown Court' },
      ]);
    });

    test('an end that is left empty stays; only the word none takes it away', async () => {
      const endOf = async () => {
        const { rows } = await withPurpose(serving.waymark.database.db, 'supervision', 'monitoring', (tx) =>
          sql<{
            ends: Date | null;
          }>`SELECT o.ends_at AS ends FROM supervision.orders o JOIN supervision.subjects s ON s.id = o.subject_id WHERE s.reference = 'P-31'`.execute(
            tx,
          ),
        );
        return rows[0]?.ends?.toISOString() ?? null;
      };
      const to = (text: string) => person(31).replace('2027-09-01 09:00', text);
      expect(counts(await put(file(to(''))))).toEqual([0, 0, 1, 0]);
      expect(await endOf()).toBe('2027-09-01T08:00:00.000Z');
      expect(counts(await put(file(to('none'))))).toEqual([0, 1, 0, 0]);
      expect(await endOf()).toBe(null);
    });

    test('whoever is gone is not put on record by a row that knows them; a time that has begun is nobody’s to excuse by a file', async () => {
      const [names = '', row = ''] = file(person(970)).split('\n');
      const gone = await put([`${names},if_version`, `${row},abc`].join('\n'));
      expect([counts(gone), gone.problems[0]?.field]).toEqual([[0, 0, 0, 1], 'if_version']);
      const { rows } = await withPurpose(serving.waymark.database.db, 'supervision', 'monitoring', (tx) =>
        sql`SELECT id FROM supervision.subjects WHERE reference = 'P-970'`.execute(tx),
      );
      expect(rows).toEqual([]);
      const past = await put(
        [`${names},absence_from,absence_to,absence_reason`, `${person(32)},2026-11-01 10:00,2026-11-02 10:00,was away`].join('\n'),
      );
      expect([counts(past), past.problems[0]?.field]).toEqual([[0, 0, 1, 1], 'absence_from']);
    });

    test('a row that names a version is left out once somebody else has changed the person', async () => {
      const { performer, database } = serving.waymark;
      const versionOf = async (reference: string) => (await performer.perform(officer, readSubjectVersion, null, { reference })).version;
      const [names = '', ...people] = file(person(20, { name: 'Ann Versioned' })).split('\n');
      const asked = (version: string) => put([`${names},if_version`, ...people.map((row) => `${row},${version}`)].join('\n'));
      const known = await versionOf('P-20');
      await withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
        tx.updateTable('supervision.subjects').set({ languages: 'Welsh' }).where('reference', '=', 'P-20').execute(),
      );
      const refused = await asked(known);
      expect([counts(refused), refused.problems[0]?.field]).toEqual([[0, 0, 0, 1], 'if_version']);
      expect(await versionOf('P-20')).not.toBe(known);
      expect(counts(await asked(await versionOf('P-20')))).toEqual([0, 1, 0, 0]);
      expect(await versionOf('P-21')).toBe(await versionOf('P-21'));
      await expect(versionOf('P-nobody')).rejects.toThrow('no such subject');
    });

    test('another officer’s case is left as it is, and costs nobody else; a shared zone is not changed by a file', async () => {
      const { performer, database } = serving.waymark;
      for (const account of ['mo-1', 'mo-2']) await new Visitor(serving.url).signIn(account);
      const idOf = async (reference: string) =>
        (
          await withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
            tx.selectFrom('supervision.subjects').select('id').where('reference', '=', reference).executeTakeFirstOrThrow(),
          )
        ).id;
      await performer.perform(officer, holdCase, null, { subjectId: await idOf('P-10'), holder: 'mo-1', part: 'responsible', toOn: '' });
      const other: Actor = { ...officer, id: 'mo-2', name: 'Tom Ashdown' };
      const text = file(person(10, { radius: '300' }), person(11, { radius: '300' }));
      const asOther = () => importSubjects(serving.waymark, other, { text }, false);
      const result = await asOther();
      expect([counts(result), result.problems.map(({ row, field }) => [row, field])]).toEqual([[0, 1, 0, 1], [[2, 'reference']]]);
      await performer.perform(other, explainLook, null, { id: await idOf('P-10'), reason: 'Their officer is on leave.' });
      expect(counts(await asOther())).toEqual([0, 1, 1, 0]);
      const shared = {
        name: 'Town centre',
        kind: 'exclusion',
        area: { kind: 'circle' as const, lon: -1.8, lat: 53.09, radiusM: 500 },
        hours: [],
      };
      const { zoneId } = await performer.perform(officer, declareSharedZone, null, shared);
      const { rows } = await withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
        sql<{
          id: number;
        }>`SELECT o.id FROM supervision.orders o JOIN supervision.subjects s ON s.id = o.subject_id WHERE s.reference = 'P-12'`.execute(tx),
      );
      await performer.perform(officer, addSharedZone, null, { subjectId: await idOf('P-12'), orderId: rows[0]?.id ?? 0, zoneId });
      const own = further(12).replace('Station', 'Town centre');
      const told = await importSubjects(serving.waymark, officer, { text: file(own) }, false);
      expect([counts(told), told.problems.map(({ field, value }) => [field, value])]).toEqual([[0, 0, 1, 1], [['zone', 'Town centre']]]);
    });

    test('whoever is hidden stays so, and their tag is not given to another', async () => {
      const { performer, database } = serving.waymark;
      for (const account of ['mo-1', 'mo-2']) await new Visitor(serving.url).signIn(account);
      const { id } = await withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
        tx.selectFrom('supervision.subjects').select('id').where('reference', '=', 'P-5').executeTakeFirstOrThrow(),
      );
      await performer.perform(officer, holdCase, null, { subjectId: id, holder: 'mo-1', part: 'responsible', toOn: '' });
      await performer.perform(officer, assignCase, null, { subjectId: id, team: '', isRestricted: true });
      const other: Actor = { ...officer, id: 'mo-2', name: 'Tom Ashdown' };
      const before = await everything();
      const result = await importSubjects(serving.waymark, other, { text: file(person(5, { name: 'Somebody Else' })) }, false);
      expect([counts(result), result.problems[0]?.field]).toEqual([[0, 0, 0, 1], 'reference']);
      expect(await everything()).toEqual(before);
      const taken = await importSubjects(serving.waymark, other, { text: file(person(950, { tag: 'B-5' })) }, false);
      expect([counts(taken), taken.problems[0]?.field]).toEqual([[1, 0, 0, 1], 'tag']);
    });

    test('come from another system by its token, and from a form; each person sees it', async () => {
      const administrator: Actor = { id: 'ad-1', name: 'Ada', role: 'administrator', purpose: 'administration' };
      const { token } = await serving.waymark.performer.perform(administrator, issueApiToken, null, {
        name: 'Casework',
        role: 'monitoring-officer',
      });
      const [names = '', row = ''] = file(person(960)).split('\n');
      const cells = row.replace('"1 Mill Lane, Tarn"', '1 Mill Lane').split(',');
      const subject = Object.fromEntries(names.split(',').map((name, i) => [name, cells[i] ?? '']));
      const ask = (query = '') =>
        fetch(`${serving.url}/api/subjects${query}`, {
          method: 'PUT',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: JSON.stringify({ subjects: [subject] }),
        }).then((response) => response.json() as Promise<{ created: number; same: number; dryRun: boolean }>);
      expect(await ask('?dryRun=yes')).toMatchObject({ created: 1, dryRun: true });
      expect(await ask()).toMatchObject({ created: 1, dryRun: false });
      expect(await ask()).toMatchObject({ created: 0, same: 1 });
      const sent = await fetch(`${serving.url}/api/subjects/import`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv' },
        body: file(person(961)),
      });
      expect(await sent.json()).toMatchObject({ rows: 1, created: 1, problems: [] });
      const visitor = new Visitor(serving.url);
      await visitor.signIn('mo-1');
      const form = new FormData();
      form.set('_csrf', await visitor.csrf('/subjects/import'));
      form.set('how', 'put');
      form.set('file', new Blob([file(person(962), person(963).replace('1990-01-02', 'x'))]), 'people.csv');
      const page = await (await visitor.request('/subjects/import', { method: 'POST', body: form })).text();
      expect(page).toMatch(/<b>1<\/b> new/);
      expect(page).toContain('born_on');
      // The same for a script that tells on the way how far it is; tried, so that nothing is on record twice.
      const again = new FormData();
      again.set('_csrf', await visitor.csrf('/subjects/import'));
      again.set('how', 'try');
      again.set('file', new Blob([file(...Array.from({ length: 600 }, (_, i) => person(2000 + i)))]), 'people.csv');
      const headers = { accept: 'application/x-ndjson' };
      const stream = await visitor.request('/subjects/import', { method: 'POST', body: again, headers });
      expect(stream.headers.get('content-type')).toBe('application/x-ndjson');
      const lines = (await stream.text())
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object);
      expect(lines.slice(0, -1)).toEqual([0, 250, 500].map((done) => ({ done, all: 600 })));
      expect(lines.at(-1)).toEqual({ result: expect.stringContaining('<b>600</b> new') });
      const none = new FormData();
      none.set('_csrf', await visitor.csrf('/subjects/import'));
      none.set('file', new Blob(['\0\xff']), 'people.csv');
      const refused = await visitor.request('/subjects/import', { method: 'POST', body: none, headers });
      expect(await refused.text()).toMatch(/^\{"(failed|result)":"[^"]{10,}/);
      const { rows } = await withPurpose(serving.waymark.database.db, 'oversight', 'oversight', (tx) =>
        sql<{
          n: number;
        }>`SELECT count(*)::int AS n FROM oversight.audit_entries WHERE action = 'subject.import' AND about_kind = 'subject'`.execute(tx),
      );
      expect(rows[0]?.n).toBe(300 + 2 + 2 + 2 + 2 + 1 + 1 + 1 + 1 + 2 + 1 + 1 + 1 + 1);
      const named = await withPurpose(serving.waymark.database.db, 'oversight', 'oversight', (tx) =>
        sql<{ action: string; n: number }>`SELECT action, count(*)::int AS n FROM oversight.audit_entries
          WHERE detail ->> 'by' = 'subject.import' GROUP BY 1 ORDER BY 1`.execute(tx),
      );
      expect(named.rows).toEqual([
        { action: 'absence.authorise', n: 2 },
        { action: 'order.vary', n: 2 },
        { action: 'wearing.close', n: 1 },
      ]);
    });
  },
);
