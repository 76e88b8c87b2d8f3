import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyAudit } from '../src/platform/audit.ts';
import { withPurpose } from '../src/platform/database.ts';
import { ownActor } from '../src/platform/own-access.ts';
import {
  decideAlert,
  declareOrder,
  declareSubject,
  declareTag,
  decodeWaymarkLines,
  listAlerts,
  supervisionAccess,
} from '../src/supervision/index.ts';
import { openWearing } from '../src/supervision/subjects/wearings.ts';
import { declareZone } from '../src/supervision/zones/declare-zone.ts';
import { decidePerson } from '../src/support/finding/decide-person.ts';
import { findPeople } from '../src/support/finding/find-people.ts';
import {
  computeProfiles,
  declareAgreement,
  declareService,
  importRecords,
  linkRecords,
  readMapping,
  readPerson,
  supportAccess,
} from '../src/support/index.ts';
import { recordNotice } from '../src/support/offers/tell.ts';
import { writeNote } from '../src/support/work/notes.ts';
import { linker, officer, profiler, steward, worker } from './actors.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';
import { serveForTest, temporaryFolder, Visitor } from './serve-for-test.ts';
import { toldInOrder } from './told-in-order.ts';
import { trialAgreement } from './trial-agreement.ts';

/** What people see of themselves, on both databases: their own and nobody else's, and what they can answer. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

const today = '2026-11-01';
const calendar = { timeZone: 'Europe/London', now: () => new Date(`${today}T10:00:00Z`) };

const mapping = readMapping(`
format: waymark-mapping-1
name: roll
reads: csv
key: { column: id }
identity:
  forename: { column: first }
  surname: { column: last }
  date_of_birth: { column: born, as: date }
facts:
  - { kind: school exclusion, value: { column: excluded }, on: { column: on } }
characteristics:
  ethnicity: { column: ethnic }`);

/** Two people; each is known to both halves, and their two accounts are pe-1 and pe-2. */
interface Own {
  account: string;
  person: number;
  subject: number;
  /** A word that stands in each thing held of this person, and in nothing of the other. */
  word: string;
}

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  "the person's own view on %s",
  toldInOrder,
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    const folder = temporaryFolder();
    const people: Own[] = [];
    const visitors = new Map<string, Visitor>();
    const perform: typeof serving.waymark.performer.perform = (...args) => serving.waymark.performer.perform(...args);
    const visitorOf = (account: string) => visitors.get(account) as Visitor;
    const textOf = async (account: string, path: string) => (await visitorOf(account).follow(path)).text();
    const post = async (account: string, path: string, form: Record<string, string> = {}) => {
      const visitor = visitorOf(account);
      const _csrf = await visitor.csrf('/me');
      return visitor.request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ ...form, _csrf }),
      });
    };
    const paths = ['/me', '/me/tag', '/me/places', '/me/support', '/me/looks', '/me/questions', '/me/copy', '/me/copy.json'];

    beforeAll(async () => {
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
      await perform(steward, declareAgreement, null, trialAgreement('roll'));
      const path = join(folder.path, 'roll.csv');
      writeFileSync(
        path,
        'id,first,last,born,excluded,on,ethnic\na,Perpetua,Wyndwick,2012-05-04,suspended,2026-10-20,Mixed Wyndwick\nb,Lysander,Quarwick,2013-01-02,permanent,2026-06-15,Other Quarwick\n',
      );
      const given = { path, source: 'roll', mapping, timeZone: 'Europe/London' };
      await importRecords(serving.waymark.performer, steward, given, undefined, calendar.now);
      await linkRecords(serving.waymark.performer, linker);
      await computeProfiles(serving.waymark.performer, profiler, calendar);
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
      for (const [key, account, word, serial] of [
        ['a', 'pe-1', 'Wyndwick', 'T-OWN-1'],
        ['b', 'pe-2', 'Quarwick', 'T-OWN-2'],
      ] as const) {
        const { person_id } = await withPurpose(serving.waymark.database.db, 'support', 'support', (tx) =>
          tx.selectFrom('support.records').select('person_id').where('key', '=', key).executeTakeFirstOrThrow(),
        );
        const person = person_id as number;
        await perform(worker, recordNotice, null, { person, on: today, whom: 'the person', how: `in person, ${word}`, today });
        await perform(worker, decidePerson, null, { person, decision: 'offer', service, on: '', reason: `agreed with ${word}`, today });
        await perform(worker, writeNote, null, { person, text: `well done ${word}`, seenBy: 'the person and the team' });
        await perform(worker, writeNote, null, { person, text: `secret of the team`, seenBy: 'the team' });
        const { id: subject } = await perform(officer, declareSubject, null, { reference: `R-${word}`, name: `${word} on a tag` });
        const services = { intake: serving.waymark.intake };
        const { id: order } = await perform(officer, declareOrder, services, {
          subjectId: subject,
          kind: 'community order',
          authority: `Court of ${word}`,
          startsAt: new Date('2026-09-01T00:00:00Z'),
          endsAt: null,
        });
        await perform(officer, declareTag, services, { serial, model: 'Test' });
        await perform(officer, openWearing, services, {
          subjectId: subject,
          orderId: order,
          serial,
          startsAt: new Date('2026-09-02T00:00:00Z'),
        });
        await perform(officer, declareZone, { live: serving.waymark.live }, {
          orderId: order,
          name: `Zone of ${word}`,
          kind: 'exclusion',
          area: { kind: 'circle', lon: -1.5, lat: 53.8, radiusM: 200 },
          hours: [],
          effectiveAt: new Date('2026-09-03T00:00:00Z'),
          reason: 'the order',
        } as never);
        people.push({ account, person, subject, word });
        const visitor = new Visitor(serving.url);
        await visitor.signIn(account);
        visitors.set(account, visitor);
      }
    });
    afterAll(async () => {
      await serving?.end();
      folder.remove();
    });

    test('before a code is entered nothing is shown, whatever is asked', async () => {
      for (const { account, word } of people) {
        for (const path of paths) {
          const text = await textOf(account, path);
          expect(text, path).not.toContain(word);
          expect(text, path).not.toContain('Sorry, there is a problem');
        }
      }
    });

    test('a code opens one half for one account, once; a wrong, used or old one opens nothing', async () => {
      for (const { account, person, subject } of people) {
        const { code } = await perform(worker, supportAccess.invite, null, { id: person });
        const tagCode = await perform(officer, supervisionAccess.invite, null, { id: subject });
        expect(code).toMatch(/^S[A-Z2-9]{3}-[A-Z2-9]{4}-[A-Z2-9]{4}$/);
        expect((await post(account, '/me/code', { code: 'SAAA-AAAA-AAAA' })).status).toBe(400);
        expect((await post(account, '/me/code', { code: 'nonsense' })).status).toBe(400);
        expect((await post(account, '/me/code', { code: code.toLowerCase().replaceAll('-', ' ') })).status).toBe(302);
        expect((await post(account, '/me/code', { code: tagCode.code })).status).toBe(302);
        // A second account gets nothing by it.
        const other = account === 'pe-1' ? 'pe-2' : 'pe-1';
        expect((await post(other, '/me/code', { code })).status).toBe(400);
      }
      const late = await perform(worker, supportAccess.invite, null, { id: people[0]?.person ?? 0 });
      await withPurpose(serving.waymark.database.db, 'support', 'support', (tx) =>
        sql`UPDATE support.own_invitations SET expires_at = now() - interval '1 minute' WHERE used_at IS NULL`.execute(tx),
      );
      expect((await post('pe-2', '/me/code', { code: late.code })).status).toBe(400);
    });

    test('each sees all of their own on every page, and nothing of the other', async () => {
      for (const { account, word } of people) {
        const other = people.find((own) => own.account !== account)?.word ?? '';
        const all: string[] = [];
        for (const path of paths) {
          const text = await textOf(account, path);
          expect(text, `${account} ${path}`).not.toContain(other);
          expect(text, `${account} ${path}`).not.toContain('secret of the team');
          all.push(text);
        }
        const [, tag, , support, looks, , copy, json] = all as [string, string, string, string, string, string, string, string];
        expect(tag).toContain(`Zone of ${word}`);
        expect(support).toContain(`well done ${word}`);
        expect(support).toContain('Back to class');
        expect(looks).toContain('Joan Achebe');
        expect(looks).toContain('Maya Okonjo');
        expect(copy).toContain(word);
        const { support: held, supervision } = JSON.parse(json) as Record<string, Record<string, unknown[]>>;
        expect(held?.facts?.length).toBe(1);
        expect(held?.records?.length).toBe(1);
        expect(held?.characteristics?.length).toBe(1);
        expect(supervision?.subjects?.length).toBe(1);
        expect(supervision?.zone_versions?.length).toBe(1);
        // Nothing of others, and nothing that would tell where somebody else is or lives.
        expect(json).not.toMatch(/next_person|credential_hash|delay_reason|crime_versions/);
        expect(supervision?.tags?.length).toBe(1);
      }
    });

    test('why an alert was closed is read by whom it is about, on their page and in their copy, and by nobody else', async () => {
      const [{ account, subject, word } = { account: '', subject: 0, word: '' }, other] = people;
      const { serial } = await withPurpose(serving.waymark.database.db, 'supervision', 'monitoring', (tx) =>
        tx
          .selectFrom('supervision.wearings as w')
          .innerJoin('supervision.tags as t', 't.id', 'w.tag_id')
          .select('t.serial')
          .where('w.subject_id', '=', subject)
          .executeTakeFirstOrThrow(),
      );
      const decoded = decodeWaymarkLines(
        JSON.stringify({ tag: serial, at: '2026-09-10T10:00:00Z', lat: 53.9, lon: -1.6, accuracy: 8, events: ['strap-cut'] }),
      );
      await serving.waymark.intake.accept(decoded, { kind: 'gateway', name: 'test' });
      await serving.waymark.live.settled();
      const { rows: alerts } = await perform(officer, listAlerts, null, { list: 'open', search: '', limit: 50, offset: 0 });
      const alert = alerts.find((own) => own.subject_id === subject);
      await perform(officer, decideAlert, null, {
        id: alert?.id ?? 0,
        step: 'closed',
        outcome: 'equipment',
        note: `The strap of ${word} was worn through`,
      });
      expect(await textOf(account, '/me/tag')).toContain(`The strap of ${word} was worn through`);
      expect(await textOf(account, '/me/copy')).toContain(`The strap of ${word} was worn through`);
      for (const path of paths) expect(await textOf(other?.account ?? '', path)).not.toContain('was worn through');
    });

    test('a session reaches only its own rows: any table of either half, any way of asking', async () => {
      const { db } = serving.waymark.database;
      const secret = serving.waymark.folder.secret('own');
      const { rows: tables } = (await serving.waymark.database.executeSql(
        `SELECT table_schema AS room, table_name AS name FROM information_schema.tables WHERE table_schema IN ('support', 'supervision') ORDER BY 1, 2`,
      )) as { rows: { room: 'support' | 'supervision'; name: string }[] };
      expect(tables.length).toBeGreaterThan(40);
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...people), fc.constantFrom(...tables), async ({ account, word }, { room, name }) => {
          const other = people.find((own) => own.account !== account)?.word ?? '';
          const { self = '' } = ownActor(secret, account, room);
          const { rows } = await withPurpose(
            db,
            room,
            'self',
            (tx) => sql<{ row: string }>`SELECT t::text AS row FROM ${sql.table(`${room}.${name}`)} t`.execute(tx),
            { self },
          );
          const text = rows.map(({ row }) => row).join('\n');
          expect(text, `${room}.${name} for ${word}`).not.toContain(other);
          expect(text).not.toContain('secret of the team');
          // The key of one half opens nothing of the other, and none opens nothing at all.
          const wrong = ownActor(secret, account, room === 'support' ? 'supervision' : 'support').self ?? '';
          for (const key of [wrong, '', 'x']) {
            const seen = await withPurpose(
              db,
              room,
              'self',
              (tx) => sql<{ row: string }>`SELECT t::text AS row FROM ${sql.table(`${room}.${name}`)} t`.execute(tx),
              { self: key },
            );
            expect(seen.rows.map(({ row }) => row).join('\n')).not.toMatch(/Wyndwick|Quarwick/);
          }
        }),
        { numRuns: 60 },
      );
    });

    test('with the numbers of another swapped in, every route that takes one refuses', async () => {
      const [one, two] = people as [Own, Own];
      const factOf = async ({ person }: Own) => (await perform(worker, readPerson, null, { id: person, today })).facts[0]?.id ?? 0;
      for (const [own, other] of [
        [one, two],
        [two, one],
      ] as const) {
        const response = await post(own.account, `/me/facts/${await factOf(other)}/wrong`, { reason: 'This is not about me.' });
        expect(response.status).toBe(404);
        const { facts } = await perform(worker, readPerson, null, { id: other.person, today });
        expect(facts[0]?.standing).toBe('relied on');
        for (const path of [
          `/people/${other.person}`,
          `/subjects/${other.subject}`,
          '/people',
          '/subjects',
          `/api/people/${other.person}`,
          '/audit',
          '/cases',
          '/requests',
        ]) {
          const seen = await visitorOf(own.account).request(path);
          expect([403, 404], path).toContain(seen.status);
          expect(await seen.text(), path).not.toContain(other.word);
        }
      }
    });

    test('nothing that is stored says that a wearer and a helped person are one', async () => {
      const secret = serving.waymark.folder.secret('own');
      for (const { account } of people) {
        const keys = (['support', 'supervision'] as const).map((room) => ownActor(secret, account, room));
        expect(keys[0]?.self).not.toBe(keys[1]?.self);
        expect(keys[0]?.id).not.toBe(keys[1]?.id);
      }
      const { rows } = await withPurpose(serving.waymark.database.db, 'oversight', 'oversight', (tx) =>
        sql<{ actor: string; rooms: number }>`
        SELECT actor, count(DISTINCT CASE WHEN about_kind IN ('person', 'fact') THEN 1 WHEN about_kind = 'subject' THEN 2 END)::int AS rooms
          FROM oversight.audit_entries WHERE role = 'person' AND outcome = 'done' GROUP BY actor`.execute(tx),
      );
      expect(rows.length).toBeGreaterThan(3);
      for (const { actor, rooms } of rows) expect(rooms, actor).toBeLessThanOrEqual(1);
    });

    test('what the person says is wrong counts no more at once, and the lead is asked', async () => {
      const [{ account, person } = people[0] as Own] = people;
      const fact = (await perform(worker, readPerson, null, { id: person, today })).facts[0]?.id ?? 0;
      expect((await post(account, `/me/facts/${fact}/wrong`, { reason: '' })).status).toBe(400);
      expect((await post(account, `/me/facts/${fact}/wrong`, { reason: 'The school took it back.' })).status).toBe(302);
      const view = await perform(worker, readPerson, null, { id: person, today });
      expect(view.facts[0]?.standing).toBe('challenged');
      expect(view.challenges).toMatchObject([{ reason: 'The school took it back.', byName: 'The person themselves', outcome: null }]);
      expect(await textOf(account, '/me/support')).toContain('We are looking into it.');
    });

    test('stopping the support is one action: packages end, no profile is worked out, no list has them; they can come back', async () => {
      const [, own] = people as [Own, Own];
      await computeProfiles(serving.waymark.performer, profiler, calendar);
      const summaries = () =>
        withPurpose(serving.waymark.database.db, 'support', 'support', (tx) =>
          tx.selectFrom('support.person_summaries').select('person_id').where('person_id', '=', own.person).execute(),
        );
      expect((await summaries()).length).toBe(1);
      expect((await post(own.account, '/me/stop', { said: '' })).status).toBe(302);
      expect(await summaries()).toEqual([]);
      await computeProfiles(serving.waymark.performer, profiler, calendar);
      expect(await summaries()).toEqual([]);
      const view = await perform(worker, readPerson, null, { id: own.person, today });
      expect(view).toMatchObject({
        profile: { reason: 'somebody who has stopped all support' },
        triggers: [],
        packages: [{ state: 'declined' }],
      });
      const service = view.services[0]?.id ?? 0;
      await expect(
        perform(worker, decidePerson, null, { person: own.person, decision: 'offer', service, on: '', reason: 'again', today }),
      ).rejects.toThrow(/has stopped all support/);
      const { rows } = await perform(worker, findPeople, null, { sort: 'need', today, limit: 50, offset: 0 });
      expect(rows.map(({ person }) => person)).not.toContain(own.person);
      expect((await post(own.account, '/me/stop', { said: 'again' })).status).toBe(400);
      // Nothing else is lowered: the other half knows nothing of it.
      expect(await textOf(own.account, '/me/tag')).toContain(`Zone of ${own.word}`);
      expect((await post(own.account, '/me/back')).status).toBe(302);
      await computeProfiles(serving.waymark.performer, profiler, calendar);
      expect((await summaries()).length).toBe(1);
    });

    test('a question has a clock, an owner and an answer that the person reads', async () => {
      const [own] = people as [Own, Own];
      expect((await post(own.account, '/me/questions', { half: '', kind: 'talk to a human', said: 'Please call me.' })).status).toBe(400);
      expect((await post(own.account, '/me/questions', { half: 'support', kind: 'shout', said: 'x y z' })).status).toBe(400);
      for (const half of ['support', 'tag'])
        expect(
          (await post(own.account, '/me/questions', { half, kind: 'talk to a human', about: 'Tuesday', said: 'Please call me.' })).status,
        ).toBe(302);
      const { supportCases } = await import('../src/support/index.ts');
      const { rows, open } = await perform(worker, supportCases.list, null, { limit: 50, offset: 0 });
      const mine = rows.find(({ kind }) => kind === 'talk to a human');
      expect(mine).toMatchObject({ who: own.person, about: 'Tuesday', owner: null, reply: null });
      expect(open).toBeGreaterThan(0);
      expect(mine && mine.dueOn > mine.openedAt.toISOString().slice(0, 10)).toBe(true);
      const id = mine?.id ?? 0;
      await expect(perform(officer, supportCases.list, null, { limit: 1, offset: 0 })).rejects.toThrow(/does not allow/);
      await perform(worker, supportCases.answer, null, { id, take: true, reply: '' });
      await expect(perform(worker, supportCases.answer, null, { id, take: false, reply: 'ok' })).rejects.toThrow(/in a sentence/);
      await perform(worker, supportCases.answer, null, { id, take: false, reply: 'I called you on Tuesday and we spoke.' });
      await expect(perform(worker, supportCases.answer, null, { id, take: false, reply: 'And again, once more.' })).rejects.toThrow(
        /answered already/,
      );
      expect(await textOf(own.account, '/me/questions')).toContain('I called you on Tuesday and we spoke.');
      expect(await textOf('pe-2', '/me/questions')).not.toContain('I called you on Tuesday');
    });

    test('the copy has every table that can mention somebody; a new one cannot be forgotten', async () => {
      const { rows: columns } = (await serving.waymark.database.executeSql(`
      SELECT c.table_schema AS room, c.table_name AS name, array_agg(c.column_name::text) AS columns FROM information_schema.columns c
        WHERE c.table_schema IN ('support', 'supervision') GROUP BY 1, 2`)) as {
        rows: { room: string; name: string; columns: string[] }[];
      };
      const { rows: shown } = (await serving.waymark.database.executeSql(
        `SELECT schemaname AS room, tablename AS name FROM pg_policies WHERE policyname = 'self'`,
      )) as { rows: { room: string; name: string }[] };
      const inCopy = new Set(shown.map(({ room, name }) => `${room}.${name}`));
      const aboutSomebody =
        /^(person_id|subject_id|record_id|wearing_id|fact_id|package_id|goal_id|order_id|alert_id|left_record|merged_into|next_person|tag_id)$/;
      /** Tables that mention people and are not in the copy, each with the reason. */
      const leftOut: Record<string, string> = {
        'support.pair_decisions': 'whether two records are one person: the other record may be somebody else’s',
        'support.review_pairs': 'the same, before anybody has decided',
        'support.linked_pairs': 'which records stand together, shown as the person’s own records',
        'support.looks': 'what a member of staff last saw, kept to show them what is new',
        'supervision.protections': 'whom the order protects',
        'supervision.watch_again': 'a list of wearings that the server is about to evaluate',
        'supervision.deliveries': 'messages to staff on duty',
        'supervision.tag_steps': 'the life of a tag, before and after this wearer',
        'supervision.clearing_batches': 'which exclusions a reviewer took together: what they decided stands among the reviews',
        'supervision.clearing_verdicts': 'what a reviewer is at, and by what they are tested: the same, and each look stands in the audit',
      };
      const forgotten = columns
        .filter(({ columns: names }) => names.some((name) => aboutSomebody.test(name)))
        .map(({ room, name }) => `${room}.${name}`)
        .filter((table) => !inCopy.has(table) && !(table in leftOut));
      expect(forgotten).toEqual([]);
      for (const table of Object.keys(leftOut)) expect(inCopy.has(table), table).toBe(false);
    });

    test('who looked, and every answer, stand in the chain of the audit', async () => {
      expect((await verifyAudit(serving.waymark.database.db)).problems).toEqual([]);
    });
  },
);
