import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRetention } from '../src/oversight/retention/read-retention.ts';
import { agreeToRetention, askForRetention } from '../src/oversight/retention/retention-asks.ts';
import { runRetention } from '../src/oversight/retention/run-retention.ts';
import type { Actor } from '../src/platform/access.ts';
import { verifyAudit } from '../src/platform/audit.ts';
import { withPurpose } from '../src/platform/database.ts';
import { ownActor } from '../src/platform/own-access.ts';
import {
  agreeToSubjectErasure,
  decideSubjectErasure,
  declareOrder,
  declareSubject,
  declareTag,
  importFixes,
  keepSubjects,
  placeSubjectHold,
  supervisionAccess,
} from '../src/supervision/index.ts';
import { closeWearing, openWearing } from '../src/supervision/subjects/wearings.ts';
import { authoriseAbsence } from '../src/supervision/zones/authorise-absence.ts';
import { declareZone } from '../src/supervision/zones/declare-zone.ts';
import { decidePerson } from '../src/support/finding/decide-person.ts';
import {
  agreeToErasure,
  askSupport,
  computeProfiles,
  decideErasure,
  declareAgreement,
  declareService,
  endHold,
  importRecords,
  keepRecords,
  linkRecords,
  placeHold,
  proposeAllocation,
  readMapping,
  readPerson,
  supportAccess,
} from '../src/support/index.ts';
import { addGoal, addReview, addSession, addStep, answerOffer } from '../src/support/offers/package.ts';
import { recordNotice } from '../src/support/offers/tell.ts';
import { challengeFact } from '../src/support/people/challenge-fact.ts';
import { recordReach } from '../src/support/people/page/record-reach.ts';
import { writeNote } from '../src/support/work/notes.ts';
import { addTask } from '../src/support/work/tasks.ts';
import { lead, linker, officer, profiler, steward, worker } from './actors.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';
import { serveForTest, temporaryFolder } from './serve-for-test.ts';
import { toldInOrder } from './told-in-order.ts';
import { trialAgreement } from './trial-agreement.ts';

/** What is past its date or was decided to be erased is gone: from every table, the fix store, memory and the files. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

const today = '2026-11-01';
const calendar = { timeZone: 'Europe/London', now: () => new Date(`${today}T10:00:00Z`) };
const keeper: Actor = { id: 'system', name: 'Waymark', role: 'system', purpose: 'retention' };

const mapping = readMapping(`
format: waymark-mapping-1
name: roll
reads: csv
key: { column: id }
identity:
  forename: { column: first }
  surname: { column: last }
  date_of_birth: { column: born, as: date }
  address: { column: address }
  phone: { column: phone }
  email: { column: email }
  nhs_number: { column: nhs }
facts:
  - { kind: school exclusion, value: { column: excluded }, on: { column: on } }
characteristics:
  ethnicity: { column: ethnic }`);
const head = 'id,first,last,born,address,phone,email,nhs,excluded,on,ethnic\n';
/** Whoever is to go, by values that nobody else has. */
const gone = ['Zebedee', 'Quillfeather', '7 Vanishing Lane', '07700900777', 'zebedee@post.example', '9990000018', 'Zebedeean'];
const rowOf =
  'z1,Zebedee,Quillfeather,2012-05-04,7 Vanishing Lane,07700900777,zebedee@post.example,9990000018,suspended,2026-10-20,Zebedeean\n';

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'retention and erasure on %s',
  toldInOrder,
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    const folder = temporaryFolder();
    let files = 0;
    const perform: typeof serving.waymark.performer.perform = (...args) => serving.waymark.performer.perform(...args);
    const send = async (rows: string) => {
      const path = join(folder.path, `roll-${++files}.csv`);
      writeFileSync(path, head + rows);
      const given = { path, source: 'roll', mapping, timeZone: 'Europe/London' };
      const result = await importRecords(serving.waymark.performer, steward, given, undefined, calendar.now);
      await linkRecords(serving.waymark.performer, linker);
      await computeProfiles(serving.waymark.performer, profiler, calendar);
      return result;
    };
    const personOf = async (key: string) =>
      withPurpose(serving.waymark.database.db, 'support', 'support', async (tx) => {
        const found = await tx.selectFrom('support.records').select('person_id').where('key', '=', key).executeTakeFirst();
        return found?.person_id ?? null;
      });
    /** Every table of every schema, and every file of the data folder that is not the database's own, with one of the words in it. */
    const scan = async (words: readonly string[]): Promise<string[]> => {
      const { database, folder: data, fixes } = serving.waymark;
      const { rows: tables } = (await database.executeSql(
        `SELECT table_schema AS schema, table_name AS name FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'`,
      )) as { rows: { schema: string; name: string }[] };
      expect(tables.length).toBeGreaterThan(60);
      const found: string[] = [];
      for (const { schema, name } of tables) {
        const room = (['support', 'supervision', 'oversight'] as const).find((own) => own === schema);
        const select = sql<{ row: string }>`SELECT t::text AS row FROM ${sql.table(`${schema}.${name}`)} t`;
        const rows =
          room === undefined
            ? ((await database.executeSql(`SELECT t::text AS row FROM "${schema}"."${name}" t`)) as { rows: { row: string }[] }).rows
            : (await withPurpose(database.db, room, room === 'oversight' ? 'oversight' : 'retention', (tx) => select.execute(tx))).rows;
        for (const { row } of rows)
          for (const word of words) if (row.toLowerCase().includes(word.toLowerCase())) found.push(`${schema}.${name}: ${word}`);
      }
      const walk = (path: string): string[] =>
        statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => walk(join(path, name))) : [path];
      for (const path of walk(data.path)) {
        // The database's own pages are tidied by the database: what it can still show was looked at above.
        if (path.startsWith(data.file('records'))) continue;
        const text = readFileSync(path).toString('latin1').toLowerCase();
        for (const word of words) if (text.includes(word.toLowerCase())) found.push(`${path.slice(data.path.length)}: ${word}`);
      }
      expect(await fixes.summary()).toBeDefined();
      return [...new Set(found)];
    };

    beforeAll(async () => {
      // The server's own job is not to come between: it would remove by age what this test is about to.
      const long = { WAYMARK_KEEP_POSITIONS_MONTHS: '600', WAYMARK_KEEP_SUBJECTS_MONTHS: '600' };
      serving = await serveForTest({ ...long, ...(server ? { DATABASE_URL: server.url } : {}) });
      await perform(steward, declareAgreement, null, trialAgreement('roll', { retentionMonths: 12 }));
    });
    afterAll(async () => {
      await serving?.end();
      folder.remove();
    });

    test('after erasure no table and no file has a value of the person, but the audit, which has numbers alone', async () => {
      await send(`${rowOf}k1,Perpetua,Wyndwick,2011-02-03,1 Elm Road,,,,permanent,2026-09-09,\n,Zebedee,Norow,2041-01-01,,,,,,,\n`);
      const person = (await personOf('z1')) as number;
      const { id: service } = await perform(worker, declareService, null, {
        name: 'Back to class',
        kind: 'educational support',
        provider: 'Trust',
        places: 5,
        ageFrom: 5,
        ageTo: 16,
        area: null,
        serves: { exclusion: 0.5 },
      });
      const fact = (await perform(worker, readPerson, null, { id: person, today })).facts[0]?.id ?? 0;
      await perform(worker, recordNotice, null, { person, on: today, whom: 'the person', how: 'told Zebedee in person', today });
      await proposeAllocation(serving.waymark.performer, worker, calendar);
      const { package: pack } = await perform(worker, decidePerson, null, {
        person,
        decision: 'offer',
        service,
        on: '',
        reason: 'agreed with Quillfeather',
        today,
      });
      const id = pack ?? 0;
      await perform(worker, answerOffer, null, {
        id,
        answer: 'accepted',
        basis: 'consent',
        note: 'Zebedee by phone; he understands it',
        today,
      });
      await perform(worker, addGoal, null, { id, goal: 'Zebedee back in class' });
      const goal = await withPurpose(serving.waymark.database.db, 'support', 'support', (tx) =>
        tx.selectFrom('support.goals').select('id').executeTakeFirstOrThrow(),
      );
      await perform(worker, addStep, null, { id, goal: goal.id, step: 'Zebedee meets the head', actor: 'the person', dueOn: '' });
      await perform(worker, addSession, null, { id, heldOn: today, attended: 'attended', text: 'Zebedee came', today });
      await perform(worker, addReview, null, { id, heldOn: today, said: 'Zebedee is glad', nextOn: '', today });
      await perform(worker, writeNote, null, { person, text: 'Zebedee likes football', seenBy: 'the team' });
      await perform(worker, addTask, null, { person, task: 'Call Zebedee', dueOn: today, forName: '' });
      await perform(worker, recordReach, null, { person, areas: 'Zebedee Street' });
      const { code } = await perform(worker, supportAccess.invite, null, { id: person });
      const own = ownActor(serving.waymark.folder.secret('own'), 'pe-1', 'support');
      await perform(own, supportAccess.redeem, null, { code });
      await perform(own, askSupport, null, { kind: 'talk to a human', about: '', said: 'Zebedee would like a call', today });
      await perform(worker, challengeFact, null, { person, fact, reason: 'Zebedee says no' });
      expect((await scan(gone)).length).toBeGreaterThan(12);

      const decide = (rest: object = {}) =>
        perform(lead, decideErasure, null, { person, reason: 'They asked to be forgotten.', named: 'zebedee  quillfeather', ...rest });
      await expect(decide({ named: 'Zebedee' })).rejects.toThrow(/Type the name of whom you mean/);
      await expect(decide({ reason: 'x' })).rejects.toThrow(/in a sentence/);
      await expect(
        perform(worker, decideErasure, null, { person, reason: 'They asked to be forgotten.', named: 'Zebedee Quillfeather' }),
      ).rejects.toThrow(/does not allow/);
      await perform(lead, placeHold, null, { person, until: '2026-12-01', reason: 'A complaint is being looked into.', today });
      await decide();
      await expect(decide()).rejects.toThrow(/decided already/);
      // It takes a second person, who names them too.
      const agree = (who: Actor, named = 'Zebedee Quillfeather', answer: 'agree' | 'take back' = 'agree') =>
        perform(who, agreeToErasure, null, { person, answer, named });
      const second: Actor = { ...lead, id: 'sl-2', name: 'Sam Okafor' };
      await expect(agree(lead)).rejects.toThrow(/second person/);
      await expect(agree(second, 'Quillfeather')).rejects.toThrow(/Type the name/);
      await expect(agree(worker)).rejects.toThrow(/does not allow/);
      await perform(lead, endHold, null, { person });
      await perform(keeper, keepRecords, null, { today });
      expect(await personOf('z1')).toBe(person);
      await agree(second, '', 'take back');
      await expect(agree(second)).rejects.toThrow(/Nobody has decided/);
      await perform(lead, placeHold, null, { person, until: '2026-12-01', reason: 'A complaint is being looked into.', today });
      await decide();
      await agree(second);
      // A hold comes first.
      await perform(keeper, keepRecords, null, { today });
      expect(await personOf('z1')).toBe(person);
      await perform(lead, endHold, null, { person });
      const erased = await perform(keeper, keepRecords, null, { today });
      expect(erased).toMatchObject({
        'support.persons': 1,
        'support.records': 1,
        'support.facts': 1,
        'support.packages': 1,
        'support.notes': 1,
      });
      await runRetention(serving.waymark);
      expect(await scan(gone)).toEqual([]);
      expect(await personOf('k1')).not.toBeNull();
      expect((await verifyAudit(serving.waymark.database.db)).problems).toEqual([]);
    });

    test('an agency that sends somebody erased again brings nobody back', async () => {
      const result = await send(`${rowOf}k2,Lysander,Quarwick,2010-04-05,2 Elm Road,,,,none,2026-09-09,\n`);
      expect(result.counts).toMatchObject({ rows: 2, added: 1 });
      expect(await scan(gone)).toEqual([]);
    });

    test('statements and records go when the time of their agreement is over, and what the agency goes on sending stays', async () => {
      await send(
        'old,Abelard,Longgone,2009-01-01,3 Elm Road,,,,suspended,2026-10-01,\nkept,Heloise,Stillhere,2009-02-02,4 Elm Road,,,,suspended,2026-10-02,\n',
      );
      await withPurpose(serving.waymark.database.db, 'support', 'record-linkage', (tx) =>
        sql`UPDATE support.records SET seen_on = '2025-10-01' WHERE key IN ('old', 'kept')`.execute(tx),
      );
      // Sent again unchanged: it has been seen.
      await send(
        'kept,Heloise,Stillhere,2009-02-02,4 Elm Road,,,,suspended,2026-10-02,\nfresh,New,Comer,2009-03-03,5 Elm Road,,,,none,2026-10-03,\n',
      );
      // An agreement that is yet to come shortens nothing yet, and one that has ended hides nothing that is in force.
      const next = { title: 'From next year', startsOn: '2027-11-01', endsOn: '2028-12-31', retentionMonths: 1 };
      await perform(steward, declareAgreement, null, trialAgreement('roll', next));
      const erased = await perform(keeper, keepRecords, null, { today });
      expect(erased).toMatchObject({ 'support.records': 1, 'support.facts': 1 });
      expect(await personOf('old')).toBeNull();
      // Whom nobody's record stands with goes when they have been nobody for a week.
      expect(erased['support.persons']).toBeUndefined();
      await withPurpose(serving.waymark.database.db, 'support', 'retention', (tx) =>
        sql`UPDATE support.persons p SET ended_at = '2026-10-20' WHERE NOT EXISTS (SELECT FROM support.records r WHERE r.person_id = p.id)`.execute(
          tx,
        ),
      );
      expect((await perform(keeper, keepRecords, null, { today }))['support.persons']).toBeGreaterThan(0);
      expect(await scan(['Abelard', 'Longgone'])).toEqual([]);
      expect(await personOf('kept')).not.toBeNull();
      // A year and a day later the statements are over too.
      const later = await perform(keeper, keepRecords, null, { today: '2027-10-04' });
      expect(later['support.facts']).toBeGreaterThan(0);
      // The same again removes nothing more.
      expect(await perform(keeper, keepRecords, null, { today: '2027-10-04' })).toEqual({});
    });

    test('a subject goes with orders, zones, positions and all when the time is over or it was decided; positions go by age', async () => {
      const services = { intake: serving.waymark.intake };
      const make = async (name: string, serial: string) => {
        const { id: subject } = await perform(officer, declareSubject, null, { reference: `R-${name}`, name: `${name} Tagbearer` });
        const { id: order } = await perform(officer, declareOrder, services, {
          subjectId: subject,
          kind: 'community order',
          authority: `Court of ${name}`,
          startsAt: new Date('2019-01-01T00:00:00Z'),
          endsAt: null,
        });
        await perform(officer, declareTag, services, { serial, model: 'Test' });
        const { id: wearing } = await perform(officer, openWearing, services, {
          subjectId: subject,
          orderId: order,
          serial,
          startsAt: new Date('2019-01-02T00:00:00Z'),
        });
        await perform(officer, declareZone, { live: serving.waymark.live }, {
          orderId: order,
          name: `Home of ${name}`,
          kind: 'inclusion',
          area: { kind: 'circle', lon: -1.5, lat: 53.8, radiusM: 100 },
          hours: [],
          effectiveAt: new Date('2019-01-03T00:00:00Z'),
          reason: 'the order',
        } as never);
        await perform(officer, authoriseAbsence, { live: serving.waymark.live }, {
          orderId: order,
          from: new Date('2019-02-01T00:00:00Z'),
          to: new Date('2019-02-02T00:00:00Z'),
          reason: `${name} sees a doctor`,
        } as never);
        const token = await import('../src/supervision/index.ts').then(({ issueTagCredential }) =>
          perform({ id: 'ad-1', name: 'Ines Duarte', role: 'administrator', purpose: 'administration' }, issueTagCredential, null, {
            serial,
          }),
        );
        const send = (at: string) =>
          serving.server.app.inject({
            method: 'POST',
            url: '/ingest/waymark',
            headers: {
              authorization: `Basic ${Buffer.from(`${serial}:${(token as { secret: string }).secret}`).toString('base64')}`,
              'content-type': 'application/x-ndjson',
            },
            payload: `${JSON.stringify({ tag: serial, at, lon: -1.5, lat: 53.8, accuracyM: 8 })}\n`,
          });
        return { subject, order, wearing, send };
      };
      const old = await make('Aldous', 'T-RET-1');
      const now = await make('Beatrix', 'T-RET-2');
      expect((await old.send('2019-03-01T12:00:00Z')).json()).toMatchObject({ accepted: 1 });
      expect((await now.send('2019-03-01T12:00:00Z')).statusCode).toBeLessThan(300);
      expect((await now.send('2026-10-01T12:00:00Z')).statusCode).toBeLessThan(300);
      await withPurpose(serving.waymark.database.db, 'supervision', 'monitoring', async (tx) => {
        await sql`UPDATE supervision.orders SET ends_at = '2020-06-01' WHERE id = ${old.order}`.execute(tx);
        await sql`UPDATE supervision.wearings SET ends_at = '2020-06-01' WHERE id = ${old.wearing}`.execute(tx);
      });
      const count = async (wearing: number) => (await serving.waymark.fixes.countByWearing(new Map([[wearing, 0]]))).get(wearing) ?? 0;
      expect([await count(old.wearing), await count(now.wearing)]).toEqual([1, 2]);
      const keeps = { positions: 24, subjects: 72, homeDays: 90 };
      const run = (day: string) => perform(keeper, keepSubjects, { fixes: serving.waymark.fixes }, { today: day, keeps });
      await perform(officer, placeSubjectHold, null, {
        subject: old.subject,
        until: '2026-12-01',
        reason: 'The court may ask again.',
        today,
      });
      // The hold keeps everything of its own subject, and nothing of anybody else.
      expect((await run(today)).erased).toEqual({ 'fixes by age': 1 });
      expect([await count(old.wearing), await count(now.wearing)]).toEqual([1, 1]);
      // The hold has ended by then.
      const { erased } = await run('2026-12-02');
      expect(erased).toMatchObject({
        'supervision.subjects': 1,
        'supervision.orders': 1,
        'supervision.zones': 1,
        'supervision.zone_versions': 1,
        fixes: 1,
      });
      expect(await scan(['Aldous'])).toEqual([]);
      expect([await count(old.wearing), await count(now.wearing)]).toEqual([0, 1]);
      await expect(
        perform(officer, decideSubjectErasure, null, {
          subject: now.subject,
          reason: 'The order was quashed.',
          named: 'Beatrix Tagbearer',
        }),
      ).rejects.toThrow(/Take it off first/);
      await perform(
        officer,
        closeWearing,
        { ...services, fixes: serving.waymark.fixes },
        { id: now.wearing, endsAt: new Date('2026-10-02T00:00:00Z') },
      );
      await perform(officer, supervisionAccess.invite, null, { id: now.subject });
      const decided = { subject: now.subject, reason: 'The order was quashed.', named: 'Beatrix Tagbearer' };
      await expect(
        perform(officer, decideSubjectErasure, null, { ...decided, subject: now.subject, named: 'Aldous Tagbearer' }),
      ).rejects.toThrow(/Type the name or the reference/);
      await perform(officer, decideSubjectErasure, null, decided);
      expect((await runRetention(serving.waymark)).supervision).not.toHaveProperty('supervision.subjects');
      const agreed = { subject: now.subject, answer: 'agree', named: 'Beatrix Tagbearer' } as const;
      await expect(perform(officer, agreeToSubjectErasure, null, agreed)).rejects.toThrow(/second person/);
      await perform({ ...officer, id: 'mo-2', name: 'Tom Ashdown' }, agreeToSubjectErasure, null, agreed);
      const last = await runRetention(serving.waymark);
      expect(last.supervision).toMatchObject({ 'supervision.subjects': 1, fixes: 1 });
      expect(await scan(['Beatrix'])).toEqual([]);
      expect(await count(now.wearing)).toBe(0);
    });

    test('a clock that cannot be right, or an unusual share, removes nothing until two people agree', async () => {
      const { waymark } = serving;
      const serial = 'T-RET-9';
      const seed = join(folder.path, 'many.ndjson');
      const begin = Date.UTC(2026, 9, 1);
      writeFileSync(
        seed,
        Array.from({ length: 1500 }, (_, i) =>
          JSON.stringify({ tag: serial, at: new Date(begin + i * 60_000).toISOString(), lat: 53.8, lon: -1.5, accuracy: 8 }),
        ).join('\n'),
      );
      const operator: Actor = { id: 'console:test', name: 'test', role: 'operator', purpose: 'ingest' };
      expect((await importFixes(waymark.performer, waymark.intake, operator, { path: seed, register: true })).accepted).toBe(1500);
      const { fixes: before } = await waymark.fixes.extent();
      const config = { ...waymark.config, WAYMARK_KEEP_POSITIONS_MONTHS: 24 };
      const later = { ...waymark, config, now: () => new Date('2029-11-26T10:00:00Z') } as never;
      const held = await runRetention(later);
      expect(held.asked?.why[1]).toMatch(/ positions would go, \d+ %/);
      expect(held.asked?.why[0]).toMatch(/Is the clock right/);
      expect(held.asked?.wouldGo['fixes by age']).toBeGreaterThanOrEqual(1500);
      expect((await waymark.fixes.extent()).fixes).toBe(before);
      const auditor: Actor = { id: 'au-1', name: 'Aled Price', role: 'auditor', purpose: 'oversight' };
      const id = held.asked?.id ?? 0;
      await expect(perform(officer, agreeToRetention, null, { id })).rejects.toThrow(/does not allow/);
      expect(await perform(auditor, agreeToRetention, null, { id })).toEqual({ stillNeeds: 1 });
      await expect(perform(auditor, agreeToRetention, null, { id })).rejects.toThrow(/another person/);
      expect((await runRetention(later)).asked).not.toBeNull();
      expect((await waymark.fixes.extent()).fixes).toBe(before);
      // With the clock set right the question goes away.
      expect((await runRetention(waymark)).asked).toBeNull();
      expect((await perform(auditor, readRetention, null, null)).ask).toBeNull();
      const again = (await runRetention(later)).asked?.id ?? 0;
      await perform(auditor, agreeToRetention, null, { id: again });
      await perform({ ...auditor, id: 'au-2', name: 'Bea Lloyd' }, agreeToRetention, null, { id: again });
      // They agreed to what they saw. Were it much more, they would be asked again.
      const asked = (more: number) =>
        perform(keeper, askForRetention, null, {
          day: '2029-11-26',
          why: ['why'],
          wouldGo: { 'fixes by age': (held.asked?.wouldGo['fixes by age'] ?? 0) + more },
        });
      expect((await asked(50)).isAgreed).toBe(true);
      expect((await asked(5000)).isAgreed).toBe(false);
      await perform(auditor, agreeToRetention, null, { id: again });
      await perform({ ...auditor, id: 'au-2', name: 'Bea Lloyd' }, agreeToRetention, null, { id: again });
      const done = await runRetention(later);
      expect([done.asked, done.supervision['fixes by age']]).toEqual([null, held.asked?.wouldGo['fixes by age']]);
    });

    test('every table that hangs on somebody can be emptied of them; a new one cannot be forgotten', async () => {
      for (const [room, roots] of [
        ['supervision', ['supervision.subjects', 'supervision.zones']],
        ['support', ['support.persons', 'support.records']],
      ] as const) {
        const { rows } = (await serving.waymark.database.executeSql(
          `WITH RECURSIVE tree AS (
             SELECT unnest(ARRAY[${roots.map((root) => `to_regclass('${root}')`).join(', ')}]) AS t
             UNION SELECT c.conrelid FROM pg_constraint c JOIN tree ON c.confrelid = tree.t
               WHERE c.contype = 'f' AND c.confdeltype <> 'n' AND cardinality(c.conkey) = 1)
           SELECT t::text AS name, has_table_privilege('waymark_${room}', t, 'DELETE') AS deletes,
               EXISTS (SELECT FROM pg_policies p WHERE format('%I.%I', p.schemaname, p.tablename)::regclass = t AND p.qual LIKE '%retention%'
                 AND p.permissive = 'PERMISSIVE') OR NOT (SELECT relrowsecurity FROM pg_class WHERE oid = t) AS seen
             FROM tree WHERE t IS NOT NULL`,
        )) as { rows: { name: string; deletes: boolean; seen: boolean }[] };
        expect(rows.length, room).toBeGreaterThan(8);
        expect(rows.filter(({ deletes, seen }) => !deletes || !seen).map(({ name }) => name)).toEqual([]);
      }
    });

    test('what could not be rewritten or removed before still cannot be, for any purpose but retention', async () => {
      const { db } = serving.waymark.database;
      for (const [room, purpose, table] of [
        ['supervision', 'monitoring', 'tags'],
        ['supervision', 'monitoring', 'tag_steps'],
        ['support', 'support', 'services'],
        ['support', 'support', 'allocation_runs'],
      ] as const) {
        const count = () =>
          withPurpose(db, room, purpose, (tx) =>
            sql<{ n: number }>`SELECT count(*)::int AS n FROM ${sql.table(`${room}.${table}`)}`.execute(tx),
          );
        const before = (await count()).rows[0]?.n ?? 0;
        expect(before, table).toBeGreaterThan(0);
        await withPurpose(db, room, purpose, (tx) => sql`DELETE FROM ${sql.table(`${room}.${table}`)}`.execute(tx));
        expect((await count()).rows[0]?.n, table).toBe(before);
      }
    });
  },
);
