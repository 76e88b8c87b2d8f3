import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts';
import { serveForTest, Visitor } from '../../../test/serve-for-test.ts';
import { AccessPolicy, type Actor, purposes } from '../../platform/access.ts';
import { issueApiToken } from '../../platform/api-tokens.ts';
import { withPurpose } from '../../platform/database.ts';
import { keepAddress, keepContact } from '../contacts/keep-contacts.ts';
import { makeAppointment } from '../diary/index.ts';
import { rawFix } from '../fixes/decode/raw-fix.ts';
import { decisionsOn } from '../subjects/note-subject.ts';
import { declareOrder, declareSubject } from '../subjects/subjects.ts';
import { openWearing } from '../subjects/wearings.ts';
import { listTags } from '../tags/list-fleet.ts';
import { moveTag, readTag } from '../tags/tag-life.ts';
import { declareTag } from '../tags/tags.ts';
import { changeZone } from '../zones/change-zone.ts';
import { declareZone } from '../zones/declare-zone.ts';
import { assignCase, holdCase, letCaseGo } from './keep-case.ts';
import { addTeam, closeTeam, joinTeam, listTeams } from './teams.ts';

/** Who sees whose case: through every address, and in the database alone; on both databases. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

const maya: Actor = { id: 'mo-1', name: 'Maya Okonjo', role: 'monitoring-officer', purpose: 'monitoring' };
const other: Actor = { id: 'mo-2', name: 'Omar Haddad', role: 'monitoring-officer', purpose: 'monitoring' };
const administrator: Actor = { id: 'ad-1', name: 'Ada', role: 'administrator', purpose: 'administration' };
/** A word that stands in everything of one person, and nowhere else. */
const words = { nobodys: 'Wyndwick', open: 'Quarwick', closed: 'Hollowick', restricted: 'Sablewick' };
type Kind = keyof typeof words;

class Undone extends Error {}

/** A page without the bar of what goes on now, which names people too. */
const mainOf = (page: string) => page.slice(page.indexOf('<main'));

test('the policy hides closed and restricted cases, and asks why of another’s, in every combination', () => {
  const access = new AccessPolicy();
  for (let bits = 0; bits < 64; bits++) {
    const [hasOwner, isClosed, isRestricted, inTeam, isNamed, hasSaidWhy] = Array.from(
      { length: 6 },
      (_, i) => (bits & (1 << i)) !== 0,
    ) as [boolean, boolean, boolean, boolean, boolean, boolean];
    const isHidden = (isRestricted && !isNamed) || (isClosed && !inTeam && !isNamed);
    const isAsked = hasOwner && !inTeam && !isNamed && !hasSaidWhy;
    const { allowed } = access.decideCase({ hasOwner, isClosed, isRestricted, inTeam, isNamed, hasSaidWhy });
    expect(allowed, bits.toString(2)).toBe(!isHidden && !isAsked);
  }
});

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'whose cases on %s',
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    const people = new Map<
      Kind,
      { subject: number; order: number; wearing: number; alert: number; tag: number; zone: number; appointment: number; request: number }
    >();
    let token = '';

    beforeAll(async () => {
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
      const { performer, database, intake, live } = serving.waymark;
      const rows = async <T>(query: string) =>
        (await withPurpose(database.db, 'supervision', 'monitoring', (tx) => sql.raw<T>(query).execute(tx))).rows;
      for (const [kind, word] of Object.entries(words) as [Kind, string][]) {
        const began = new Date(Date.now() - 2 * 86_400_000);
        const { id: subject } = await performer.perform(maya, declareSubject, null, { reference: `${word}-1`, name: `Ann ${word}` });
        const order = { subjectId: subject, kind: 'court bail', authority: `${word} court`, startsAt: began, endsAt: null };
        const { id: orderId } = await performer.perform(maya, declareOrder, null, order);
        await performer.perform(maya, declareTag, null, { serial: `T-${kind}`, model: '' });
        const { id: wearing } = await performer.perform(maya, openWearing, null, {
          subjectId: subject,
          orderId,
          serial: `T-${kind}`,
          startsAt: began,
        });
        const area = { kind: 'circle' as const, lon: -1.815, lat: 53.09, radiusM: 150 };
        await performer.perform(maya, declareZone, null, {
          orderId,
          name: `${word} Lane`,
          kind: 'exclusion',
          area,
          hours: [],
          effectiveAt: began,
        });
        const contact = { subjectId: subject, who: 'self', name: `Ann ${word}`, phone: '07700 900123', contactNote: '' };
        await performer.perform(maya, keepContact, null, contact);
        await performer.perform(maya, keepAddress, null, {
          subjectId: subject,
          kind: 'home',
          address: `1 ${word} Road`,
          fromOn: '2026-01-01',
        });
        const { id: appointment } = await performer.perform(maya, makeAppointment, null, {
          subjectId: subject,
          kind: 'check a tag',
          startsAt: new Date(Date.now() + 86_400_000),
          minutes: 30,
          place: `1 ${word} Road`,
          note: '',
          officer: '',
          now: Date.now(),
        });
        const [request] = await rows<{ id: number }>(
          `INSERT INTO supervision.requests (subject_id, kind, from_at, to_at, said, due_at)
           VALUES (${subject}, 'work', now() + interval '2 days', now() + interval '3 days', 'to ${word}', now() + interval '1 day') RETURNING id`,
        );
        const fixes = [3, 2, 1].map((ago) => ({
          ...rawFix(`T-${kind}`, Date.now() - ago * 60_000, -1.815, 53.09),
          accuracyM: 8,
          events: null,
        }));
        await intake.accept({ fixes, unreadable: [] }, { kind: 'tag', serial: `T-${kind}` });
        await live.settled();
        const [own] = await rows<{ alert: number; tag: number; zone: number }>(
          `SELECT (SELECT max(id) FROM supervision.alerts WHERE wearing_id = ${wearing}) AS alert, (SELECT tag_id FROM supervision.wearings WHERE id = ${wearing}) AS tag,
          (SELECT max(zone_id) FROM supervision.zone_orders WHERE order_id = ${orderId}) AS zone`,
        );
        people.set(kind, {
          subject,
          order: orderId,
          wearing,
          appointment,
          request: request?.id ?? 0,
          ...(own as { alert: number; tag: number; zone: number }),
        });
      }
      for (const account of ['mo-1', 'mo-2']) await new Visitor(serving.url).signIn(account);
      ({ token } = await performer.perform(administrator, issueApiToken, null, { name: 'A program', role: 'monitoring-officer' }));
      const open = await performer.perform(administrator, addTeam, null, { name: 'Tarn South', isClosed: false });
      const closed = await performer.perform(administrator, addTeam, null, { name: 'Tarn North', isClosed: true });
      for (const { id } of [open, closed]) await performer.perform(administrator, joinTeam, null, { id, member: 'mo-1', leaves: false });
      const of = (kind: Kind) => people.get(kind)?.subject ?? 0;
      await performer.perform(maya, assignCase, null, { subjectId: of('open'), team: String(open.id), isRestricted: false });
      await performer.perform(maya, assignCase, null, { subjectId: of('closed'), team: String(closed.id), isRestricted: false });
      await performer.perform(maya, holdCase, null, { subjectId: of('restricted'), holder: 'mo-1', part: 'responsible', toOn: '' });
      await performer.perform(maya, assignCase, null, { subjectId: of('restricted'), team: '', isRestricted: true });
    });
    afterAll(() => serving?.end());

    /** An address with the numbers of one person in it; what is unknown is another's nothing. */
    const pathFor = (url: string, kind: Kind) => {
      const own = people.get(kind);
      const id =
        url.startsWith('/subjects') || url.startsWith('/api/subjects')
          ? own?.subject
          : url.startsWith('/orders')
            ? own?.order
            : url.startsWith('/appointments')
              ? own?.appointment
              : url.startsWith('/absence-requests')
                ? own?.request
                : url.includes('wearings')
                  ? own?.wearing
                  : url.includes('alerts')
                    ? own?.alert
                    : url.includes('tags')
                      ? own?.tag
                      : url.includes('zones')
                        ? own?.zone
                        : 999;
      return url
        .replace(':wearing', String(own?.wearing))
        .replace(':of', String(own?.order))
        .replace(':id', String(id))
        .replace(/:\w+/g, '999');
    };
    const officersRoutes = (isGet: boolean) =>
      (
        serving.server.routes as {
          method: string;
          url: string;
          config?: { action?: string; open?: boolean; stream?: boolean; room?: string };
        }[]
      ).filter(
        ({ method, url, config }) =>
          (method === 'GET') === isGet &&
          method !== 'HEAD' &&
          config?.action &&
          !config.open &&
          !config.stream &&
          !url.startsWith('/assets') &&
          serving.waymark.access.decide(other, config.action, 'monitoring', config.room ?? 'supervision').allowed,
      );

    test('through every address that officers have, nobody else sees a closed or restricted case', async () => {
      const visitor = new Visitor(serving.url);
      await visitor.signIn('mo-2');
      const member = new Visitor(serving.url);
      await member.signIn('mo-1');
      const seen = { closed: 0, restricted: 0 };
      let tried = 0;
      for (const { url } of officersRoutes(true))
        for (const kind of ['closed', 'restricted'] as const) {
          const path = pathFor(url, kind);
          const text = await (await visitor.follow(path)).text();
          expect(text, `${url} as mo-2`).not.toContain(words[kind]);
          const asProgram = await fetch(new URL(path, serving.url), { headers: { authorization: `Bearer ${token}` }, redirect: 'manual' });
          expect(await asProgram.text(), `${url} as a program`).not.toContain(words[kind]);
          if ((await (await member.follow(path)).text()).includes(words[kind])) seen[kind]++;
          tried++;
        }
      expect(tried).toBeGreaterThan(50);
      // Whoever may see them does, in the same places: it is not that there was nothing to be seen.
      expect(Math.min(seen.closed, seen.restricted)).toBeGreaterThan(12);
    }, 120_000);

    test('nobody is sent to somebody whom they may not see', async () => {
      const appointment = {
        kind: 'attend',
        startsAt: new Date(Date.now() + 86_400_000),
        minutes: 30,
        place: 'The office',
        note: '',
        officer: 'mo-2',
        now: Date.now(),
      };
      const { performer } = serving.waymark;
      for (const kind of ['closed', 'restricted'] as const)
        await expect(
          performer.perform(maya, makeAppointment, null, { ...appointment, subjectId: people.get(kind)?.subject ?? 0 }),
        ).rejects.toThrow('may not see this case');
    });

    test('nothing of a case can be changed by who may not see it', async () => {
      const visitor = new Visitor(serving.url);
      await visitor.signIn('mo-2');
      const rows = async () =>
        (
          await withPurpose(serving.waymark.database.db, 'supervision', 'monitoring', async (tx) => {
            const counted: string[] = [];
            for (const table of [
              'subjects',
              'orders',
              'wearings',
              'contacts',
              'addresses',
              'absences',
              'zones',
              'zone_versions',
              'alert_steps',
              'cases',
              'case_holders',
              'protections',
              'holds',
              'breach_packs',
              'own_invitations',
              'outside_looks',
            ]) {
              const { rows: found } = await sql<{
                t: string;
              }>`SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS t FROM ${sql.table(`supervision.${table}`)} t`.execute(
                tx,
              );
              counted.push(`${table} ${found[0]?.t}`);
            }
            return counted;
          })
        ).join('\n');
      const before = await rows();
      const closed = people.get('closed');
      const tryAll = async (who: Visitor) => {
        const csrf = await who.csrf('/subjects');
        for (const { method, url } of officersRoutes(false).filter((route) => /:(id|wearing)/.test(route.url)))
          for (const kind of ['closed', 'restricted'] as const) {
            const response = await who.request(pathFor(url, kind), {
              method,
              headers: { 'content-type': 'application/x-www-form-urlencoded' },
              body: new URLSearchParams({
                _csrf: csrf,
                reason: 'a reason that is long enough',
                name: 'X',
                contactName: 'Xx',
                phone: '07700900999',
                who: 'self',
                kind: 'exclusion',
                authority: 'Some court',
                startsAt: '2026-01-01 09:00',
                from: '2026-12-01 09:00',
                to: '2026-12-02 09:00',
                step: 'seen',
                outcome: 'no action',
                note: 'a note that is long enough',
                orderId: String(closed?.order),
                order: String(closed?.order),
                lon: '-1.8',
                lat: '53.1',
                radius: '100',
                shape: 'circle',
                addressKind: 'home',
                address: 'Somewhere',
                fromOn: '2026-01-01',
                team: '',
                isRestricted: '',
                holder: 'mo-2',
                part: 'responsible',
                serial: 'T-nobodys',
              }),
            });
            expect(response.status, `${method} ${url}`).toBeLessThan(500);
          }
      };
      await tryAll(visitor);
      expect(await rows()).toBe(before);
      // The same from somebody who may: it is not that nothing could have been changed.
      const member = new Visitor(serving.url);
      await member.signIn('mo-1');
      const { subject } = people.get('closed') ?? {};
      await member.request(`/subjects/${subject}/contacts`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ _csrf: await member.csrf('/subjects'), who: 'self', contactName: 'Xx', phone: '07700900999' }),
      });
      expect(await rows()).not.toBe(before);
    }, 120_000);

    test('the database alone hides them: for every purpose, in every table', async () => {
      const { db } = serving.waymark.database;
      const { rows: tables } = (await serving.waymark.database.executeSql(
        `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'supervision' AND table_type = 'BASE TABLE' ORDER BY 1`,
      )) as { rows: { name: string }[] };
      const textOf = (name: string, purpose: string, seenBy: string) =>
        withPurpose(
          db,
          'supervision',
          purpose,
          async (tx) =>
            (await sql<{ row: string }>`SELECT t::text AS row FROM ${sql.table(`supervision.${name}`)} t`.execute(tx)).rows
              .map(({ row }) => row)
              .join('\n'),
          { seenBy },
        ).catch((error: Error) => (/permission denied/.test(error.message) ? '' : Promise.reject(error)));
      const shown = new Set<string>();
      for (const { name } of tables)
        for (const purpose of purposes) {
          const [outsider, member] = [await textOf(name, purpose, 'mo-2'), await textOf(name, purpose, 'mo-1')];
          for (const word of [words.closed, words.restricted]) {
            expect(outsider, `${name} for ${purpose}`).not.toContain(word);
            if (member.includes(word)) shown.add(name);
          }
          // What bears only numbers: of as many rows as are about them, the outsider has none.
          if (['alerts', 'alert_versions', 'wearings'].includes(name) && purpose === 'monitoring')
            expect(outsider.split('\n').length, name).toBeLessThan(member.split('\n').length);
        }
      expect([...shown].sort()).toEqual(expect.arrayContaining(['addresses', 'contacts', 'orders', 'subjects', 'zone_versions']));
    }, 120_000);

    test('what the policy forbids is what the database hides, in every combination', async () => {
      const { database, access } = serving.waymark;
      const { subject = 0, alert = 0, zone = 0 } = people.get('nobodys') ?? {};
      const found: string[] = [];
      for (let bits = 0; bits < 32; bits++) {
        const [isClosed, isRestricted, inTeam, isNamed, isOver] = Array.from({ length: 5 }, (_, i) => (bits & (1 << i)) !== 0);
        const names = ['closed', 'restricted', 'in team', 'named', 'over'].filter((_, i) => bits & (1 << i)).join(', ');
        // Undone at the end: nobody else sees any of it.
        await withPurpose(database.db, 'supervision', 'monitoring', async (tx) => {
          const purpose = (name: string) => sql`SELECT set_config('waymark.purpose', ${name}, true)`.execute(tx);
          const as = (role: string, actor: string) =>
            sql`SELECT set_config('role', ${role}, true), set_config('waymark.seen_by', ${actor}, true)`.execute(tx);
          /** Of how many tables a row about the person is seen, and of how many there is one. */
          const rowsSeen = async () => {
            await as('waymark_supervision_seen', 'mo-2');
            const { rows } = await sql<{ seen: boolean[] }>`SELECT ARRAY[
              EXISTS (SELECT FROM supervision.subjects WHERE id = ${subject}),
              EXISTS (SELECT FROM supervision.orders WHERE subject_id = ${subject}),
              EXISTS (SELECT FROM supervision.wearings WHERE subject_id = ${subject}),
              EXISTS (SELECT FROM supervision.alerts WHERE id = ${alert}),
              EXISTS (SELECT FROM supervision.zones WHERE id = ${zone})] AS seen`.execute(tx);
            await as('waymark_supervision', '');
            return rows[0]?.seen;
          };
          const all = (seen: boolean) => [seen, seen, seen, seen, seen];
          // What is known of it from here on is let go of with each change.
          expect(await rowsSeen(), names).toEqual(all(true));
          await purpose('administration');
          const { rows } = await sql<{
            id: number;
          }>`INSERT INTO supervision.teams (name, is_closed) VALUES ('Tried', ${isClosed}) RETURNING id`.execute(tx);
          const team = rows[0]?.id ?? 0;
          if (inTeam) await sql`INSERT INTO supervision.team_members (team_id, actor, name) VALUES (${team}, 'mo-2', 'Tom')`.execute(tx);
          await purpose('monitoring');
          await sql`INSERT INTO supervision.cases (subject_id, team_id, is_restricted, by_name) VALUES (${subject}, ${team}, ${isRestricted}, 'Test')`.execute(
            tx,
          );
          if (isNamed)
            await sql`INSERT INTO supervision.case_holders (subject_id, actor, name, part, to_on, by_name)
              VALUES (${subject}, 'mo-2', 'Tom', 'cover', ${isOver ? '2026-01-01' : null}, 'Test')`.execute(tx);
          const decision = (await decisionsOn({ tx, actor: other, access }, [subject], { saying: true })).get(subject);
          const isSeen = decision?.allowed === true;
          expect(await rowsSeen(), names).toEqual(all(isSeen));
          found.push(isSeen ? '1' : '0');
          for (const [for_, change] of [
            ['administration', `UPDATE supervision.teams SET is_closed = NOT is_closed WHERE id = ${team}`],
            ['monitoring', `UPDATE supervision.cases SET is_restricted = NOT is_restricted WHERE subject_id = ${subject}`],
            ['monitoring', `DELETE FROM supervision.case_holders WHERE subject_id = ${subject}`],
            ['administration', `DELETE FROM supervision.team_members WHERE team_id = ${team}`],
          ] as const) {
            await purpose(for_);
            await sql.raw(change).execute(tx);
            await purpose('monitoring');
            const then = (await decisionsOn({ tx, actor: other, access }, [subject], { saying: true })).get(subject);
            expect(await rowsSeen(), `${names}, then ${change}`).toEqual(all(then?.allowed === true));
          }
          throw new Undone();
        }).catch((error) => {
          if (!(error instanceof Undone)) throw error;
        });
      }
      expect([...new Set(found)].sort()).toEqual(['0', '1']);
      expect(found.length).toBe(32);
    });

    test('every table that is about somebody hides them, but for those that say why not', async () => {
      const { rows } = (await serving.waymark.database.executeSql(
        `SELECT DISTINCT c.table_name AS name FROM information_schema.columns c
           WHERE c.table_schema = 'supervision' AND c.column_name IN ('subject_id', 'order_id', 'wearing_id', 'alert_id', 'zone_id')
             AND c.table_name IN (SELECT tablename FROM pg_tables WHERE schemaname = 'supervision')
             AND NOT EXISTS (SELECT FROM pg_policies p WHERE p.schemaname = 'supervision' AND p.tablename = c.table_name AND p.policyname = 'seen')
           ORDER BY 1`,
      )) as { rows: { name: string }[] };
      expect(rows.map(({ name }) => name)).toEqual([
        // Keys alone, asked by the rules themselves.
        'case_holders',
        'cases',
        // Fairness auditors keep these, and officers have no way to them.
        'characteristics',
        // Analysts and reviewers work with these, and officers have no way to them.
        'clearing_batches',
        'clearing_verdicts',
        // Auditors read who takes part, and officers have no way to it.
        'evaluation_members',
        'evidence_packs',
        'review_tests',
        'reviews',
        // The server’s own list of what it has to look at again.
        'watch_again',
      ]);
      // What is hidden is worked out from these, and what was worked out is let go of when they change.
      const { rows: sources } = (await serving.waymark.database.executeSql(
        `SELECT DISTINCT t.tablename AS name FROM pg_tables t JOIN pg_proc p ON p.proname LIKE 'hidden\\_%'
             AND p.prosrc ~ ('supervision\\.' || t.tablename || '\\M') WHERE t.schemaname = 'supervision' ORDER BY 1`,
      )) as { rows: { name: string }[] };
      const { rows: letGo } = (await serving.waymark.database.executeSql(
        `SELECT c.relname AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE t.tgname = 'forget_hidden' ORDER BY 1`,
      )) as { rows: { name: string }[] };
      expect(letGo).toEqual(sources);
      expect(sources.length).toBe(7);
    });

    test('another’s case opens with a reason, which the person reads; an alert asks for none', async () => {
      const visitor = new Visitor(serving.url);
      await visitor.signIn('mo-2');
      const own = people.get('open');
      const asked = await visitor.request(`/subjects/${own?.subject}`);
      expect([asked.status, asked.headers.get('location')]).toEqual([
        302,
        `/subjects/${own?.subject}/why?to=%2Fsubjects%2F${own?.subject}`,
      ]);
      const page = mainOf(await (await visitor.request(`/subjects/${own?.subject}/why`)).text());
      expect(page).toContain('Tarn South');
      expect(page).not.toContain(`Ann ${words.open}`);
      const sent = await visitor.request(`/subjects/${own?.subject}/contacts`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ _csrf: await visitor.csrf('/subjects'), who: 'self', phone: '07700 900999' }),
      });
      expect([sent.status, (await sent.text()).includes(`href="/subjects/${own?.subject}/why?to=`)]).toEqual([403, true]);
      for (const [path, form] of [
        [`/orders/${own?.order}/absences`, { absenceFrom: '2027-01-01 10:00', absenceTo: '2027-01-01 12:00', absenceReason: 'a funeral' }],
        [`/absence-requests/${own?.request}`, { decision: 'agree', reason: 'of course' }],
        [`/appointments/${own?.appointment}`, { outcome: 'called off', said: '' }],
      ] as const) {
        const answer = await visitor.request(path, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({ _csrf: await visitor.csrf('/subjects'), ...form }),
        });
        expect([answer.status, (await answer.text()).includes(`href="/subjects/${own?.subject}/why?to=`)], path).toEqual([403, true]);
      }
      expect((await visitor.request(`/alerts/${own?.alert}`)).status).toBe(200);
      const say = async (reason: string) =>
        visitor.request(`/subjects/${own?.subject}/why`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({
            reason,
            to: `/subjects/${own?.subject}/zones`,
            _csrf: await visitor.csrf(`/subjects/${own?.subject}/why`),
          }),
        });
      // What lists tell of another's case is that it is there: not where they meet, what was asked for, nor how it is kept.
      const lists = ['/diary?whose=all', '/absence-requests', '/compliance'];
      const textOf = async (path: string) => mainOf(await (await visitor.request(path)).text());
      for (const path of lists) {
        const text = await textOf(path);
        expect([path, text.includes(`Ann ${words.open}`), text.includes('Another officer’s case')]).toEqual([path, true, true]);
        for (const hidden of [`1 ${words.open} Road`, `to ${words.open}`]) expect(text, path).not.toContain(hidden);
      }
      expect(await (await visitor.request('/compliance.csv')).text()).not.toContain(`Ann ${words.open}`);
      expect((await say('because')).status).toBe(400);
      const said = await say('Their officer is ill today.');
      expect(said.headers.get('location')).toBe(`/subjects/${own?.subject}/zones`);
      expect((await visitor.request(`/subjects/${own?.subject}`)).status).toBe(200);
      expect(await textOf('/diary?whose=all')).toContain(`1 ${words.open} Road`);
      expect(await textOf('/absence-requests')).toContain(`to ${words.open}`);
      const member = new Visitor(serving.url);
      await member.signIn('mo-1');
      expect((await member.request(`/subjects/${own?.subject}`)).status).toBe(200);
      const { rows } = await withPurpose(serving.waymark.database.db, 'oversight', 'oversight', (tx) =>
        sql<{
          outcome: string;
          reason: string;
        }>`SELECT outcome, detail ->> 'reason' AS reason FROM oversight.audit_entries WHERE action = 'look-outside.explain' AND outcome <> 'not found' ORDER BY seq`.execute(
          tx,
        ),
      );
      expect(rows).toEqual([
        { outcome: 'invalid', reason: null },
        { outcome: 'done', reason: 'Their officer is ill today.' },
      ]);
    });

    test('lists show my people, my teams’, or all; cover ends by itself', async () => {
      const { performer, database } = serving.waymark;
      const visitor = new Visitor(serving.url);
      await visitor.signIn('mo-1');
      const namesOn = async (path: string) => {
        const text = mainOf(await (await visitor.follow(path)).text());
        return (Object.keys(words) as Kind[]).filter((kind) => text.includes(`Ann ${words[kind]}`));
      };
      for (const path of ['/subjects', '/caseload', '/alerts']) {
        expect(await namesOn(`${path}?whose=mine`), path).toEqual(['restricted']);
        expect(await namesOn(`${path}?whose=team`), path).toEqual(['open', 'closed', 'restricted']);
        expect(await namesOn(path), path).toEqual(['nobodys', 'open', 'closed', 'restricted']);
      }
      const subjectId = people.get('closed')?.subject ?? 0;
      const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
      const seen = async () =>
        (
          await withPurpose(
            database.db,
            'supervision',
            'monitoring',
            (tx) => tx.selectFrom('supervision.subjects').select('id').where('id', '=', subjectId).execute(),
            { seenBy: 'mo-2' },
          )
        ).length;
      expect(await seen()).toBe(0);
      await performer.perform(maya, holdCase, null, { subjectId, holder: 'mo-2', part: 'cover', toOn: tomorrow });
      expect(await seen()).toBe(1);
      await withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
        tx.updateTable('supervision.case_holders').set({ to_on: '2026-01-01' }).where('actor', '=', 'mo-2').execute(),
      );
      expect(await seen()).toBe(0);
    });

    test('no case is left that nobody can see, now or when somebody’s time with it ends', async () => {
      const { performer } = serving.waymark;
      const of = (kind: Kind) => people.get(kind)?.subject ?? 0;
      const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
      const hold = (part: string, toOn: string) =>
        performer.perform(maya, holdCase, null, { subjectId: of('restricted'), holder: 'mo-1', part, toOn });
      await expect(hold('responsible', tomorrow)).rejects.toThrow(/Nobody could see this restricted case/);
      await expect(hold('cover', tomorrow)).rejects.toThrow(/Nobody could see this restricted case/);
      await expect(performer.perform(maya, letCaseGo, null, { subjectId: of('restricted'), holder: 'mo-1' })).rejects.toThrow(
        /Nobody could see/,
      );
      const restrict = { subjectId: of('nobodys'), team: '', isRestricted: true };
      await expect(performer.perform(maya, assignCase, null, restrict)).rejects.toThrow(/Nobody could see this restricted case/);
      const { id: empty } = await performer.perform(administrator, addTeam, null, { name: 'Nobody yet', isClosed: true });
      const give = { subjectId: of('nobodys'), team: String(empty), isRestricted: false };
      await expect(performer.perform(maya, assignCase, null, give)).rejects.toThrow(/needs a member first/);
      const { teams } = await performer.perform(administrator, listTeams, null, null);
      const id = teams.find(({ name }) => name === 'Tarn North')?.id ?? 0;
      await expect(performer.perform(administrator, joinTeam, null, { id, member: 'mo-1', leaves: true })).rejects.toThrow(
        /needs a member first/,
      );
      await performer.perform(administrator, closeTeam, null, { id: empty, isClosed: false });
      await performer.perform(maya, assignCase, null, give);
      await expect(performer.perform(administrator, closeTeam, null, { id: empty, isClosed: true })).rejects.toThrow(
        /needs a member first/,
      );
      await performer.perform(administrator, joinTeam, null, { id: empty, member: 'mo-1', leaves: false });
      await performer.perform(maya, assignCase, null, { ...give, team: '' });
    });

    test('what rests on everybody still does: a tag that is on somebody hidden is not fitted, moved or taken for free', async () => {
      const { performer, database, positions } = serving.waymark;
      const [closed, nobodys] = [people.get('closed'), people.get('nobodys')];
      const fit = {
        subjectId: nobodys?.subject ?? 0,
        orderId: nobodys?.order ?? 0,
        serial: 'T-closed',
        startsAt: new Date(Date.now() - 60_000),
      };
      await expect(performer.perform(other, openWearing, null, fit)).rejects.toThrow(/somebody whose case you cannot see/);
      const move = { id: closed?.tag ?? 0, state: 'lost', note: 'It was not found.' };
      await expect(performer.perform(other, moveTag, null, move)).rejects.toThrow(/is on somebody/);
      const { rows } = await performer.perform(other, listTags, { positions }, { filter: 'all', limit: 50, offset: 0 });
      const own = rows.find(({ id }) => id === closed?.tag);
      expect([own?.standing, own?.subject, own?.last]).toEqual(['worn', null, null]);
      // What is about nobody is everybody's: a tag can be registered, and its first step is seen.
      const { id: fresh } = await performer.perform(other, declareTag, null, { serial: 'T-fresh', model: '' });
      expect((await performer.perform(other, readTag, { positions }, { id: fresh })).steps.map(({ step }) => step)).toEqual(['registered']);
      // And the database itself lets no tag be on two.
      await expect(
        withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
          tx
            .insertInto('supervision.wearings')
            .values({ tag_id: closed?.tag ?? 0, order_id: fit.orderId, subject_id: fit.subjectId, starts_at: new Date(), ends_at: null })
            .execute(),
        ),
      ).rejects.toThrow(/one_wearing_of_a_tag/);
    });

    test('a zone that several share, changed by who sees only some of them, is judged anew for all', async () => {
      const { performer, database, live } = serving.waymark;
      const [closed, nobodys] = [people.get('closed'), people.get('nobodys')];
      await withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
        tx
          .insertInto('supervision.zone_orders')
          .values({ zone_id: nobodys?.zone ?? 0, order_id: closed?.order ?? 0 })
          .execute(),
      );
      const asked: number[][] = [];
      serving.waymark.changes.listen('supervision.rules', async (wearings) => void asked.push([...wearings]));
      await performer.perform(other, changeZone, null, { zoneId: nobodys?.zone ?? 0, draft: null, reason: 'The order was varied.' });
      expect(asked.flat()).toEqual(expect.arrayContaining([closed?.wearing, nobodys?.wearing]));
      await live.settled();
    });

    test('open pages are told nothing of who is hidden, also when that begins while they are open', async () => {
      const visitor = new Visitor(serving.url);
      await visitor.signIn('mo-2');
      const member = new Visitor(serving.url);
      await member.signIn('mo-1');
      const told = async (who: Visitor) => {
        const ended = new AbortController();
        const response = await who.request('/api/caseload/positions', { signal: ended.signal });
        let text = '';
        const reading = (async () => {
          const decoder = new TextDecoder();
          for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) text += decoder.decode(chunk);
        })().catch(() => undefined);
        return {
          text: () => text,
          end: () => {
            ended.abort();
            return reading;
          },
        };
      };
      const [outside, inside] = [await told(visitor), await told(member)];
      for (const kind of ['closed', 'nobodys'] as const) {
        const fixes = [{ ...rawFix(`T-${kind}`, Date.now(), -1.82, 53.08), accuracyM: 8, events: null }];
        await serving.waymark.intake.accept({ fixes, unreadable: [] }, { kind: 'tag', serial: `T-${kind}` });
      }
      const wearing = (kind: Kind) => `[${people.get(kind)?.wearing},-1.82,53.08`;
      await expect
        .poll(() => [inside.text().includes(wearing('closed')), inside.text().includes(wearing('nobodys'))])
        .toEqual([true, true]);
      await expect.poll(() => outside.text().includes(wearing('nobodys')), { timeout: 10_000 }).toBe(true);
      expect(outside.text()).not.toContain(wearing('closed'));
      expect(outside.text()).not.toContain(words.closed);
      await outside.end();
      await inside.end();
    });
  },
);
