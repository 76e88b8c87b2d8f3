import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lead, linker, profiler, steward, worker } from '../../../test/actors.ts';
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts';
import { serveForTest, temporaryFolder } from '../../../test/serve-for-test.ts';
import { toldInOrder } from '../../../test/told-in-order.ts';
import { trialAgreement } from '../../../test/trial-agreement.ts';
import type { Actor } from '../../platform/access.ts';
import { RefusedError } from '../../platform/action.ts';
import { withPurpose } from '../../platform/database.ts';
import { decideOffer } from '../allocation/decide-offer.ts';
import { decidePerson, takeBackDecision } from '../finding/decide-person.ts';
import { findPeople } from '../finding/find-people.ts';
import {
  computeProfiles,
  declareAgreement,
  declareService,
  importRecords,
  linkRecords,
  proposeAllocation,
  readMapping,
  readPerson,
  simulateInstrument,
} from '../index.ts';
import { currentInstrumentText } from '../needs/instrument.ts';
import { addReview, answerOffer } from '../offers/package.ts';
import { readPackage } from '../offers/read-package.ts';
import { recordNotice } from '../offers/tell.ts';
import { challengeFact } from '../people/challenge-fact.ts';
import { decideChallenge, listChallenges } from '../people/decide-challenge.ts';
import { recordReach } from '../people/page/record-reach.ts';
import { readWaitingList } from '../services/services.ts';
import { takeBackNote, writeNote } from './notes.ts';
import { readDay } from './read-day.ts';
import { addTask, tickTask } from './tasks.ts';

/** The work of the support team, on both databases: who may need an offer, decisions, notes, tasks, reviews, challenges. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

const today = '2026-11-01';
const calendar = { timeZone: 'Europe/London', now: () => new Date(`${today}T10:00:00Z`) };
const day = { today, timeZone: 'Europe/London' };
const colleague: Actor = { id: 'sw-2', name: 'Owen Blake', role: 'support-worker', purpose: 'support' };

const mapping = readMapping(`
format: waymark-mapping-1
name: roll
reads: csv
key: { column: id }
identity:
  forename: { column: first }
  surname: { column: last }
  date_of_birth: { column: born, as: date }
  postcode: { column: postcode }
facts:
  - { kind: school exclusion, value: { column: excluded }, on: { column: on } }
  - { kind: housing, value: { column: home }, on: { column: since } }`);
const head = 'id,first,last,born,postcode,excluded,on,home,since\n';

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'the work of support on %s',
  toldInOrder,
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    const folder = temporaryFolder();
    let files = 0;
    const send = async (rows: string) => {
      const path = join(folder.path, `roll-${++files}.csv`);
      writeFileSync(path, head + rows);
      const given = { path, source: 'roll', mapping, timeZone: 'Europe/London' };
      const result = await importRecords(serving.waymark.performer, steward, given, undefined, calendar.now);
      await linkRecords(serving.waymark.performer, linker);
      await computeProfiles(serving.waymark.performer, profiler, calendar);
      return result;
    };
    const personOf = async (key: string) => {
      const { person_id } = await withPurpose(serving.waymark.database.db, 'support', 'support', (tx) =>
        tx.selectFrom('support.records').select('person_id').where('key', '=', key).executeTakeFirstOrThrow(),
      );
      return person_id as number;
    };
    const perform: typeof serving.waymark.performer.perform = (...args) => serving.waymark.performer.perform(...args);
    const queue = async (rest: object = {}) => {
      const { rows } = await perform(worker, findPeople, null, { sort: 'need', today, limit: 50, offset: 0, ...rest });
      return rows.map(({ name }) => name.split(' ')[0]);
    };
    const look = (person: number, actor = worker) => perform(actor, readPerson, null, { id: person, today });

    beforeAll(async () => {
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
      await perform(steward, declareAgreement, null, trialAgreement('roll'));
      await send(
        [
          'a,Perpetua,Wyndwick,2012-05-04,NQ4 1AB,permanent,2026-10-20,,',
          'b,Lysander,Quarwick,2013-01-02,NQ4 2CD,suspended,2026-06-15,,',
          'c,Jocasta,Underwyck,2014-03-03,TX9 3EF,,,homeless,2025-12-01',
          'd,Ezekiel,Pemmerstone,2012-07-07,TX9 4GH,none,2026-09-01,settled,2026-09-01',
        ].join('\n'),
      );
    });
    afterAll(async () => {
      await serving?.end();
      folder.remove();
    });

    test('the queue has those with a sure need, by need or by what happened, with filters', async () => {
      // c: the home was lost, but longer ago than the instrument counts as lately.
      expect(await queue()).toEqual(['Perpetua', 'Jocasta', 'Lysander']);
      expect(await queue({ sort: 'newest' })).toEqual(['Perpetua', 'Lysander', 'Jocasta']);
      expect(await queue({ sort: 'longest' })).toEqual(['Lysander', 'Perpetua', 'Jocasta']);
      expect(await queue({ trigger: 'any' })).toEqual(['Perpetua', 'Lysander']);
      expect(await queue({ trigger: 'A new exclusion from school' })).toEqual(['Perpetua', 'Lysander']);
      expect(await queue({ area: 'TX' })).toEqual(['Jocasta']);
      expect(await queue({ factor: 'homelessness' })).toEqual(['Jocasta']);
      expect(await queue({ stage: 'young adult' })).toEqual([]);
    });

    test('a decision not to offer holds until something new happens, to wait until its day; both can be taken back', async () => {
      const b = await personOf('b');
      const decide = (decision: string, on = '', reason = 'the school helps already') =>
        perform(worker, decidePerson, null, { person: b, decision, service: 0, on, reason, today });
      await expect(decide('perhaps')).rejects.toThrow(/Choose: offer/);
      await expect(decide('do not offer', '', '')).rejects.toThrow(/in a few words why/);
      await expect(decide('look again later', '2026-10-01')).rejects.toThrow(/day on which to look again/);
      await decide('do not offer');
      expect(await queue()).not.toContain('Lysander');
      // Nor is a place proposed for them.
      await perform(worker, declareService, null, {
        name: 'Back to class',
        kind: 'educational support',
        provider: 'Trust',
        places: 5,
        ageFrom: 5,
        ageTo: 16,
        area: null,
        serves: { exclusion: 0.5, homelessness: 0.1 },
      });
      const proposed = await proposeAllocation(serving.waymark.performer, worker, calendar);
      expect(proposed.placements.map(({ person }) => person)).not.toContain(b);
      const [{ id } = { id: 0 }] = (await look(b)).decisions;
      await perform(colleague, takeBackDecision, null, { id, person: b });
      expect(await queue()).toContain('Lysander');
      await decide('look again later', '2026-12-01');
      expect(await queue()).not.toContain('Lysander');
      expect(await queue({ today: '2026-12-01' })).toContain('Lysander');
      await send('b,Lysander,Quarwick,2013-01-02,NQ4 2CD,permanent,2026-10-30,,');
      expect(await queue()).toContain('Lysander');
      const later = await perform(worker, readDay, null, { ...day, today: '2026-11-25', own: true });
      expect(later.reminders).toMatchObject([{ kind: 'look again', person: b, dueOn: '2026-12-01', forName: worker.name }]);
    });

    test('an offer straight from the queue needs the notice and a free place, and is answered like any other', async () => {
      const a = await personOf('a');
      const [service] = (await look(a)).services;
      const offer = () =>
        perform(worker, decidePerson, null, { person: a, decision: 'offer', service: service?.id ?? 0, on: '', reason: 'agreed', today });
      await expect(offer()).rejects.toThrow(/Nobody has told this person yet/);
      await perform(worker, recordNotice, null, { person: a, on: today, whom: 'a parent or carer', how: 'in person', today });
      const { package: id } = await offer();
      expect(await queue()).not.toContain('Perpetua');
      await expect(offer()).rejects.toThrow(/has an offer or a place already/);
      const pack = await perform(worker, readPackage, null, { id: id ?? 0 });
      expect(pack).toMatchObject({ state: 'offered', service: 'Back to class' });
      await perform(worker, answerOffer, null, { id: pack.id, answer: 'accepted', basis: 'parental consent', note: 'by phone', today });
      const review = { id: pack.id, heldOn: today, said: 'Back three days a week', nextOn: '2026-11-10', today };
      await expect(perform(worker, addReview, null, { ...review, nextOn: '2026-10-01' })).rejects.toThrow(/day of the next review/);
      await perform(worker, addReview, null, review);
      const { reminders } = await perform(worker, readDay, null, { ...day, own: true });
      expect(reminders).toMatchObject([{ kind: 'review', person: a, package: pack.id, dueOn: '2026-11-10' }]);
      expect((await perform(worker, readPackage, null, { id: pack.id })).reviews).toMatchObject([{ said: 'Back three days a week' }]);
    });

    test('a proposal of an older run is not taken up, and a place that was given elsewhere is not given twice', async () => {
      await perform(worker, declareService, null, {
        name: 'One place',
        kind: 'accommodation',
        provider: 'Trust',
        places: 1,
        ageFrom: 0,
        ageTo: 25,
        area: 'North Tarn',
        serves: { homelessness: 0.9, exclusion: 0.9 },
      });
      const [b, c] = [await personOf('b'), await personOf('c')];
      for (const person of [b, c])
        await perform(worker, recordNotice, null, { person, on: today, whom: 'the person', how: 'in person', today });
      // It has an area, and nobody has said yet that they can get there.
      const before = await proposeAllocation(serving.waymark.performer, worker, calendar);
      const services = (await look(c)).services;
      const one = services.find(({ name }) => name === 'One place')?.id ?? 0;
      expect(before.placements.some((own) => own.service === one)).toBe(false);
      await perform(worker, recordReach, null, { person: c, areas: 'Old Town,  north tarn , Old Town' });
      expect((await look(c)).reach?.areas).toEqual(['Old Town', 'north tarn']);
      const after = await proposeAllocation(serving.waymark.performer, worker, calendar);
      expect(after.placements).toContainEqual({ person: c, service: one, needMet: 2.7 });
      const list = await perform(worker, readWaitingList, null, { id: one, today, limit: 50, offset: 0 });
      expect(list.rows.map(({ person, canGetThere }) => [person, canGetThere])).toEqual(
        expect.arrayContaining([
          [c, true],
          [b, null],
        ]),
      );
      await perform(worker, decidePerson, null, { person: b, decision: 'offer', service: one, on: '', reason: 'a place that fits', today });
      const { id } = await withPurpose(serving.waymark.database.db, 'support', 'support', (tx) =>
        tx
          .selectFrom('support.allocation_proposals')
          .select('id')
          .where('run_id', '=', after.runId)
          .where('person_id', '=', c)
          .executeTakeFirstOrThrow(),
      );
      await expect(perform(worker, decideOffer, null, { id, decision: 'offer', reason: 'agreed', lookAgainOn: '', today })).rejects.toThrow(
        /no free place any more/,
      );
    });

    test('where somebody lives plays no part in a profile or a proposal', async () => {
      const people = await Promise.all(['b', 'c', 'd'].map(personOf));
      const seen = async () => ({
        profiles: await Promise.all(people.map(async (person) => (await look(person)).profile)),
        proposed: (await proposeAllocation(serving.waymark.performer, worker, calendar)).placements,
      });
      const move = (from: string, to: string) =>
        withPurpose(serving.waymark.database.db, 'support', 'support', (tx) =>
          sql`UPDATE support.records SET identity = jsonb_set(identity, '{postcode}', to_jsonb(replace(identity->>'postcode', ${from}::text, ${to}::text)))`.execute(
            tx,
          ),
        );
      const before = await seen();
      await move('TX9', 'WX1');
      await computeProfiles(serving.waymark.performer, profiler, calendar);
      expect(await queue({ area: 'TX' })).toEqual([]);
      expect(await queue({ area: 'WX' })).toEqual(['Jocasta']);
      expect(await seen()).toEqual(before);
      await move('WX1', 'TX9');
    });

    test('notes are read by those they are for', async () => {
      const a = await personOf('a');
      const write = (actor: Actor, text: string, seenBy: string) => perform(actor, writeNote, null, { person: a, text, seenBy });
      await expect(write(worker, 'x', 'the team')).rejects.toThrow(/Write the note/);
      await expect(write(worker, 'a note', 'anybody')).rejects.toThrow(/Choose who may read/);
      await write(worker, 'for us all', 'the team');
      await write(worker, 'for the lead', 'leads only');
      await write(worker, 'well done', 'the person and the team');
      const read = async (actor: Actor) => (await look(a, actor)).notes.map(({ note }) => note);
      expect(await read(worker)).toEqual(['well done', 'for the lead', 'for us all']);
      expect(await read(colleague)).toEqual(['well done', 'for us all']);
      expect(await read(lead)).toEqual(['well done', 'for the lead', 'for us all']);
      const { packages, notes } = await look(a);
      const pack = await perform(worker, readPackage, null, { id: packages[0]?.id ?? 0 });
      expect(pack.shared.map(({ note }) => note)).toEqual(['well done']);
      const id = notes.find(({ note }) => note === 'for us all')?.id ?? 0;
      await expect(perform(colleague, takeBackNote, null, { person: a, id })).rejects.toThrow(/no such note of yours/);
      await perform(worker, takeBackNote, null, { person: a, id });
      expect(await read(lead)).toEqual(['well done', 'for the lead']);
    });

    test('tasks wait for whom they are for, and can be opened again', async () => {
      const c = await personOf('c');
      const add = (task: string, dueOn: string, forName = '') => perform(worker, addTask, null, { person: c, task, dueOn, forName });
      await expect(add('call the school', 'soon')).rejects.toThrow(/Give the day/);
      await add('call the school', '2026-10-28');
      await add('visit', '2026-11-03', colleague.name);
      await add('far away', '2027-03-01');
      const tasks = async (actor: Actor, own: boolean) =>
        (await perform(actor, readDay, null, { ...day, own })).reminders.filter(({ kind }) => kind === 'task').map(({ what }) => what);
      // What one has given to somebody else stays before one's eyes.
      expect(await tasks(worker, true)).toEqual(['call the school', 'visit']);
      expect(await tasks(colleague, true)).toEqual(['visit']);
      expect(await tasks(colleague, false)).toEqual(['call the school', 'visit']);
      expect((await perform(worker, readDay, null, { ...day, own: true })).overdue).toBe(1);
      const first = (await look(c)).tasks[0];
      await perform(worker, tickTask, null, { id: first?.id ?? 0, done: true });
      expect(await tasks(worker, true)).toEqual(['visit']);
      await perform(worker, tickTask, null, { id: first?.id ?? 0, done: false });
      expect(await tasks(worker, true)).toEqual(['call the school', 'visit']);
    });

    test('what has changed since the same reader last looked', async () => {
      const d = await personOf('d');
      const { database } = serving.waymark;
      const hoursLater = (hours: number) =>
        withPurpose(database.db, 'support', 'support', (tx) =>
          sql`UPDATE support.looks SET at = at - make_interval(hours => ${hours}) WHERE person_id = ${d}`.execute(tx),
        );
      expect((await look(d)).since).toBeNull();
      await hoursLater(30);
      expect((await look(d)).since).toBeNull();
      await send('d,Ezekiel,Pemmerstone,2012-07-07,TX9 4GH,none,2026-09-01,homeless,2026-10-25');
      // Still the same look: nothing is told twice as new, and nothing is lost.
      await hoursLater(30);
      const { since, facts } = await look(d);
      const added = facts.filter(({ value }) => value === 'homeless').map(({ id }) => id);
      // What the agency no longer says is gone.
      expect(facts.filter(({ value }) => value === 'settled')).toEqual([]);
      expect(since).toMatchObject({
        levels: [{ factor: 'Homelessness', before: [0, 0], after: [3, 3] }],
        added,
        dropped: [],
        gone: 1,
      });
      expect((await look(d)).since).toMatchObject({ added });
      // Somebody else has never looked.
      expect((await look(d, colleague)).since).toBeNull();
      await hoursLater(30);
      expect((await look(d)).since).toBeNull();
    });

    test('a challenge ends with a decision of the lead: upheld stays out whenever it is sent again, not upheld counts again', async () => {
      const d = await personOf('d');
      const level = async () => {
        const { profile } = await look(d);
        const own = 'factors' in profile ? profile.factors.find(({ key }) => key === 'homelessness') : null;
        return [own?.low, own?.high];
      };
      const factOf = async (value: string) => (await look(d)).facts.find((fact) => fact.value === value)?.id ?? 0;
      await perform(worker, challengeFact, null, { person: d, fact: await factOf('homeless'), reason: 'They have a flat.' });
      expect(await level()).toEqual([0, 3]);
      const { rows, open } = await perform(worker, listChallenges, null, { limit: 50, offset: 0 });
      expect(open).toBe(1);
      const id = rows[0]?.id ?? 0;
      const decide = (actor: Actor, outcome: string, reason = 'The housing office showed the tenancy.') =>
        perform(actor, decideChallenge, null, { id, outcome, reason });
      await expect(decide(colleague, 'upheld')).rejects.toThrow(RefusedError);
      await expect(decide(lead, 'maybe')).rejects.toThrow(/Choose: upheld/);
      await expect(decide(lead, 'upheld', 'no')).rejects.toThrow(/in a sentence/);
      expect((await perform(lead, readDay, null, { ...day, own: true })).reminders.map(({ kind }) => kind)).toContain('challenge');
      // A later copy of the doubtful statement shares its doubt, and its end.
      await send('d,Ezekiel,Pemmerstone,2012-07-07,TX9 4GH,none,2026-09-01,homeless,2026-10-28');
      expect(await level()).toEqual([0, 3]);
      await decide(lead, 'not upheld');
      expect(await level()).toEqual([3, 3]);
      await expect(decide(lead, 'upheld')).rejects.toThrow(/decided already/);

      const later = (await look(d)).facts.find((fact) => fact.value === 'homeless' && fact.on === '2026-10-28')?.id ?? 0;
      await perform(lead, challengeFact, null, { person: d, fact: later, reason: 'Again: they have a flat.' });
      const second = (await perform(lead, listChallenges, null, { limit: 50, offset: 0 })).rows[0]?.id ?? 0;
      await expect(
        perform(lead, decideChallenge, null, { id: second, outcome: 'upheld', reason: 'The landlord wrote to us.' }),
      ).rejects.toThrow(/Somebody else must decide/);
      const other: Actor = { ...lead, id: 'sl-2', name: 'Another Lead' };
      await perform(other, decideChallenge, null, { id: second, outcome: 'upheld', reason: 'The landlord wrote to us.' });
      await send('d,Ezekiel,Pemmerstone,2012-07-07,TX9 4GH,none,2026-09-01,homeless,2026-10-31');
      const { facts } = await look(d);
      expect(facts.find(({ id: own }) => own === later)?.standing).toBe('found wrong');
      const again = facts.find(({ on, value }) => on === '2026-10-31' && value === 'homeless');
      expect(again?.standing).toBe('challenged');
      // It may have happened this time: the lead is asked, and can say so.
      const asked = (await perform(lead, listChallenges, null, { limit: 50, offset: 0 })).rows[0];
      expect(asked).toMatchObject({
        fact: again?.id,
        outcome: null,
        reason: expect.stringMatching(/states again what was found to be wrong of 28 Oct 2026/),
      });
      await perform(lead, decideChallenge, null, { id: asked?.id ?? 0, outcome: 'not upheld', reason: 'This time they did lose it.' });
      expect(await level()).toEqual([3, 3]);
      await computeProfiles(serving.waymark.performer, profiler, calendar);
      expect((await perform(lead, listChallenges, null, { limit: 50, offset: 0 })).open).toBe(0);
    });

    test('a statement that never had a copy counts again when its challenge is not upheld, and can be challenged anew', async () => {
      await send('g,Barnaby,Fenwright,2011-04-04,TX9 4GH,suspended,2026-10-01,,');
      const person = await personOf('g');
      const fact = async () => (await look(person)).facts[0];
      for (const reason of ['That was his brother.', 'Again: that was his brother.']) {
        await perform(worker, challengeFact, null, { person, fact: (await fact())?.id ?? 0, reason });
        expect((await fact())?.standing).toBe('challenged');
        const open = (await perform(lead, listChallenges, null, { limit: 1, offset: 0 })).rows[0];
        await perform(lead, decideChallenge, null, { id: open?.id ?? 0, outcome: 'not upheld', reason: 'The school is sure of it.' });
        expect((await fact())?.standing).toBe('relied on');
      }
    });

    test('decisions on the page of places and on the person’s page know each other; taking back opens the question, whatever came before', async () => {
      await send('h,Winifred,Aldgrave,2012-04-04,TX9 4GH,suspended,2026-10-02,,');
      const person = await personOf('h');
      await perform(worker, recordNotice, null, { person, on: today, whom: 'a parent or carer', how: 'in person', today });
      const proposal = async () => {
        const { runId } = await proposeAllocation(serving.waymark.performer, worker, calendar);
        return withPurpose(serving.waymark.database.db, 'support', 'support', (tx) =>
          tx
            .selectFrom('support.allocation_proposals')
            .select('id')
            .where('run_id', '=', runId)
            .where('person_id', '=', person)
            .executeTakeFirst(),
        );
      };
      const decide = (id: number, decision: string, lookAgainOn = '') =>
        perform(worker, decideOffer, null, { id, decision, reason: 'the school helps', lookAgainOn, today });
      const first = (await proposal())?.id ?? 0;
      await expect(decide(first, 'look again later')).rejects.toThrow(/day on which to look again/);
      await decide(first, 'look again later', '2026-12-01');
      expect((await look(person)).decisions).toMatchObject([{ decision: 'look again later', lookAgainOn: '2026-12-01' }]);
      expect(await queue()).not.toContain('Winifred');
      expect(await proposal()).toBeUndefined();
      // A second decision on top, taken back: the question is open, not back at the first.
      await perform(worker, decidePerson, null, { person, decision: 'do not offer', service: 0, on: '', reason: 'they said no', today });
      const [{ id } = { id: 0 }] = (await look(person)).decisions;
      await perform(worker, takeBackDecision, null, { id, person });
      expect(await queue()).toContain('Winifred');
      const open = (await proposal())?.id ?? 0;
      await perform(colleague, decidePerson, null, { person, decision: 'do not offer', service: 0, on: '', reason: 'they said no', today });
      await expect(decide(open, 'offer')).rejects.toThrow(/Owen Blake has decided since: do not offer/);
      const [last] = (await look(person)).decisions;
      await perform(worker, takeBackDecision, null, { id: last?.id ?? 0, person });

      // Whoever says no waits on from the same day.
      const since = (days: number) =>
        withPurpose(serving.waymark.database.db, 'support', 'support', (tx) =>
          sql`UPDATE support.waiting SET since = now() - make_interval(days => ${days}) WHERE person_id = ${person}`.execute(tx),
        );
      await proposal();
      await since(300);
      await decide((await proposal())?.id ?? 0, 'offer');
      const [pack] = (await look(person)).packages;
      await perform(worker, answerOffer, null, { id: pack?.id ?? 0, answer: 'declined', basis: '', note: 'not now', today });
      const again = await withPurpose(serving.waymark.database.db, 'support', 'support', (tx) =>
        sql<{
          days: number;
        }>`SELECT extract(day FROM now() - since)::int AS days FROM support.waiting WHERE person_id = ${person} AND left_at IS NULL`.execute(
          tx,
        ),
      );
      expect(again.rows).toEqual([{ days: 300 }]);
      // A service of other ages is not offered, though somebody asks for it.
      const { id: grown } = await perform(worker, declareService, null, {
        name: 'First job',
        kind: 'employment',
        provider: 'Works',
        places: 5,
        ageFrom: 16,
        ageTo: 25,
        area: null,
        serves: { unemployment: 0.5 },
      });
      await expect(
        perform(worker, decidePerson, null, { person, decision: 'offer', service: grown, on: '', reason: 'a place', today }),
      ).rejects.toThrow(/for people from 16 to 25/);
      await expect(
        perform(worker, declareService, null, {
          name: 'X',
          kind: 'other',
          provider: 'Y',
          places: 1,
          ageFrom: 1,
          ageTo: 2,
          area: 'Leeds, north',
          serves: { family: 1 },
        }),
      ).rejects.toThrow(/without a comma/);
    });

    test('another instrument can be tried on everybody, and changes nobody', async () => {
      const { performer } = serving.waymark;
      const same = await simulateInstrument(performer, worker, currentInstrumentText(), calendar);
      expect(same).toMatchObject({ people: 6, changed: { count: 0 }, isSample: false });
      const harsher = currentInstrumentText()
        .replace("version: '2026-2'", "version: 'draft'")
        .replace(
          '{ fact: school exclusion, is: [suspended], level: 2, atMost: 2 }',
          '{ fact: school exclusion, is: [suspended], level: 3 }',
        );
      await send('e,Tabitha,Thornwick,2012-02-02,TX9 4GH,suspended,2026-10-01,,');
      const before = await look(await personOf('e'));
      const changed = await simulateInstrument(performer, worker, harsher, calendar);
      expect(changed).toMatchObject({ from: '2026-2', to: 'draft', people: 7, changed: { count: 3 }, higher: 3, lower: 0 });
      expect(changed.factors.find(({ name }) => name === 'Exclusion from school')).toMatchObject({ higher: 3, lower: 0 });
      expect(changed.bands.reduce((sum, { people }) => sum + people, 0)).toBe(7);
      expect((await look(await personOf('e'))).profile).toEqual(before.profile);
      await expect(simulateInstrument(performer, worker, 'format: nothing', calendar)).rejects.toThrow(/does not fit its form/);
      await expect(
        simulateInstrument(performer, worker, harsher.replace('fact: housing, is: [homeless', 'fact: weather, is: [homeless'), calendar),
      ).rejects.toThrow(/there is no fact "weather"/);
    });
  },
);
