import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drawSample, sampleSize } from '../src/oversight/sample/monthly-sample.ts';
import { findUnusual } from '../src/oversight/unusual/unusual-access.ts';
import type { Actor } from '../src/platform/access.ts';
import { type AuditFact, appendAudit, verifyAudit } from '../src/platform/audit.ts';
import { withPurpose } from '../src/platform/database.ts';
import { bearSameName } from '../src/platform/same-name.ts';
import { declareSubject } from '../src/supervision/index.ts';
import { readSubject } from '../src/supervision/subjects/page/read-subject.ts';
import { auditor } from './actors.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';
import { serveForTest, Visitor } from './serve-for-test.ts';
import { toldInOrder } from './told-in-order.ts';

/** Who oversees sees how the data is used: what stands out, what is drawn for checking, and every entry that they ask for. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

const day = 86_400_000;
/** A Wednesday in October, when clocks in London are an hour ahead of universal time. */
const now = Date.UTC(2026, 9, 21, 12);
const clock = { timeZone: 'Europe/London' };

test('names that end alike are the same family name, whatever their accents and case', () => {
  for (const [a, b] of [
    ['Maya Okonjo', 'Tunde OKONJO'],
    ['Zoë Núñez', 'Ana Nunez'],
    ['Jo O’Brien', 'Pat O’BRIEN'],
    ['Okonjo, Maya', 'Tunde Okonjo'],
  ] as const)
    expect(bearSameName(a, b)).toBe(true);
  for (const [a, b] of [
    ['Maya Okonjo', 'Okonjo Maya'],
    ['console', ''],
    ['A B', 'C B'],
    ['Okonjo, Maya', 'Maya Bell'],
    ['Ann Lee', 'Ann Leeson'],
  ] as const)
    expect(bearSameName(a, b)).toBe(false);
});

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'oversight on %s',
  toldInOrder,
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    const write = (at: number, facts: AuditFact[]) =>
      withPurpose(serving.waymark.database.db, 'oversight', 'oversight', (tx) => appendAudit(tx, facts, new Date(at)));
    const look = (actor: string, who: number, rest: Partial<AuditFact> = {}): AuditFact => ({
      actor,
      actorName: `Officer ${actor}`,
      role: 'monitoring-officer',
      purpose: 'monitoring',
      action: 'subject.read',
      about: { kind: 'subject', id: String(who) },
      outcome: 'done',
      ...rest,
    });

    beforeAll(async () => {
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
      // What is usual: six officers who look at four people of their own each working day, and do something for each.
      for (let d = 1; d <= 20; d++) {
        const at = now - d * day;
        const facts = ['a', 'b', 'c', 'd', 'e', 'f'].flatMap((officer, o) =>
          Array.from({ length: 4 }, (_, i) => {
            const who = 100 * o + ((d + i) % 12);
            return [look(officer, who), look(officer, who, { action: 'absence.authorise' })];
          }).flat(),
        );
        await write(at, facts);
      }
    });
    afterAll(() => serving?.end());
    const found = async () =>
      (await serving.waymark.performer.perform(auditor, findUnusual, clock, { now })).map(
        ({ kind, actor, about, count }) => `${kind}: ${actor || 'many'} ${about ?? '–'} ${count}`,
      );

    test('what is usual raises nothing; each pattern that is planted is found, once, and nothing else', async () => {
      expect(await found()).toEqual([]);
      const at = now - 2 * day;
      // Somebody of one's own name; 45 people in a day; ten looks at one person without doing anything.
      await write(at, [look('a', 3, { detail: { sameName: true } })]);
      // One of several on a page; the others are not of that name.
      await write(at, [look('a', 0, { about: { kind: 'crime', id: '4' }, detail: { subjects: [4, 5, 15], sameNameOf: [5] } })]);
      await write(
        at,
        Array.from({ length: 45 }, (_, i) => look('b', 900 + i)),
      );
      await write(
        at,
        Array.from({ length: 12 }, () => look('c', 777)),
      );
      // At 23:30 on the clock in London, which is 22:30 universal time.
      await write(
        Date.UTC(2026, 9, 18, 22, 30),
        Array.from({ length: 6 }, (_, i) => look('d', 300 + i)),
      );
      // At 21:30 on the clock, 20:30 universal time: late, not odd.
      await write(
        Date.UTC(2026, 9, 18, 20, 30),
        Array.from({ length: 6 }, (_, i) => look('d', 300 + i)),
      );
      // One person, seven members of staff, by their alerts too.
      await write(
        at,
        ['a', 'b', 'c', 'd', 'e', 'f'].map((officer) =>
          look(officer, 555, { about: { kind: 'alert', id: '9' }, detail: { subject: 555 } }),
        ),
      );
      await write(at, [look('g', 555)]);
      await write(
        at,
        Array.from({ length: 4 }, () => look('e', 0, { about: null, action: 'person.read', outcome: 'refused' })),
      );
      await write(
        at,
        Array.from({ length: 10 }, () => look('f', 0, { about: { kind: 'breach pack', id: '4' }, action: 'pack.export' })),
      );
      // Older than is looked back on; and the server's own work at night.
      await write(
        now - 40 * day,
        Array.from({ length: 30 }, () => look('f', 888)),
      );
      await write(
        at - 10 * 3_600_000,
        Array.from({ length: 30 }, () => look('system', 888, { role: 'system' })),
      );
      expect((await found()).sort()).toEqual(
        [
          'own name: a subject 3 1',
          'own name: a subject 5 1',
          'many people: b – 50',
          'only looking: c subject 777 12',
          'odd hours: d – 6',
          'much looked at: many subject 555 7',
          'refused: e – 4',
          'many exports: f – 10',
        ].sort(),
      );
      expect((await verifyAudit(serving.waymark.database.db)).problems).toEqual([]);
    });

    test('a look at somebody of the same name is noted when it happens', async () => {
      const { performer, fixes } = serving.waymark;
      const officer: Actor = { id: 'mo-9', name: 'Maya Okonjo', role: 'monitoring-officer', purpose: 'monitoring' };
      const { id } = await performer.perform(officer, declareSubject, null, { reference: 'O-1', name: 'Tunde Okonjo' });
      await performer.perform(officer, readSubject, { fixes }, { id });
      const signals = await performer.perform(auditor, findUnusual, clock, { now: Date.now() });
      expect(signals).toContainEqual(expect.objectContaining({ kind: 'own name', actor: 'mo-9', about: `subject ${id}`, count: 1 }));
    });

    test('the sample is drawn by the chain, the same for whoever asks; what is found is kept, and nobody checks themselves', async () => {
      const draw = () => serving.waymark.performer.perform(auditor, drawSample, clock, { month: '2026-10', today: '2026-11-02' });
      const first = await draw();
      expect(first).toMatchObject({ month: '2026-10', isOver: true });
      expect(first.looks).toHaveLength(sampleSize);
      expect(first.of).toBeGreaterThan(400);
      expect((await draw()).looks.map(({ seq }) => seq)).toEqual(first.looks.map(({ seq }) => seq));
      // Looks alone are drawn: nothing that was done, refused, or the server's own.
      for (const { action, role } of first.looks) {
        expect(action).toMatch(/\.(read|export)$|^zone\.list$/);
        expect(role).not.toBe('system');
      }
      for (const month of ['2026-13', 'soon', '2027-01', '2009-01'])
        await expect(serving.waymark.performer.perform(auditor, drawSample, clock, { month, today: '2026-11-02' })).rejects.toThrow(
          'Choose a month',
        );
      const seq = first.looks[0]?.seq ?? 0;
      const visitor = new Visitor(serving.url);
      await visitor.signIn('au-1');
      const check = async (entry: number, body: Record<string, string>) => {
        const _csrf = await visitor.csrf('/sample?month=2026-10');
        return visitor.request(`/sample/${entry}`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({ ...body, month: '2026-10', _csrf }),
        });
      };
      expect((await check(seq, { outcome: 'fine', note: '' })).status).toBe(400);
      expect((await check(seq, { outcome: 'not in order', note: 'short' })).status).toBe(400);
      expect((await check(seq, { outcome: 'not in order', note: 'Had no case of theirs. Told the manager.' })).status).toBe(302);
      expect((await check(1_000_000, { outcome: 'in order', note: '' })).status).toBe(404);
      expect((await draw()).looks[0]?.checks).toMatchObject([{ outcome: 'not in order', by_name: 'Aled Price' }]);
      // What was found once stays, whatever is said later.
      expect((await check(seq, { outcome: 'in order', note: '' })).status).toBe(302);
      expect((await draw()).looks[0]?.checks).toMatchObject([
        { outcome: 'in order' },
        { outcome: 'not in order', note: 'Had no case of theirs. Told the manager.' },
      ]);
      expect((await visitor.request('/sample/99999999999999999999', { method: 'POST' })).status).toBe(400);
      await write(Date.UTC(2026, 9, 22), [look('au-1', 5, { role: 'auditor' })]);
      const own = await withPurpose(serving.waymark.database.db, 'oversight', 'oversight', (tx) =>
        tx
          .selectFrom('oversight.audit_entries')
          .select('seq')
          .where('actor', '=', 'au-1')
          .where('action', '=', 'subject.read')
          .executeTakeFirstOrThrow(),
      );
      const answer = await check(Number(own.seq), { outcome: 'in order', note: '' });
      expect(answer.status).toBe(400);
      expect(await answer.text()).toContain('Somebody else has to check what you did.');
    });

    test('the record is searched by account, person, purpose and day, and taken away as a file, which is on record too', async () => {
      const visitor = new Visitor(serving.url);
      await visitor.signIn('au-1');
      const count = async (query: string) => {
        const page = await (await visitor.follow(`/audit?${query}`)).text();
        return Number((/role="status">([\d,]+) entries/.exec(page)?.[1] ?? '-1').replace(',', ''));
      };
      expect(await count('actor=g')).toBe(1);
      expect(await count('about=subject+555')).toBe(7);
      expect(await count('about=subject+777&from=2026-10-19&to=2026-10-19')).toBe(12);
      expect(await count('about=subject+777&from=2026-10-20')).toBe(0);
      expect(await count('outcome=refused&actor=e')).toBe(4);
      // 23:30 on the clock still belongs to its day.
      expect(await count('actor=d&from=2026-10-18&to=2026-10-18&action=subject.read')).toBe(12 + 4);
      for (const day of ['yesterday', '2026-02-31', '0000-01-01']) expect((await visitor.follow(`/audit?from=${day}`)).status).toBe(400);
      const csv = await (await visitor.follow('/audit.csv?about=subject+777')).text();
      expect(csv.trim().split('\n')).toHaveLength(13);
      expect(await count('action=audit.export')).toBe(1);
      // What somebody slipped into an entry runs in no spreadsheet.
      await write(Date.UTC(2026, 9, 23), [look('=cmd|1', 5, { actorName: '+1', about: { kind: 'crime', id: '=HYPERLINK("x")' } })]);
      const cells = await (await visitor.follow('/audit.csv?from=2026-10-23&to=2026-10-23&about=crime+%3DHYPERLINK(%22x%22)')).text();
      expect(cells).toContain("'=cmd|1,'+1");
      expect(cells).not.toMatch(/[,\n"]=(cmd|HYPERLINK)/);
      for (const page of ['/unusual', '/sample']) expect((await visitor.follow(page)).status).toBe(200);
    });
  },
);
