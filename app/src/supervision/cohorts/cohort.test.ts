import { dateOf, weekAt } from '@waymark/presence';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts';
import { serveForTest, temporaryFolder, Visitor } from '../../../test/serve-for-test.ts';
import { fillWithSmallTown } from '../../../test/small-town.ts';
import { toldInOrder } from '../../../test/told-in-order.ts';
import type { Actor } from '../../platform/access.ts';
import { withPurpose } from '../../platform/database.ts';
import { makeAppointment } from '../diary/index.ts';
import { keepSubjects } from '../retention/index.ts';
import { reviewVerdict } from '../review/index.ts';
import { addToCohort, beginCohort, changeCohort, letIntoCohort, takeOffCohort } from './keep-cohort.ts';
import { listCohorts, readCohort } from './read-cohort.ts';

const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

const manager = (id: string, name: string): Actor => ({ id, name, role: 'offender-manager', purpose: 'offender-management' });
const [grace, hal] = [manager('om-1', 'Grace Lindqvist'), manager('om-2', 'Hal Norton')];
const officer: Actor = { id: 'mo-1', name: 'Maya Okonjo', role: 'monitoring-officer', purpose: 'monitoring' };
const now = Date.UTC(2026, 8, 9, 20);

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'named lists of people on %s',
  toldInOrder,
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    const town = temporaryFolder();
    let id: number;
    let references: string[];
    beforeAll(async () => {
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
      await fillWithSmallTown(serving.waymark, town.path);
      for (const account of ['om-1', 'om-2']) await new Visitor(serving.url).signIn(account);
      references = (
        await inRoom('monitoring', (tx) => tx.selectFrom('supervision.subjects').select('reference').orderBy('id').execute())
      ).map(({ reference }) => reference);
    });
    afterAll(async () => {
      await serving?.end();
      town.remove();
    });
    const inRoom = <T>(purpose: string, work: Parameters<typeof withPurpose<T>>[3], more = {}) =>
      withPurpose(serving.waymark.database.db, 'supervision', purpose, work, more);
    const perform: typeof serving.waymark.performer.perform = (...given) => serving.waymark.performer.perform(...given);
    const begin = (more: object = {}) =>
      perform(grace, beginCohort, null, {
        name: 'Burglary, Tarn valley',
        ground: 'offender management',
        reason: 'Police and probation plan together for those who burgle.',
        until: '2027-03-31',
        today: new Date().toISOString().slice(0, 10),
        ...more,
      });
    const realToday = () => new Date().toISOString().slice(0, 10);
    const add = (actor: Actor, text: string, because = 'Three burglaries in a year.') =>
      perform(actor, addToCohort, null, { id, references: text, because, today: realToday() });
    const look = (actor: Actor, more: object = {}) =>
      perform(
        actor,
        readCohort,
        { fixes: serving.waymark.fixes, timeZone: 'Europe/London', secondReview: false },
        { id, week: 0, now, today: realToday(), limit: 20, offset: 0, ...more },
      );

    test('needs a ground in law, a reason, and a last day within a year', async () => {
      for (const [more, words] of [
        [{ ground: 'because' }, 'ground in law'],
        [{ reason: 'too short' }, 'at least 20 characters'],
        [{ until: '2020-01-01' }, 'over already'],
        [{ until: '2029-01-01' }, 'a year at most'],
        [{ until: 'soon' }, 'last day of the list'],
        [{ name: 'x' }, 'name that says'],
      ] as const)
        await expect(begin(more)).rejects.toThrow(words);
      ({ id } = await begin());
    });

    test('shows its owner nobody but those on it, whatever is asked for', async () => {
      const managing = { seenBy: 'om-1' };
      const seenNow = () =>
        inRoom('offender-management', (tx) => tx.selectFrom('supervision.subjects').select('reference').execute(), managing);
      expect(await seenNow()).toEqual([]);
      await expect(add(grace, 'NOBODY-1')).rejects.toThrow('not on record, or not for you to see');
      const [first = '', second = ''] = references;
      expect(await add(grace, `${first}, NOBODY-1`)).toEqual({ added: 1, unknown: ['NOBODY-1'], already: [] });
      expect(await add(grace, `${first} ${second}`)).toEqual({ added: 1, unknown: [], already: [first] });
      expect((await seenNow()).map(({ reference }) => reference).sort()).toEqual([first, second].sort());
      // Every table that has a rule for this purpose holds rows of those two alone, and no table of a place has any but their own rules.
      const { rows: tables } = (await serving.waymark.database.executeSql(
        "SELECT tablename AS name, policyname FROM pg_policies WHERE schemaname = 'supervision' AND policyname = 'offender_management'",
      )) as { rows: { name: string }[] };
      expect(tables.length).toBe(13);
      for (const table of ['orders', 'wearings', 'appointments'] as const) {
        const found = await inRoom(
          'offender-management',
          (tx) => sql<{ subject_id: number }>`SELECT DISTINCT subject_id FROM ${sql.table(`supervision.${table}`)}`.execute(tx),
          managing,
        );
        const all = await inRoom('monitoring', (tx) =>
          sql<{ subject_id: number }>`SELECT DISTINCT subject_id FROM ${sql.table(`supervision.${table}`)}`.execute(tx),
        );
        expect(found.rows.length, table).toBe(Math.min(2, all.rows.length));
      }
      // Another manager sees neither list nor people.
      expect(
        await inRoom('offender-management', (tx) => tx.selectFrom('supervision.subjects').select('id').execute(), { seenBy: 'om-2' }),
      ).toEqual([]);
      expect((await perform(hal, listCohorts, null, { today: realToday(), limit: 10, offset: 0 })).total).toBe(0);
      await expect(look(hal)).rejects.toThrow('not yours');
    });

    test('tells of one week how each kept to their rules, with alerts, reviewed verdicts and appointments; and each sees that there was a look', async () => {
      const { waymark } = serving;
      const subjects = await inRoom('monitoring', (tx) =>
        tx
          .selectFrom('supervision.wearings as w')
          .innerJoin('supervision.subjects as s', 's.id', 'w.subject_id')
          .select(['w.id as wearing', 's.id', 's.reference'])
          .where('s.reference', 'in', references.slice(0, 2))
          .orderBy('s.id')
          .execute(),
      );
      const [one] = subjects as [(typeof subjects)[number]];
      await perform(officer, makeAppointment, null, {
        subjectId: one.id,
        kind: 'check a tag',
        startsAt: new Date(now + 86_400_000),
        minutes: 30,
        place: 'The office',
        note: '',
        officer: '',
        now,
      });
      const { rows } = await inRoom('crime-matching', (tx) =>
        sql<{ crime: number }>`SELECT id AS crime FROM supervision.crimes ORDER BY id LIMIT 1`.execute(tx),
      );
      const analyst: Actor = { id: 'ca-1', name: 'Callum Reid', role: 'crime-analyst', purpose: 'crime-matching' };
      const review = { crimeId: rows[0]?.crime ?? 0, wearingId: one.wearing, decision: 'agree', reason: 'Looked at the fixes.' };
      const services = { fixes: waymark.fixes, verdicts: waymark.verdicts, timeZone: 'Europe/London', secondReview: false };
      await perform(analyst, reviewVerdict, services, review);
      await inRoom('crime-matching', (tx) => sql`UPDATE supervision.reviews SET at = ${new Date(now - 3_600_000)}`.execute(tx));
      const found = await look(grace);
      expect(found.rows.map(({ reference }) => reference).sort()).toEqual(references.slice(0, 2).sort());
      const own = found.rows.find(({ subject }) => subject === one.id);
      expect(own?.appointments).toMatchObject([{ kind: 'check a tag', state: 'planned' }]);
      expect(own?.verdicts).toHaveLength(1);
      expect(own?.nights).toHaveLength(7);
      expect(own?.because).toBe('Three burglaries in a year.');
      // The same by the officer's own page: alerts of the week that were not taken back.
      const alerts = await inRoom('monitoring', (tx) =>
        tx
          .selectFrom('supervision.alerts')
          .select(['wearing_id'])
          .where('state', '<>', 'retracted')
          .where('from_at', '>=', new Date(found.week.from))
          .where('from_at', '<', new Date(now))
          .execute(),
      );
      for (const { subject, alerts: counted } of found.rows)
        expect(counted.all).toBe(alerts.filter(({ wearing_id }) => wearing_id === subjects.find((s) => s.id === subject)?.wearing).length);
      const entries = await withPurpose(waymark.database.db, 'oversight', 'oversight', (tx) =>
        tx
          .selectFrom('oversight.audit_entries')
          .select('detail')
          .where('action', '=', 'cohort.read')
          .where('outcome', '=', 'done')
          .execute(),
      );
      expect(entries.at(-1)?.detail).toMatchObject({ subjects: subjects.map((s) => s.id) });
    });

    test('is seen by a colleague who was let in, and is handed over', async () => {
      const letIn = (leaves: boolean, actor = grace) =>
        perform(actor, letIntoCohort, null, { id, colleague: 'om-2', leaves, today: realToday() });
      await letIn(false);
      expect((await look(hal)).rows).toHaveLength(2);
      await expect(letIn(true, hal)).rejects.toThrow('Only Grace Lindqvist');
      await letIn(true);
      await expect(look(hal)).rejects.toThrow('not yours');
      await letIn(false);
      const change = (actor: Actor, wish: object) =>
        perform(actor, changeCohort, null, { id, change: '', until: '', colleague: '', because: '', today: realToday(), ...wish });
      await change(grace, { change: 'hand over', colleague: 'om-2' });
      await expect(change(grace, { change: 'end', because: 'It is not needed any more.' })).rejects.toThrow('Only Hal Norton');
      expect((await look(grace)).cohort).toMatchObject({ owner: 'Hal Norton', isOwn: false });
    });

    test('weeks back are the Mondays before, one after the other, where clocks change as well', async () => {
      for (const [at, mondays] of [
        [Date.UTC(2026, 2, 29, 23, 30), ['2026-03-30', '2026-03-23', '2026-03-16']],
        [Date.UTC(2026, 9, 25, 23, 30), ['2026-10-19', '2026-10-12', '2026-10-05']],
      ] as const) {
        const weeks: string[] = [];
        for (const week of [0, 1, 2]) weeks.push(dateOf((await look(grace, { now: at, week })).week.from, 'Europe/London'));
        expect(weeks).toEqual(mondays);
      }
    });

    test('somebody who was taken off is seen no more; a list that ended shows nobody, and goes a year later', async () => {
      const { rows } = await look(hal);
      const off = rows[0] as (typeof rows)[number];
      await perform(hal, takeOffCohort, null, { id, member: off.member, because: 'Moved to another force.', today: realToday() });
      expect((await look(hal)).rows.map(({ subject }) => subject)).not.toContain(off.subject);
      const wish = { id, change: 'end', until: '', colleague: '', because: 'It is not needed any more.', today: realToday() };
      await perform(hal, changeCohort, null, wish);
      expect(await look(hal)).toMatchObject({ cohort: { isOpen: false }, rows: [] });
      expect(
        await inRoom('offender-management', (tx) => tx.selectFrom('supervision.subjects').select('id').execute(), { seenBy: 'om-2' }),
      ).toEqual([]);
      await expect(add(hal, references[3] ?? '')).rejects.toThrow('has ended');
      const system: Actor = { id: 'system', name: 'Waymark', role: 'system', purpose: 'retention' };
      const keeps = { positions: 1200, subjects: 1200, homeDays: 40_000 };
      const day = new Date(Date.now() + 370 * 86_400_000).toISOString().slice(0, 10);
      await perform(system, keepSubjects, { fixes: serving.waymark.fixes }, { today: day, keeps });
      const left = await inRoom('retention', (tx) =>
        sql<{ n: number }>`SELECT (SELECT count(*) FROM supervision.cohorts)::int AS n`.execute(tx),
      );
      expect(left.rows[0]?.n).toBe(0);
    });

    test('from page to page: a list is begun, somebody is put on it, the week is shown and taken as CSV', async () => {
      const visitor = new Visitor(serving.url);
      await visitor.signIn('om-1');
      const csrf = await visitor.csrf('/cohorts');
      const send = (path: string, fields: Record<string, string>) =>
        visitor.request(path, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({ _csrf: csrf, ...fields }),
        });
      const bad = await send('/cohorts', {
        name: 'Car crime',
        ground: '',
        reason: 'Those who take cars in the valley.',
        until: '2027-01-31',
      });
      expect(bad.status).toBe(400);
      expect(await bad.text()).toContain('Choose the ground in law.');
      const made = await send('/cohorts', {
        name: 'Car crime',
        ground: 'mappa',
        reason: 'Those who take cars in the valley.',
        until: '2027-01-31',
      });
      const at = made.headers.get('location') ?? '';
      expect(at).toMatch(/^\/cohorts\/\d+$/);
      const put = await send(`${at}/members`, { references: `${references[2]} NOBODY`, because: 'Takes cars, says the panel.' });
      expect(put.headers.get('location')).toBe(at);
      const page = await (await visitor.follow(at)).text();
      expect(page).toContain('1 person was put on the list');
      expect(page).toContain('Not on record, or not for you to see: NOBODY');
      expect(page).toContain(references[2]);
      // Three visits of the week: one missed without a reason, one with a good one, one kept.
      await inRoom('monitoring', async (tx) => {
        const found = await tx
          .selectFrom('supervision.subjects')
          .select('id')
          .where('reference', '=', references[2] ?? '')
          .executeTakeFirst();
        const [from] = weekAt(Date.now(), 'Europe/London');
        for (const state of ['missed', 'missed with good reason', 'kept'])
          await sql`
            INSERT INTO supervision.appointments (subject_id, kind, place, starts_at, ends_at, state, officer, officer_name, made_by, said)
              VALUES (${found?.id}, 'check a tag', 'The office', ${new Date(from + 3_600_000)}, ${new Date(from + 5_400_000)}, ${state}, 'mo-1', 'Maya Okonjo', 'mo-1', 'So it was')`.execute(
            tx,
          );
      });
      const csv = await (await visitor.request(`${at}/week.csv`)).text();
      const [head = '', row = ''] = csv.split('\n');
      expect(head).toContain('reference,name,week_of,kept_h');
      expect(row).toContain(references[2]);
      const told = Object.fromEntries(head.split(',').map((name, i) => [name, row.split(',')[i]]));
      expect([told.appointments, told.missed]).toEqual(['3', '1']);
    });
  },
);
