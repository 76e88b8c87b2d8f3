import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeAgencies } from '@waymark/town';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import writeXlsxFile from 'write-excel-file/node';
import { linker, profiler, steward, worker } from '../../../test/actors.ts';
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts';
import { serveForTest, temporaryFolder, Visitor } from '../../../test/serve-for-test.ts';
import { toldInOrder } from '../../../test/told-in-order.ts';
import { trialAgreement } from '../../../test/trial-agreement.ts';
import type { Actor } from '../../platform/access.ts';
import { InvalidError, Performer, RefusedError } from '../../platform/action.ts';
import { withPurpose } from '../../platform/database.ts';
import { decideOffer } from '../allocation/decide-offer.ts';
import { readFairness } from '../fairness/read-fairness.ts';
import {
  areProfilesOld,
  computeProfiles,
  decidePair,
  declareAgreement,
  declareService,
  importRecords,
  isLinkingDue,
  linkRecords,
  mappingOfName,
  proposeAllocation,
  readMapping,
  readPerson,
} from '../index.ts';
import { addGoal, addSession, addStep, answerOffer, closePackage, setOutcome, tickStep } from '../offers/package.ts';
import { readPackage } from '../offers/read-package.ts';
import { approveDelay, askForDelay, recordNotice } from '../offers/tell.ts';
import { undoDecision } from '../review/decide-pair.ts';
import { challengeFact } from './challenge-fact.ts';
import { LinkingOvertakenError } from './link-records.ts';

/** From agencies' files to people, on both databases; the files that agencies should not have sent; and the wall. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

const today = '2026-11-01';
const now = () => new Date(`${today}T10:00:00Z`);
const calendar = { timeZone: 'Europe/London', now };

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'support on %s',
  toldInOrder,
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    const folder = temporaryFolder();
    const written = (name: string, text: string) => {
      const path = join(folder.path, name);
      writeFileSync(path, text);
      return path;
    };
    const take = (path: string, source: string, mapping: string | ReturnType<typeof readMapping>) => {
      const own = typeof mapping === 'string' ? mappingOfName(mapping) : mapping;
      if (!own) throw new Error(`no mapping ${mapping}`);
      return importRecords(
        serving.waymark.performer,
        steward,
        { path, source, mapping: own, timeZone: serving.waymark.timeZone },
        undefined,
        now,
      );
    };
    const declare = (source: string, rest: object = {}) =>
      serving.waymark.performer.perform(steward, declareAgreement, null, trialAgreement(source, rest));
    const inSupport = <T>(work: Parameters<typeof withPurpose<T>>[3]) =>
      withPurpose(serving.waymark.database.db, 'support', 'record-linkage', work);

    beforeAll(async () => {
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
    });
    afterAll(async () => {
      await serving?.end();
      folder.remove();
    });

    test("the town's agencies: every file is read as it was written, records become people, and the doubtful wait", async () => {
      const files = join(folder.path, 'agencies');
      const { files: sent, records } = await writeAgencies(files, { seed: 3, people: 260, today });
      for (const agency of new Set(sent.map((file) => file.agency))) await declare(agency);
      const counts = { added: 0, facts: 0, problems: 0 };
      for (const { agency, file, mapping, records: rows } of sent) {
        const result = await take(file, agency, mapping);
        expect(result.counts).toMatchObject({ rows, added: rows, refused: 0 });
        counts.added += result.counts.added;
        counts.facts += result.counts.facts;
        // Numbers that were mistyped, and columns that nobody asks for, are told.
        counts.problems += result.problems.filter(
          ({ message }) =>
            !/check digit|does not read these columns|calendar has no such day|There is no (forename|surname)|were they renamed|Nothing was found at/.test(
              message,
            ),
        ).length;
      }
      expect(counts).toMatchObject({ added: records, problems: 0 });
      expect(counts.facts).toBeGreaterThan(300);
      const linked = await linkRecords(serving.waymark.performer, linker);
      expect(linked).toMatchObject({ records, rulesLeftOut: [] });
      expect(linked.persons).toBeGreaterThan(200);
      expect(linked.persons).toBeLessThan(280);
      expect(await isLinkingDue(serving.waymark.database.db)).toBe(false);
      // What is by its form no postcode would be left out of linking, silently.
      await computeProfiles(serving.waymark.performer, profiler, calendar);
      const { rows: placed } = await withPurpose(serving.waymark.database.db, 'support', 'support', (tx) =>
        sql<{ share: number }>`SELECT avg((district IS NOT NULL)::int)::float AS share FROM support.person_summaries`.execute(tx),
      );
      expect(placed[0]?.share).toBeGreaterThan(0.8);
      // The same files under other names change nothing.
      const [first] = sent;
      if (!first) throw new Error('no file');
      const again = await take(first.file, first.agency, first.mapping);
      expect(again).toMatchObject({ again: true, counts: { added: 0, changed: 0 } });
    });

    test('people keep their numbers when records come, go and change; a decision stands until it is undone', async () => {
      await declare('desk');
      const mapping = readMapping(`
format: waymark-mapping-1
name: desk
reads: csv
key: { column: id }
identity:
  forename: { column: first }
  surname: { column: last }
  date_of_birth: { column: born, as: date }
  nhs_number: { column: nhs }
facts:
  - { kind: housing, value: { column: home }, on: { column: since } }`);
      const head = 'id,first,last,born,nhs,home,since\n';
      await take(
        written(
          'one.csv',
          `${head}a,Perpetua,Wyndwick,04/05/2012,9990000018,temporary,01/09/2026\nb,Perpetua,Wyndwick,04/05/2012,9990000018,settled,01/02/2026\n`,
        ),
        'desk',
        mapping,
      );
      await linkRecords(serving.waymark.performer, linker);
      const personOf = async (key: string) =>
        (await inSupport((tx) =>
          tx.selectFrom('support.records').select(['id', 'person_id']).where('key', '=', key).executeTakeFirstOrThrow(),
        )) as {
          id: number;
          person_id: number;
        };
      const [a, b] = [await personOf('a'), await personOf('b')];
      expect(a.person_id).toBe(b.person_id);
      const view = await serving.waymark.performer.perform(worker, readPerson, null, { id: a.person_id, today });
      expect(view).toMatchObject({ name: 'Perpetua Wyndwick', born: '2012-05-04', age: 14 });
      if (!('factors' in view.profile)) throw new Error('no profile');
      // The same source has since said otherwise: the later statement stands.
      expect(view.profile.factors.find(({ key }) => key === 'homelessness')).toMatchObject({ low: 2, high: 2 });
      expect(view.facts.map(({ value, standing }) => [value, standing])).toEqual([
        ['temporary', 'relied on'],
        ['settled', 'a later one stands'],
      ]);

      const { performer } = serving.waymark;
      await expect(
        performer.perform(steward, decidePair, null, { left: a.id, right: b.id, decision: 'not the same', reason: '' }),
      ).rejects.toThrow(InvalidError);
      await performer.perform(steward, decidePair, null, {
        left: a.id,
        right: b.id,
        decision: 'not the same',
        reason: 'two cousins of one name',
      });
      await linkRecords(performer, linker);
      const apart = [await personOf('a'), await personOf('b')];
      expect(apart[0]?.person_id).not.toBe(apart[1]?.person_id);
      expect(apart.map(({ person_id }) => person_id)).toContain(a.person_id);
      // It persists against whatever comes later.
      await take(
        written(
          'two.csv',
          `${head}b,Perpetua,Wyndwick,04/05/2012,9990000018,settled,03/02/2026\nc,Perpetua,Wyndwick,04/05/2012,9990000018,,\n`,
        ),
        'desk',
        mapping,
      );
      await linkRecords(performer, linker);
      expect((await personOf('a')).person_id).not.toBe((await personOf('b')).person_id);
      await performer.perform(steward, decidePair, null, { left: a.id, right: b.id, decision: 'same', reason: 'the family said so' });
      await linkRecords(performer, linker);
      expect((await personOf('a')).person_id).toBe((await personOf('b')).person_id);
      const events = await inSupport((tx) => tx.selectFrom('support.person_events').select('kind').execute());
      expect(new Set(events.map(({ kind }) => kind))).toContain('merged');
      await computeProfiles(performer, profiler, calendar);
      const summaries = await withPurpose(serving.waymark.database.db, 'support', 'support', (tx) =>
        tx.selectFrom('support.person_summaries').select('person_id').where('name', '=', 'Perpetua Wyndwick').execute(),
      );
      expect(summaries.map(({ person_id }) => person_id)).toEqual([(await personOf('a')).person_id]);
    });

    test('two runs at once leave every record with one person, and no person without a record', async () => {
      const { performer } = serving.waymark;
      await inSupport((tx) => sql`UPDATE support.records SET person_id = NULL, settled = false`.execute(tx));
      const other = new Performer(serving.waymark.database.db, serving.waymark.access, serving.waymark.changes);
      const runs = await Promise.allSettled([linkRecords(performer, linker), linkRecords(performer, linker), linkRecords(other, linker)]);
      const overtaken = runs.filter((run) => run.status === 'rejected');
      for (const { reason } of overtaken) expect(reason).toBeInstanceOf(LinkingOvertakenError);
      expect(overtaken.length).toBeLessThan(3);
      const { rows } = await inSupport((tx) =>
        sql<{ alone: number; unsettled: number }>`SELECT
        (SELECT count(*) FROM support.persons p WHERE ended_at IS NULL AND NOT EXISTS (SELECT FROM support.records r WHERE r.person_id = p.id))::int AS alone,
        (SELECT count(*) FROM support.records WHERE person_id IS NULL OR NOT settled)::int AS unsettled`.execute(tx),
      );
      expect(rows).toEqual([{ alone: 0, unsettled: 0 }]);
      const twice = await inSupport((tx) =>
        sql`SELECT 1 FROM support.records r JOIN support.persons p ON p.id = r.person_id WHERE p.ended_at IS NOT NULL`.execute(tx),
      );
      expect(twice.rows).toEqual([]);
    });

    test('a fact that is challenged counts no more, at once', async () => {
      const { performer, database } = serving.waymark;
      const { person_id: person } = (await inSupport((tx) =>
        tx.selectFrom('support.records').select('person_id').where('key', '=', 'a').executeTakeFirstOrThrow(),
      )) as { person_id: number };
      const level = async () => {
        const { profile } = await performer.perform(worker, readPerson, null, { id: person, today });
        const factor = 'factors' in profile ? profile.factors.find(({ key }) => key === 'homelessness') : undefined;
        return factor && [factor.low, factor.high];
      };
      expect(await level()).toEqual([2, 2]);
      const fact = await withPurpose(database.db, 'support', 'support', (tx) =>
        tx.selectFrom('support.facts').select('id').where('value', '=', 'temporary').orderBy('id', 'desc').executeTakeFirstOrThrow(),
      );
      const visitor = new Visitor(serving.url);
      await visitor.signIn('sw-1');
      const body = new URLSearchParams({
        ...{ fact: String(fact.id), reason: 'They moved into a flat of their own.' },
        _csrf: await visitor.csrf(`/people/${person}`),
      });
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      expect((await visitor.request(`/people/${person}/challenge`, { method: 'POST', headers, body })).status).toBe(302);
      expect(await level()).toEqual([0, 3]);
    });

    test('profiles are worked out by several at once, one after the other, and are the same as by one', async () => {
      const { performer, database } = serving.waymark;
      const summaries = () =>
        withPurpose(database.db, 'support', 'support', (tx) =>
          tx.selectFrom('support.person_summaries').select(['person_id', 'low', 'high', 'levels']).orderBy('person_id').execute(),
        );
      // As of the server's own day: it works profiles out in the background too, and somebody may have had a birthday since the calendar's.
      const own = { ...calendar, now: () => new Date() };
      await computeProfiles(performer, profiler, own);
      const alone = await summaries();
      await Promise.all(Array.from({ length: 6 }, () => computeProfiles(performer, profiler, own)));
      expect(await summaries()).toEqual(alone);
      expect(alone.length).toBeGreaterThan(10);
    });

    test('nobody is offered anything before they were told; an offer becomes a package, and ends with an outcome for each goal', async () => {
      const { performer, database } = serving.waymark;
      await computeProfiles(performer, profiler, calendar);
      const service = {
        name: 'Family hub',
        kind: 'family support',
        provider: 'Council',
        places: 3,
        ageFrom: 0,
        ageTo: 25,
        area: null,
        serves: { family: 0.5, exclusion: 0.5 },
      };
      await performer.perform(worker, declareService, null, service);
      await expect(performer.perform(worker, declareService, null, { ...service, serves: { postcode: 1 } })).rejects.toThrow(
        /a need that the instrument does not have/,
      );
      const proposed = await proposeAllocation(performer, worker, calendar);
      expect(proposed.needMet).toBeGreaterThanOrEqual(Math.max(proposed.firstCome, proposed.needRank));
      expect(proposed.placements.length).toBeGreaterThan(0);
      const inWork = <T>(work: Parameters<typeof withPurpose<T>>[3]) => withPurpose(database.db, 'support', 'support', work);
      const rows = await inWork((tx) =>
        tx
          .selectFrom('support.allocation_proposals')
          .select(['id', 'person_id'])
          .where('run_id', '=', proposed.runId)
          .orderBy('id')
          .execute(),
      );
      const [first, second] = rows;
      if (!first || !second) throw new Error('too few proposals');
      const offer = (id: number, decision = 'offer') =>
        performer.perform(worker, decideOffer, null, { id, decision, reason: 'agreed with the school', lookAgainOn: '', today });
      await expect(
        performer.perform(worker, decideOffer, null, { id: first.id, decision: 'offer', reason: '', lookAgainOn: '', today }),
      ).rejects.toThrow(/Say in a few words why/);
      await expect(offer(first.id)).rejects.toThrow(/Nobody has told this person yet/);
      // Not to offer needs no notice: nothing is relied on.
      await offer(second.id, 'do not offer');
      await expect(offer(second.id)).rejects.toThrow(/decided already/);

      const person = first.person_id;
      const ask = (until: string, reason = 'They live with the person who harms them.') =>
        performer.perform(worker, askForDelay, null, { person, until, reason, today });
      await expect(ask('2027-12-31')).rejects.toThrow(/three months at most/);
      await expect(ask('2026-11-30', 'why')).rejects.toThrow(/why telling them now would do harm/);
      await ask('2026-11-30');
      await expect(offer(first.id)).rejects.toThrow(/nobody else has approved/);
      const notice = await inWork((tx) =>
        tx.selectFrom('support.notices').select('id').where('person_id', '=', person).executeTakeFirstOrThrow(),
      );
      await expect(performer.perform(worker, approveDelay, null, { notice: notice.id, person })).rejects.toThrow(
        /Somebody else must approve/,
      );
      await performer.perform({ ...worker, id: 'sw-2', name: 'Somebody Else' }, approveDelay, null, { notice: notice.id, person });
      await expect(
        performer.perform(worker, decideOffer, null, {
          id: first.id,
          decision: 'offer',
          reason: 'agreed',
          lookAgainOn: '',
          today: '2026-12-01',
        }),
      ).rejects.toThrow(/was put off is over/);
      await performer.perform(worker, recordNotice, null, {
        person,
        on: today,
        whom: 'a parent or carer',
        how: 'in person, with the printed notice',
        today,
      });
      await offer(first.id);
      const view = await performer.perform(worker, readPerson, null, { id: person, today });
      expect(view).toMatchObject({ told: { standing: 'told', on: today }, packages: [{ service: 'Family hub', state: 'offered' }] });

      const id = view.packages[0]?.id ?? 0;
      const p = performer;
      await expect(p.perform(worker, addGoal, null, { id, goal: 'Go back to school' })).rejects.toThrow(/Only an accepted package/);
      await expect(p.perform(worker, answerOffer, null, { id, answer: 'accepted', basis: '', note: 'by phone', today })).rejects.toThrow(
        /basis/,
      );
      await p.perform(worker, answerOffer, null, {
        id,
        answer: 'accepted',
        basis: 'parental consent',
        note: 'by phone, the mother',
        today,
      });
      await p.perform(worker, addGoal, null, { id, goal: 'Go back to school' });
      const goalId = (await p.perform(worker, readPackage, null, { id })).goals[0]?.id ?? 0;
      await p.perform(worker, addStep, null, { id, goal: goalId, step: 'Meet the head teacher', actor: 'the worker', dueOn: '2026-11-20' });
      const stepId = (await p.perform(worker, readPackage, null, { id })).goals[0]?.steps[0]?.id ?? 0;
      await p.perform(worker, tickStep, null, { id, step: stepId, done: true });
      await p.perform(worker, addSession, null, { id, heldOn: today, attended: 'attended', text: '', today });
      await expect(
        p.perform(worker, addSession, null, { id, heldOn: '2027-01-01', attended: 'attended', text: '', today }),
      ).rejects.toThrow(/cannot be to come/);
      await expect(p.perform(worker, closePackage, null, { id, text: 'done' })).rejects.toThrow(/1 goal has no outcome yet/);
      await p.perform(worker, setOutcome, null, { id, goal: goalId, outcome: 'partly', text: 'three days a week' });
      await p.perform(worker, closePackage, null, { id, text: 'the school goes on' });
      const closed = await p.perform(worker, readPackage, null, { id });
      expect(closed).toMatchObject({
        state: 'closed',
        goals: [{ outcome: 'partly', steps: [{ doneBy: worker.name }] }],
        sessions: [{ attended: 'attended' }],
      });
      await expect(p.perform(worker, addGoal, null, { id, goal: 'Another' })).rejects.toThrow(/Only an accepted package/);
    });

    test('what was told and agreed follows a person who turns out to be the same as another; new statements make lists anew', async () => {
      const { performer, database } = serving.waymark;
      const mapping = readMapping(`
format: waymark-mapping-1
name: pair
reads: csv
key: { column: id }
identity:
  forename: { column: first }
  surname: { column: last }
facts:
  - { kind: housing, value: { column: home }, on: { column: since } }`);
      await take(written('pair.csv', 'id,first,last,home,since\nm1,Jocasta,Underwyck,,\nm2,Ezekiel,Pemmerstone,,\n'), 'desk', mapping);
      await linkRecords(performer, linker);
      await computeProfiles(performer, profiler, calendar);
      const personOf = async (key: string) =>
        (await inSupport((tx) =>
          tx.selectFrom('support.records').select(['id', 'person_id']).where('key', '=', key).executeTakeFirstOrThrow(),
        )) as { id: number; person_id: number };
      const [a, b] = [await personOf('m1'), await personOf('m2')];
      expect(a.person_id).not.toBe(b.person_id);
      for (const { person_id: person } of [a, b])
        await performer.perform(worker, recordNotice, null, { person, on: today, whom: 'the person', how: 'in person', today });
      await performer.perform(steward, decidePair, null, { left: a.id, right: b.id, decision: 'same', reason: 'one person, two names' });
      await linkRecords(performer, linker);
      await computeProfiles(performer, profiler, calendar);
      const { person_id: person } = await personOf('m1');
      const view = await performer.perform(worker, readPerson, null, { id: person, today });
      expect(view.notices.length).toBe(2);
      // And back again when it turns out to have been a mistake.
      const standing = await inSupport((tx) =>
        tx
          .selectFrom('support.pair_decisions')
          .select('id')
          .where('undone_at', 'is', null)
          .where('reason', '=', 'one person, two names')
          .executeTakeFirstOrThrow(),
      );
      await performer.perform(steward, undoDecision, null, { id: standing.id });
      await linkRecords(performer, linker);
      await computeProfiles(performer, profiler, calendar);
      for (const key of ['m1', 'm2']) {
        const own = await performer.perform(worker, readPerson, null, { id: (await personOf(key)).person_id, today });
        expect(own.notices.length, key).toBe(1);
      }
      expect(await areProfilesOld(database.db, calendar)).toBe(false);
      // A statement alone changes no identity, and still makes the lists old.
      await take(written('pair2.csv', 'id,first,last,home,since\nm1,Jocasta,Underwyck,homeless,2026-10-01\n'), 'desk', mapping);
      expect(await isLinkingDue(database.db)).toBe(false);
      expect(await areProfilesOld(database.db, calendar)).toBe(true);
    });

    test('whoever declines keeps every other chance, and gives the place back', async () => {
      const { performer, database } = serving.waymark;
      const proposed = await proposeAllocation(performer, worker, calendar);
      const row = await withPurpose(database.db, 'support', 'support', (tx) =>
        tx
          .selectFrom('support.allocation_proposals')
          .select(['id', 'person_id'])
          .where('run_id', '=', proposed.runId)
          .orderBy('id')
          .executeTakeFirstOrThrow(),
      );
      await performer.perform(worker, recordNotice, null, {
        person: row.person_id,
        on: today,
        whom: 'a parent or carer',
        how: 'in person',
        today,
      });
      const before = await performer.perform(worker, readPerson, null, { id: row.person_id, today });
      await performer.perform(worker, decideOffer, null, { id: row.id, decision: 'offer', reason: 'agreed', lookAgainOn: '', today });
      const { packages } = await performer.perform(worker, readPerson, null, { id: row.person_id, today });
      await performer.perform(worker, answerOffer, null, {
        id: packages[0]?.id ?? 0,
        answer: 'declined',
        basis: '',
        note: 'not now, thank you',
        today,
      });
      const after = await performer.perform(worker, readPerson, null, { id: row.person_id, today });
      expect(after.profile).toEqual(before.profile);
      const again = await proposeAllocation(performer, worker, calendar);
      expect(again.placements).toEqual(proposed.placements);
      const old = await withPurpose(database.db, 'support', 'support', (tx) =>
        tx
          .selectFrom('support.allocation_proposals')
          .select(['id', 'person_id'])
          .where('run_id', '=', proposed.runId)
          .where('decision', 'is', null)
          .executeTakeFirstOrThrow(),
      );
      await performer.perform(worker, recordNotice, null, {
        person: old.person_id,
        on: today,
        whom: 'a parent or carer',
        how: 'in person',
        today,
      });
      await expect(
        performer.perform(worker, decideOffer, null, { id: old.id, decision: 'offer', reason: 'agreed', lookAgainOn: '', today }),
      ).rejects.toThrow(/proposed anew since/);
    });

    test('the fairness audit counts by group, and names nobody', async () => {
      const auditor: Actor = { id: 'fa-1', name: 'Nia Bowen', role: 'fairness-auditor', purpose: 'fairness' };
      const view = await serving.waymark.performer.perform(auditor, readFairness, null, null);
      expect(view.by.map(({ characteristic }) => characteristic)).toEqual(['ethnicity', 'sex']);
      const groups = view.by[0]?.groups ?? [];
      expect(groups.length).toBeGreaterThan(3);
      for (const { people } of groups) expect(people === null || people >= 10).toBe(true);
      expect(view.by[1]?.groups.find(({ group }) => group === 'female')?.needSeen?.of).toBeGreaterThan(20);
      for (const actor of [worker, steward])
        await expect(serving.waymark.performer.perform(actor, readFairness, null, null)).rejects.toThrow(RefusedError);
    });

    test("an agency's correction takes the place of what it said of that day; a challenged statement does not come back under a later one", async () => {
      await declare('correcting');
      const mapping = readMapping(`
format: waymark-mapping-1
name: correcting
reads: csv
key: { column: id }
identity:
  forename: { column: first }
  surname: { column: last }
facts:
  - { kind: housing, value: { column: home }, on: { column: since } }
characteristics:
  ethnicity: { column: ethnic }`);
      const { performer, database } = serving.waymark;
      const send = (name: string, row: string) => take(written(name, `id,first,last,home,since,ethnic\n${row}\n`), 'correcting', mapping);
      const stated = () =>
        inSupport((tx) =>
          sql<{ value: string; on: string; challenged: boolean }>`
          SELECT f.value, to_char(f.on_date, 'YYYY-MM-DD') AS on, f.challenged_at IS NOT NULL AS challenged
          FROM support.facts f JOIN support.records r ON r.id = f.record_id WHERE r.key = 'k1' ORDER BY f.on_date, f.value`.execute(tx),
        ).then(({ rows }) => rows);
      await send('c1.csv', 'k1,Tabitha,Thornwick,homeless,2026-10-01,Mixed');
      await send('c2.csv', 'k1,Tabitha,Thornwick,settled,2026-10-01,');
      expect(await stated()).toEqual([{ value: 'settled', on: '2026-10-01', challenged: false }]);
      const kept = await withPurpose(database.db, 'support', 'fairness', (tx) =>
        tx
          .selectFrom('support.characteristics as c')
          .innerJoin('support.records as r', 'r.id', 'c.record_id')
          .select('c.value')
          .where('r.key', '=', 'k1')
          .execute(),
      );
      expect(kept).toEqual([]);
      // Back to the first file: it is not the last that was read, so it counts.
      expect(await send('c1.csv', 'k1,Tabitha,Thornwick,homeless,2026-10-01,Mixed')).toMatchObject({ again: false });
      expect(await stated()).toEqual([{ value: 'homeless', on: '2026-10-01', challenged: false }]);
      await linkRecords(performer, linker);
      const { id, person_id } = (await inSupport((tx) =>
        tx
          .selectFrom('support.facts as f')
          .innerJoin('support.records as r', 'r.id', 'f.record_id')
          .select(['f.id', 'r.person_id'])
          .where('r.key', '=', 'k1')
          .executeTakeFirstOrThrow(),
      )) as { id: number; person_id: number };
      await performer.perform(worker, challengeFact, null, { person: person_id, fact: id, reason: 'They never lost the flat.' });
      await send('c3.csv', 'k1,Tabitha,Thornwick,homeless,2026-10-20,Mixed');
      expect(await stated()).toEqual([
        { value: 'homeless', on: '2026-10-01', challenged: true },
        { value: 'homeless', on: '2026-10-20', challenged: true },
      ]);
    });

    test('days that no calendar has, characters that no database takes, and words that an agreement forbids stop nothing and show nowhere', async () => {
      await declare('odd', { fields: ['forename', 'surname', 'housing'] });
      const mapping = readMapping(`
format: waymark-mapping-1
name: odd
reads: csv
key: { column: id }
identity:
  forename: { column: first }
  surname: { column: last }
  date_of_birth: { column: born, as: date }
facts:
  - { kind: housing, value: { column: home }, on: { column: since } }
  - { kind: substance use, value: { column: drugs, words: { no: none } }, on: { column: since } }`);
      const row = `o1,Nul\u0000Name,${'x'.repeat(499)}😀,whenever,settled,2025-02-30,heroin daily`;
      const result = await take(
        written('odd.csv', `id,first,last,born,home,since,drugs\n${row}\no2,Ada,Bell,,settled,2026-01-31,\n`),
        'odd',
        mapping,
      );
      expect(result.counts).toMatchObject({ rows: 2, added: 2, facts: 1 });
      expect(result.problems).toMatchObject([{ row: 2, column: 'since', value: '2025-02-30' }]);
      expect(result.dropped).toEqual({ date_of_birth: 1, 'substance use': 1 });
      expect(JSON.stringify(result)).not.toMatch(/heroin|whenever/);
    });

    describe('what should not have been sent', () => {
      const csv = readMapping(`
format: waymark-mapping-1
name: plain
reads: csv
key: { column: id }
identity:
  forename: { column: first }
  surname: { column: last }
  date_of_birth: { column: born, as: date }
facts:
  - { kind: school exclusion, value: { column: excluded, words: { P: permanent, N: none } }, on: { column: on } }
characteristics:
  ethnicity: { column: ethnic, optional: true }`);
      const head = 'id,first,last,born,excluded,on\n';

      test('without an agreement in force nothing is read, and it is said why', async () => {
        const path = written('x.csv', `${head}1,A,B,2012-01-01,P,2026-09-01\n`);
        await expect(take(path, 'nobody', csv)).rejects.toThrow(/no source "nobody"/);
        await declare('expired', { startsOn: '2025-01-01', endsOn: '2026-10-31' });
        await expect(take(path, 'expired', csv)).rejects.toThrow(/its agreement ended on 2026-10-31/);
        await declare('coming', { startsOn: '2026-12-01' });
        await expect(take(path, 'coming', csv)).rejects.toThrow(/holds from 2026-12-01 only/);
        const { n } = await inSupport((tx) =>
          tx
            .selectFrom('support.records as r')
            .innerJoin('support.sources as s', 's.id', 'r.source_id')
            .select(sql<number>`count(*)::int`.as('n'))
            .where('s.name', 'in', ['expired', 'coming'])
            .executeTakeFirstOrThrow(),
        );
        expect(n).toBe(0);
      });

      test('fields outside the agreement are dropped at the door and counted', async () => {
        await declare('narrow', { fields: ['forename', 'surname'] });
        const path = written(
          'narrow.csv',
          `id,first,last,born,excluded,on,ethnic\n1,Ada,Bell,2012-01-01,P,2026-09-01,Mixed\n2,Bo,Cole,2013-01-01,,,\n`,
        );
        const result = await take(path, 'narrow', csv);
        expect(result.dropped).toEqual({ date_of_birth: 2, 'school exclusion': 1, ethnicity: 1 });
        const rows = await inSupport((tx) =>
          tx
            .selectFrom('support.records as r')
            .innerJoin('support.sources as s', 's.id', 'r.source_id')
            .select('r.identity')
            .where('s.name', '=', 'narrow')
            .orderBy('r.key')
            .execute(),
        );
        expect(rows.map(({ identity }) => identity)).toEqual([
          { forename: 'Ada', surname: 'Bell' },
          { forename: 'Bo', surname: 'Cole' },
        ]);
      });

      test('bad rows are listed with row, column, value and what to do; the others go in', async () => {
        await declare('rows');
        const path = written(
          'rows.csv',
          `${head}1,Ada,Bell,2012-01-01,P,2026-09-01\n,No,Number,2012-01-01,,\n3,Not,Born,2031-01-01,,\n4,Odd,Word,2012-01-01,X,2026-09-01\n5,Odd,Date,yesterday,,\n6,Next,Year,2012-01-01,P,2027-09-01\n7,=cmd|'/c calc'!A1,Bell,2012-01-01,,\n1,Ada,Bell,2012-01-01,,\n`,
        );
        const result = await take(path, 'rows', csv);
        expect(result.counts).toMatchObject({ rows: 8, added: 5, refused: 2, facts: 1 });
        expect(result.problems.map(({ row, column, refused }) => [row, column, refused])).toEqual([
          [3, 'id', true],
          [4, 'born', true],
          [5, 'excluded', false],
          [6, 'born', false],
          [7, 'on', false],
          [9, 'id', false],
        ]);
        for (const { message } of result.problems) expect(message.length).toBeGreaterThan(20);
      });

      test('columns that moved are found; one that was renamed is named; another agency’s file is told apart', async () => {
        await declare('shapes');
        const moved = await take(
          written('moved.csv', 'born,last,first,id,on,excluded\n2012-01-01,Bell,Ada,1,2026-09-01,P\n'),
          'shapes',
          csv,
        );
        expect(moved.counts).toMatchObject({ added: 1, facts: 1 });
        await expect(
          take(written('renamed.csv', 'id,first,surname,born,excluded,on\n1,Ada,Bell,2012-01-01,,\n'), 'shapes', csv),
        ).rejects.toThrow(/lacks "last"; it has id, first, surname/);
        await expect(take(written('other.csv', 'ref;tenant;rent\n1;Ada;500\n'), 'shapes', csv)).rejects.toThrow(
          /looks like another agency's file/,
        );
        await expect(take(written('empty.csv', ''), 'shapes', csv)).rejects.toThrow(/is empty/);
        await expect(take(written('not.xlsx', 'PK no'), 'shapes', 'social-care')).rejects.toThrow(/no Excel workbook/);
        await expect(take(written('not.json', '{"a":'), 'shapes', 'health')).rejects.toThrow(/no JSON/);
        await expect(take(written('patient.json', '{"resourceType":"Patient"}'), 'shapes', 'health')).rejects.toThrow(/no FHIR bundle/);
      });

      test('XML with entities of its own is not followed', async () => {
        await declare('xml');
        const bomb = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><CTfile><CTFpupilData><Pupil><UniqueLearnerNumber>1</UniqueLearnerNumber><Surname>&b;</Surname></Pupil></CTFpupilData></CTfile>`;
        await expect(take(written('bomb.xml', bomb), 'xml', 'school-ctf')).rejects.toThrow(/document type of its own/);
        const outside = bomb.replace(/<!DOCTYPE.*\]>/, '<!DOCTYPE x SYSTEM "file:///etc/passwd">').replace('&b;', 'x');
        await expect(take(written('outside.xml', outside), 'xml', 'school-ctf')).rejects.toThrow(/document type of its own/);
        const cut =
          '<CTfile><CTFpupilData><Pupil><UniqueLearnerNumber>1</UniqueLearnerNumber><Surname>Bell</Surname></Pupil><Pupil><Unique';
        const result = await take(written('cut.xml', cut), 'xml', 'school-ctf');
        expect(result.counts).toMatchObject({ rows: 1, added: 1 });
        expect(result.problems[0]?.message).toMatch(/XML is broken/);
      });

      test('an observation without its patient is listed, the rest goes in', async () => {
        await declare('fhir');
        const bundle = {
          resourceType: 'Bundle',
          entry: [
            {
              resource: {
                resourceType: 'Patient',
                id: 'p1',
                name: [{ use: 'official', family: 'Bell', given: ['Ada', 'Rose'] }],
                birthDate: '2010-02-03',
              },
            },
            {
              resource: {
                resourceType: 'Observation',
                code: { text: 'Substance use screening' },
                subject: { reference: 'Patient/p1' },
                effectiveDateTime: '2026-08-01',
                valueCodeableConcept: { text: 'low' },
              },
            },
            {
              resource: {
                resourceType: 'Observation',
                code: { text: 'Substance use screening' },
                subject: { reference: 'Patient/gone' },
                effectiveDateTime: '2026-08-01',
                valueCodeableConcept: { text: 'high' },
              },
            },
          ],
        };
        const result = await take(written('bundle.json', JSON.stringify(bundle)), 'fhir', 'health');
        expect(result.counts).toMatchObject({ rows: 1, added: 1, facts: 1 });
        expect(result.problems).toMatchObject([{ row: 3, column: 'subject.reference', value: 'Patient/gone' }]);
      });

      test('a workbook too large is not unpacked, formulas are words, and a missing sheet is named', async () => {
        await declare('excel');
        const huge = join(folder.path, 'huge.xlsx');
        writeFileSync(huge, Buffer.alloc(31 * 1024 * 1024));
        await expect(take(huge, 'excel', 'social-care')).rejects.toThrow(/31 MB; at most 30 MB/);
        const other = join(folder.path, 'other.xlsx');
        await writeXlsxFile([[{ value: 'x' }]], { sheet: 'Summary' }).toFile(other);
        await expect(take(other, 'excel', 'social-care')).rejects.toThrow(/no sheet "Cases"; it has Summary/);
      });

      test('a person cannot be older than their parent: the birth date is left out, the rest goes in, and the parent is kept nowhere', async () => {
        await declare('families');
        const mapping = readMapping(`
format: waymark-mapping-1
name: families
reads: csv
key: { column: id }
identity:
  forename: { column: first }
  surname: { column: last }
  date_of_birth: { column: born, as: date }
parent_born: { column: mother }`);
        const path = written(
          'families.csv',
          'id,first,last,born,mother\nq1,Ada,Bell,2010-02-03,1985-05-06\nq2,Eve,Bell,1985-05-06,2010-02-03\nq3,Ida,Bell,2011-02-03,not known\n',
        );
        const result = await take(path, 'families', mapping);
        expect(result.counts).toMatchObject({ rows: 3, added: 3 });
        expect(result.problems).toMatchObject([{ row: 3, column: 'born', value: '1985-05-06', refused: false }]);
        const kept = await inSupport((tx) =>
          tx.selectFrom('support.records').select('identity').where('key', 'in', ['q1', 'q2', 'q3']).orderBy('key').execute(),
        );
        expect(kept.map(({ identity }) => identity.date_of_birth)).toEqual(['2010-02-03', undefined, '2011-02-03']);
        expect(JSON.stringify(kept)).not.toContain('1985');
        // Where the agreement does not allow it, it is not even looked at.
        await declare('families', { fields: ['forename', 'surname', 'date_of_birth'] });
        const again = await take(path, 'families', mapping);
        expect(again).toMatchObject({ problems: [], dropped: { parent_born: 3 } });
      });

      test('somebody who is erased while records are being linked is nobody afterwards, and the run goes on', async () => {
        await declare('vanishing');
        const mapping = readMapping(`
format: waymark-mapping-1
name: vanishing
reads: csv
key: { column: id }
identity:
  forename: { column: first }
  surname: { column: last }
  date_of_birth: { column: born, as: date }`);
        const rows = Array.from(
          { length: 12 },
          (_, i) => `v${i},Hepzibah,Crannock${i % 2 ? '' : 'e'},2010-0${1 + (i % 3)}-0${1 + (i % 4)}`,
        );
        await take(written('vanishing.csv', `id,first,last,born\n${rows.join('\n')}\n`), 'vanishing', mapping);
        let erased: Promise<unknown> | null = null;
        await linkRecords(serving.waymark.performer, linker, (step) => {
          if (step === 'comparing')
            erased ??= inSupport((tx) => sql`DELETE FROM support.records WHERE key IN ('v0', 'v1', 'v2', 'v3')`.execute(tx));
        });
        expect(erased).not.toBeNull();
        await erased;
        const { rows: left } = await inSupport((tx) =>
          sql<{ records: number; alone: number }>`SELECT
          (SELECT count(*) FROM support.records WHERE key LIKE 'v%' AND person_id IS NOT NULL)::int AS records,
          (SELECT count(*) FROM support.persons p WHERE ended_at IS NULL AND NOT EXISTS (SELECT FROM support.records r WHERE r.person_id = p.id))::int AS alone`.execute(
            tx,
          ),
        );
        expect(left).toEqual([{ records: 8, alone: 0 }]);
      });

      test('two people with one NHS number are not made one', async () => {
        await declare('twice');
        const mapping = readMapping(`
format: waymark-mapping-1
name: twice
reads: csv
key: { column: id }
identity:
  forename: { column: first }
  surname: { column: last }
  date_of_birth: { column: born, as: date }
  address: { column: address }
  nhs_number: { column: nhs }`);
        await take(
          written(
            'twice.csv',
            'id,first,last,born,address,nhs\nt1,Lysander,Quarwick,1999-03-04,1 Elm Road,9990000026\nt2,Gwendoline,Oakthwaite,2011-07-08,90 Fern Way,9990000026\n',
          ),
          'twice',
          mapping,
        );
        await linkRecords(serving.waymark.performer, linker);
        const rows = await inSupport((tx) =>
          tx.selectFrom('support.records').select('person_id').where('key', 'in', ['t1', 't2']).execute(),
        );
        expect(new Set(rows.map(({ person_id }) => person_id)).size).toBe(2);
      });
    });

    describe('the wall', () => {
      test('no purpose of supervision sees or changes a row of support', async () => {
        const { database } = serving.waymark;
        const { rows } = (await database.executeSql(`SELECT table_name FROM information_schema.tables WHERE table_schema = 'support'`)) as {
          rows: { table_name: string }[];
        };
        expect(rows.length).toBeGreaterThan(10);
        for (const { table_name } of rows) {
          for (const purpose of ['monitoring', 'crime-matching', 'ingest', 'administration', 'oversight', 'sign-in', '']) {
            for (const room of ['supervision', 'oversight', 'person'] as const) {
              await expect(
                withPurpose(database.db, room, purpose, (tx) => sql.raw(`SELECT 1 FROM support.${table_name}`).execute(tx)),
                `${room} for ${purpose} on ${table_name}`,
              ).rejects.toThrow(/permission denied/);
            }
            // Even support's own role sees nothing for a purpose that is not support's.
            const seen = await withPurpose(database.db, 'support', purpose, (tx) =>
              sql.raw(`SELECT 1 FROM support.${table_name} LIMIT 1`).execute(tx),
            );
            expect(seen.rows, `support for ${purpose} on ${table_name}`).toEqual([]);
          }
        }
      });

      test('no key, view or default of one half refers to the other', async () => {
        const { rows } = (await serving.waymark.database.executeSql(
          `SELECT conname, conrelid::regclass::text AS "from", confrelid::regclass::text AS "to" FROM pg_constraint WHERE contype = 'f'`,
        )) as { rows: { conname: string; from: string; to: string }[] };
        const schemaOf = (table: string) => table.split('.')[0];
        expect(rows.length).toBeGreaterThan(15);
        for (const { conname, from, to } of rows) expect(schemaOf(from), conname).toBe(schemaOf(to));
        const { rows: views } = await serving.waymark.database.executeSql(
          `SELECT 1 FROM pg_views WHERE schemaname IN ('support', 'supervision', 'person', 'oversight')`,
        );
        expect(views).toEqual([]);
      });

      test('roles of supervision are refused by the policy, whatever they ask for', async () => {
        const { performer } = serving.waymark;
        for (const role of ['monitoring-officer', 'crime-analyst', 'auditor', 'administrator', 'device'] as const) {
          for (const purpose of [
            'monitoring',
            'crime-matching',
            'support',
            'record-linkage',
            'fairness',
            'oversight',
            'administration',
            'ingest',
          ] as const) {
            const actor: Actor = { id: 'x', name: 'X', role, purpose };
            await expect(performer.perform(actor, readPerson, null, { id: 1, today }), `${role} for ${purpose}`).rejects.toThrow(
              RefusedError,
            );
          }
        }
        for (const role of ['support-worker', 'data-steward'] as const) {
          for (const purpose of ['support', 'record-linkage'] as const) {
            const actor: Actor = { id: 'x', name: 'X', role, purpose };
            await expect(performer.admit(actor, 'subject.list', 'supervision')).rejects.toThrow(RefusedError);
            await expect(performer.admit(actor, 'crime.list', 'supervision')).rejects.toThrow(RefusedError);
          }
        }
      });

      test('characteristics are read by no worker, and enter no profile', async () => {
        const { database } = serving.waymark;
        const seen = await withPurpose(database.db, 'support', 'support', (tx) =>
          tx.selectFrom('support.characteristics').selectAll().execute(),
        );
        expect(seen).toEqual([]);
        const kept = await withPurpose(database.db, 'support', 'fairness', (tx) =>
          tx.selectFrom('support.characteristics').select('kind').execute(),
        );
        expect(kept.length).toBeGreaterThan(100);
      });
    });
  },
);
