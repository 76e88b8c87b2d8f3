import { type RawBuilder, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Actor } from '../src/platform/access.ts';
import { withPurpose } from '../src/platform/database.ts';
import { supervisionAccess } from '../src/supervision/index.ts';
import { decideRequest, listRequests } from '../src/supervision/requests/decide-request.ts';
import { dueAt } from '../src/supervision/requests/request.ts';
import { officer } from './actors.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';
import { serveForTest, Visitor } from './serve-for-test.ts';
import { toldInOrder } from './told-in-order.ts';
import { wearerForTest } from './wearer-for-test.ts';

/** What people on tags ask for, and what they and their officers meet for, on both databases. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

const hour = 3_600_000;
/** As a browser's field for a date and a time has it, on a clock in London. */
const field = (ms: number) =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/London', dateStyle: 'short', timeStyle: 'short' })
    .format(new Date(ms))
    .replace(' ', 'T');

test('an answer is due within three days, and before what is asked for begins', () => {
  const now = Date.UTC(2026, 10, 1, 10);
  expect(dueAt(now, now + 240 * hour).getTime()).toBe(now + 72 * hour);
  expect(dueAt(now, now + 5 * hour).getTime()).toBe(now + 5 * hour);
});

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'requests and appointments on %s',
  toldInOrder,
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    const visitors = new Map<string, Visitor>();
    const subjects: number[] = [];
    const orders: number[] = [];
    const perform: typeof serving.waymark.performer.perform = (...args) => serving.waymark.performer.perform(...args);
    const textOf = async (account: string, path: string) => (await (visitors.get(account) as Visitor).follow(path)).text();
    const post = async (account: string, path: string, form: Record<string, string>) => {
      const visitor = visitors.get(account) as Visitor;
      const _csrf = await visitor.csrf(account.startsWith('pe') ? '/me' : '/diary');
      const answer = await visitor.request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ ...form, _csrf }),
      });
      return { status: answer.status, text: await answer.text() };
    };
    const absences = () =>
      withPurpose(serving.waymark.database.db, 'supervision', 'monitoring', (tx) =>
        tx.selectFrom('supervision.absences').select(['order_id', 'from_at', 'to_at', 'reason']).orderBy('id').execute(),
      );
    /** Moves the clock of what is on record, as nobody in the product can. */
    const asOwner = (statement: RawBuilder<unknown>) =>
      serving.waymark.database.db.transaction().execute(async (tx) => {
        await sql`SELECT set_config('waymark.purpose', 'monitoring', true)`.execute(tx);
        await statement.execute(tx);
      });
    const list = (whose: 'all' | 'mine' = 'all', actor: Actor = officer) =>
      perform(actor, listRequests, { timeZone: 'Europe/London' }, { whose, now: Date.now(), limit: 50, offset: 0 });

    beforeAll(async () => {
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
      for (const [i, account] of ['pe-1', 'pe-2'].entries()) {
        const { subjectId, orderId } = await wearerForTest(serving.waymark, `RQ-${i}`);
        subjects.push(subjectId);
        orders.push(orderId);
        const visitor = new Visitor(serving.url);
        await visitor.signIn(account);
        visitors.set(account, visitor);
        const { code } = await perform(officer, supervisionAccess.invite, null, { id: subjectId });
        await post(account, '/me/code', { code });
      }
      const visitor = new Visitor(serving.url);
      await visitor.signIn('mo-1');
      visitors.set('mo-1', visitor);
    });
    afterAll(() => serving?.end());

    test('what cannot be asked for is told beside its field, and nothing is kept of it', async () => {
      const [from, to] = [field(Date.now() + 48 * hour), field(Date.now() + 50 * hour)];
      for (const [form, told] of [
        [{ kind: '', from, to, said: 'please' }, 'Choose what it is for.'],
        [{ kind: 'work', from: 'soon', to, said: 'please' }, 'Say from when.'],
        [{ kind: 'work', from: field(Date.now() - hour), to, said: 'please' }, 'This must lie ahead.'],
        [{ kind: 'work', from: to, to: from, said: 'please' }, 'The end must come after the start.'],
        [{ kind: 'work', from, to: '', said: 'please' }, 'Say until when.'],
        [{ kind: 'work', from, to: field(Date.now() + 40 * 24 * hour), said: 'please' }, '31 days at most'],
        [{ kind: 'work', from, to, said: '' }, 'Tell us in a few words.'],
      ] as const) {
        const { status, text } = await post('pe-1', '/me/requests', form);
        expect([status, text.includes(told)], told).toEqual([400, true]);
      }
      expect((await list()).total).toBe(0);
    });

    test('an agreed request is an absence in that time; the person reads who answered and why', async () => {
      const from = Date.now() + 48 * hour;
      const sent = await post('pe-1', '/me/requests', {
        kind: 'funeral',
        from: field(from),
        to: field(from + 20 * hour),
        said: 'My aunt’s funeral',
      });
      expect(sent.status).toBe(302);
      expect(await textOf('pe-1', '/me')).toContain('Waiting for our answer: 1.');
      const waiting = await list();
      expect(waiting).toMatchObject({ total: 1, waiting: 1, late: 0 });
      expect(waiting.rows[0]).toMatchObject({ name: 'Person RQ-0', rules: ['Home of RQ-0'], breaches: 0 });
      const page = await textOf('mo-1', '/absence-requests');
      expect(page).toContain('My aunt’s funeral');
      expect(page).toContain('Rules that hold then: Home of RQ-0');
      const id = waiting.rows[0]?.id as number;
      expect((await post('mo-1', `/absence-requests/${id}`, { decision: 'agree', reason: '' })).text).toContain('Give the reason');
      expect(await absences()).toEqual([]);
      // Return in the field chooses neither.
      expect((await post('mo-1', `/absence-requests/${id}`, { reason: 'I refuse this because of the order' })).text).toContain(
        'Choose Agree or Refuse',
      );
      expect((await list()).waiting).toBe(1);
      expect((await post('mo-1', `/absence-requests/${id}`, { decision: 'agree', reason: 'Go, and our sympathy.' })).status).toBe(302);
      const [absence] = await absences();
      expect(absence?.order_id).toBe(orders[0]);
      expect((absence?.to_at.getTime() ?? 0) - (absence?.from_at.getTime() ?? 0)).toBe(20 * hour);
      const own = await textOf('pe-1', '/me/requests');
      expect(own).toContain('Maya Okonjo writes: Go, and our sympathy.');
      // Nobody answers twice, and what is answered is not taken back.
      expect((await post('mo-1', `/absence-requests/${id}`, { decision: 'refuse', reason: 'Changed my mind' })).text).toContain(
        'answered this already',
      );
      expect((await post('pe-1', `/me/requests/${id}/withdraw`, {})).text).toContain('This has been answered already.');
      expect(await absences()).toHaveLength(1);
    });

    test('a refused one has its reason and how to say that it is wrong; one that is taken back waits no longer', async () => {
      const from = Date.now() + 72 * hour;
      const ask = (said: string) => post('pe-2', '/me/requests', { kind: 'family', from: field(from), to: field(from + hour), said });
      await ask('A birthday');
      await ask('A wedding');
      const [first, second] = (await list()).rows.filter(({ decision }) => decision === null);
      expect((await post('mo-1', `/absence-requests/${first?.id}`, { decision: 'refuse', reason: 'The order forbids it.' })).status).toBe(
        302,
      );
      expect(await textOf('pe-2', '/me/requests')).toContain('about=Request');
      expect((await post('pe-2', `/me/requests/${second?.id}/withdraw`, {})).status).toBe(302);
      expect((await post('mo-1', `/absence-requests/${second?.id}`, { decision: 'agree', reason: 'Enjoy the day.' })).text).toContain(
        'taken this back',
      );
      expect(await absences()).toHaveLength(1);
      expect((await list()).waiting).toBe(0);
    });

    test('nobody sees, takes back or answers another’s by their own account', async () => {
      const from = Date.now() + 96 * hour;
      await post('pe-1', '/me/requests', { kind: 'faith', from: field(from), to: field(from + hour), said: 'Only mine to see' });
      const open = (await list()).rows.find(({ decision }) => decision === null);
      expect(await textOf('pe-2', '/me/requests')).not.toContain('Only mine to see');
      expect((await post('pe-2', `/me/requests/${open?.id}/withdraw`, {})).status).toBe(404);
      expect((await post('pe-1', `/absence-requests/${open?.id}`, { decision: 'agree', reason: 'I say so myself' })).status).toBe(403);
      expect((await list()).waiting).toBe(1);
      // The database itself lets the person say nothing but that they take it back.
      const key = await withPurpose(serving.waymark.database.db, 'supervision', 'monitoring', async (tx) => {
        const { rows } = await sql<{
          key: string;
        }>`SELECT account_key AS key FROM supervision.own_access WHERE subject_id = ${subjects[0]}`.execute(tx);
        return rows[0]?.key ?? '';
      });
      const asPerson = (decision: string) =>
        withPurpose(
          serving.waymark.database.db,
          'supervision',
          'self',
          (tx) => sql`UPDATE supervision.requests SET decision = ${decision}, decided_at = now() WHERE id = ${open?.id}`.execute(tx),
          { self: key },
        );
      await expect(asPerson('agreed')).rejects.toThrow(/row-level security/);
      expect((await list()).waiting).toBe(1);
      await asPerson('withdrawn');
      expect((await list()).waiting).toBe(0);
    });

    test('an answer that is late is told to both', async () => {
      const from = Date.now() + 24 * hour;
      await post('pe-1', '/me/requests', { kind: 'work', from: field(from), to: field(from + hour), said: 'An interview' });
      await asOwner(sql`UPDATE supervision.requests SET due_at = now() - interval '90 minutes' WHERE decision IS NULL`);
      const late = await list();
      expect(late.late).toBe(1);
      expect(await textOf('mo-1', '/absence-requests')).toContain('The answer is 1 h 30 late.');
      expect(await textOf('pe-1', '/me/requests')).toContain('We are late.');
      const open = late.rows.find(({ decision }) => decision === null);
      const before = await absences();
      await perform(officer, decideRequest, null, { id: open?.id as number, agree: false, reason: 'Too late to arrange', now: Date.now() });
      expect(await absences()).toEqual(before);
    });

    test('an appointment is seen by the person, settled once it has begun, and put right with a reason', async () => {
      const starts = Date.now() + 26 * hour;
      const form = {
        kind: 'check a tag',
        startsAt: field(starts),
        minutes: '30',
        place: '12 Mill Lane',
        note: 'mind the dog',
        officer: '',
      };
      const path = `/subjects/${subjects[0]}/appointments`;
      expect((await post('mo-1', path, { ...form, place: '' })).text).toContain('Enter where');
      expect((await post('mo-1', path, { ...form, startsAt: field(Date.now() - hour) })).text).toContain('must lie ahead');
      expect((await post('mo-1', path, form)).status).toBe(302);
      expect((await post('mo-1', path, form)).status).toBe(302);
      expect(await textOf('mo-1', path)).toContain('Maya Okonjo has another appointment at that time.');
      const own = await textOf('pe-1', '/me/appointments');
      expect(own).toContain('12 Mill Lane');
      expect(own).not.toContain('mind the dog');
      expect(await textOf('pe-1', '/me')).toContain('12 Mill Lane');
      expect(await textOf('pe-2', '/me/appointments')).not.toContain('12 Mill Lane');
      const calendar = await textOf('pe-1', '/me/appointments.ics');
      expect(calendar).toMatch(/^BEGIN:VCALENDAR\r\n/);
      expect(calendar).toContain('SUMMARY:We check the tag');
      const ids = await withPurpose(serving.waymark.database.db, 'supervision', 'monitoring', (tx) =>
        tx.selectFrom('supervision.appointments').select('id').orderBy('id').execute(),
      );
      const [first, second] = ids.map(({ id }) => id);
      expect((await post('mo-1', `/appointments/${first}`, { outcome: 'kept', said: '' })).text).toContain('It has not begun yet');
      expect((await post('mo-1', `/appointments/${second}`, { outcome: 'called off', said: '' })).status).toBe(302);
      await asOwner(
        sql`UPDATE supervision.appointments SET starts_at = now() - interval '2 hours', ends_at = now() - interval '1 hour' WHERE id = ${first}`,
      );
      expect(await textOf('mo-1', '/diary')).toContain('How did these go? (1)');
      expect((await post('mo-1', `/appointments/${first}`, { outcome: 'missed', said: '' })).text).toContain('Say why in a few words');
      expect((await post('mo-1', `/appointments/${first}`, { outcome: 'missed', said: 'Nobody was in' })).status).toBe(302);
      expect(await textOf('pe-1', '/me/appointments')).toContain('about=Appointment');
      expect((await post('mo-1', `/appointments/${first}`, { outcome: 'kept', said: '' })).text).toContain('Say why in a few words');
      expect((await post('mo-1', `/appointments/${first}`, { outcome: 'kept', said: 'We were at the wrong door' })).status).toBe(302);
      expect(await textOf('pe-1', '/me/appointments')).toContain('We were at the wrong door');
    });

    test('a calendar program follows an officer’s diary without names and addresses, until the address is ended', async () => {
      const page = (await post('mo-1', '/diary/feed', {})).text;
      const path = /\/diary\/feed\/[\w-]+\.ics/.exec(page)?.[0] ?? '';
      const stranger = new Visitor(serving.url);
      const calendar = await stranger.request(path);
      expect(calendar.headers.get('content-type')).toContain('text/calendar');
      const text = await calendar.text();
      expect(text).toContain('SUMMARY:Check a tag: RQ-0');
      expect(text).toContain('STATUS:CANCELLED');
      for (const hidden of ['Person RQ-0', 'Mill Lane', 'dog']) expect(text).not.toContain(hidden);
      expect((await stranger.request('/diary/feed/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.ics')).status).toBe(404);
      // A new address ends the one before; an officer who does not sign in any more has none.
      const next = /\/diary\/feed\/[\w-]+\.ics/.exec((await post('mo-1', '/diary/feed', {})).text)?.[0] ?? '';
      expect((await stranger.request(path)).status).toBe(404);
      expect((await stranger.request(next)).status).toBe(200);
      const { db } = serving.waymark.database;
      await sql`UPDATE platform.staff SET seen_at = now() - interval '31 days' WHERE actor = 'mo-1'`.execute(db);
      expect((await stranger.request(next)).status).toBe(404);
      await sql`UPDATE platform.staff SET seen_at = now(), role = 'administrator' WHERE actor = 'mo-1'`.execute(db);
      expect((await stranger.request(next)).status).toBe(404);
      await sql`UPDATE platform.staff SET role = 'monitoring-officer' WHERE actor = 'mo-1'`.execute(db);
      expect((await stranger.request(next)).status).toBe(200);
      expect((await post('mo-1', '/diary/feed', { end: 'yes' })).status).toBe(302);
      expect((await stranger.request(next)).status).toBe(404);
    });
  },
);
