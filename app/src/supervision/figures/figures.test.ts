import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { officer } from '../../../test/actors.ts';
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts';
import { serveForTest, temporaryFolder, Visitor } from '../../../test/serve-for-test.ts';
import { fillWithSmallTown } from '../../../test/small-town.ts';
import { toldInOrder } from '../../../test/told-in-order.ts';
import type { Actor } from '../../platform/access.ts';
import { withPurpose } from '../../platform/database.ts';
import { declareOrder } from '../subjects/subjects.ts';
import { declareZone } from '../zones/declare-zone.ts';
import { firstOf, publishDueFigures, scheduleFigures } from './figure-schedule.ts';
import { leastShown } from './fold-groups.ts';
import { keepCharacteristics } from './keep-characteristics.ts';
import { figuresOf, publishedFigures, publishFigures, readEquality } from './publish-figures.ts';
import { type PersonRow, questions } from './questions.ts';
import { type Asked, workOutFigures } from './work-out.ts';

const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

const auditor: Actor = { id: 'fa-1', name: 'Nia Bowen', role: 'fairness-auditor', purpose: 'fairness' };

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'figures of supervision on %s',
  toldInOrder,
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    const town = temporaryFolder();
    beforeAll(async () => {
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
      await fillWithSmallTown(serving.waymark, town.path);
    });
    afterAll(async () => {
      await serving?.end();
      town.remove();
    });
    const perform: typeof serving.waymark.performer.perform = (...given) => serving.waymark.performer.perform(...given);
    const keep = (text: string, source = 'said by themselves') => perform(auditor, keepCharacteristics, null, { text, source });
    const publish = (today: string) => perform(auditor, publishFigures, { timeZone: 'Europe/London' }, { today });

    test('what people say of themselves is kept for the comparison of groups, and no other purpose reads it', async () => {
      const references = (
        await withPurpose(serving.waymark.database.db, 'supervision', 'monitoring', (tx) =>
          tx.selectFrom('supervision.subjects').select('reference').orderBy('id').execute(),
        )
      ).map(({ reference }) => reference);
      await expect(keep('name,ethnicity\nA,White')).rejects.toThrow('headings reference');
      await expect(keep('reference,sex\nA,f', 'x')).rejects.toThrow('where it comes from');
      const lines = references.map((reference, i) => `${reference},${i < 7 ? 'white' : 'Martian'},${i % 2 ? 'F' : 'm'},n`);
      const { people, problems } = await keep(`Reference,Ethnicity,Sex,Disability\n${lines.join('\n')}\nNOBODY,White,f,no\n`);
      expect(people).toBe(8);
      expect(problems.map(({ row, field, code }) => [row, field, code])).toEqual([
        [9, 'ethnicity', 'value'],
        [10, 'reference', 'unknown'],
      ]);
      for (const purpose of ['monitoring', 'crime-matching', 'offender-management', 'oversight', 'administration', 'support', ''])
        expect(
          await withPurpose(serving.waymark.database.db, 'supervision', purpose, (tx) =>
            tx.selectFrom('supervision.characteristics').select('id').execute(),
          ),
          purpose,
        ).toEqual([]);
      // Whose they are stands in the audit, so that they see it; a file for a whole country is read.
      const [entry] = await withPurpose(serving.waymark.database.db, 'oversight', 'oversight', (tx) =>
        tx
          .selectFrom('oversight.audit_entries')
          .select('detail')
          .where('action', '=', 'equality.keep')
          .where('outcome', '=', 'done')
          .orderBy('seq', 'desc')
          .execute(),
      );
      expect(entry?.detail).toMatchObject({ subjects: [1, 2, 3, 4, 5, 6, 7, 8] });
      const many = Array.from({ length: 70_000 }, (_, i) => `N-${i},f`);
      expect((await keep(`reference,sex\n${many.join('\n')}\n${references[0]},m\n`)).people).toBe(1);
      // Again replaces, and the counts stay as they are.
      await keep(`reference,ethnicity\n${references[0]},Asian`);
      const view = await perform(auditor, readEquality, { timeZone: 'Europe/London' }, { today: '2026-09-10' });
      expect(view.said).toEqual([
        { kind: 'ethnicity', people: 7 },
        { kind: 'sex', people: 8 },
        { kind: 'disability', people: 8 },
      ]);
    });

    test('are published over times that never meet, for anybody, and stay as they are', async () => {
      const began = (await perform(auditor, readEquality, { timeZone: 'Europe/London' }, { today: '2026-09-02' })).next.from as string;
      const day = (after: number) => new Date(Date.parse(began) + after * 86_400_000).toISOString().slice(0, 10);
      await expect(publish(day(13))).rejects.toThrow('14 days at least');
      const first = await publish(day(20));
      expect(first).toMatchObject({ from: began, to: day(20) });
      await expect(publish(day(25))).rejects.toThrow(`on ${day(34)}`);
      const second = await publish(day(40));
      expect(second).toMatchObject({ from: day(20), to: day(40) });
      // The database itself takes no two over one day, and changes none.
      const into = (from: string, to: string) =>
        withPurpose(serving.waymark.database.db, 'supervision', 'fairness', (tx) =>
          tx.insertInto('supervision.published_figures').values({ from_on: from, to_on: to, content: '{}', by_name: 'x' }).execute(),
        );
      await expect(into(day(19), day(21))).rejects.toThrow();
      await expect(
        withPurpose(serving.waymark.database.db, 'supervision', 'fairness', (tx) =>
          tx.updateTable('supervision.published_figures').set({ by_name: 'y' }).execute(),
        ),
      ).rejects.toThrow('permission denied');
      const db = serving.waymark.database.db;
      expect((await publishedFigures(db)).map(({ from, to }) => [from, to])).toEqual([
        [day(20), day(39)],
        [began, day(19)],
      ]);
      const figures = await figuresOf(db, first.id);
      const who = figures?.tables.find(({ key }) => key === 'who-by-sex');
      // Eight people, four of each: too few for a line each, enough to be told together.
      expect(who).toMatchObject({ lines: null, whole: { of: 8 } });
      for (const { lines, whole, unit } of figures?.tables ?? [])
        for (const line of [...(lines ?? []), ...(whole ? [whole] : [])]) {
          if (unit === 'people' || unit === 'share') expect(line.of).toBeGreaterThanOrEqual(leastShown);
          if (line.yes !== null) expect(Math.min(line.yes, line.of - line.yes)).toBeGreaterThanOrEqual(leastShown);
        }
    });

    test('ask of rules and orders of the time alone: what ended before counts for nobody', async () => {
      const { db } = serving.waymark.database;
      const { rows } = await withPurpose(db, 'supervision', 'monitoring', (tx) =>
        sql<{ began: Date }>`SELECT min(starts_at) AS began FROM supervision.wearings`.execute(tx),
      );
      const day = (n: number) => new Date((rows[0]?.began.getTime() ?? 0) + n * 86_400_000);
      const ask = () =>
        withPurpose(db, 'supervision', 'fairness', async (tx) => {
          await sql`SELECT set_config('waymark.figures_from', ${day(10).toISOString()}, true), set_config('waymark.figures_to', ${day(12).toISOString()}, true)`.execute(
            tx,
          );
          return (await sql.raw(questions.people).execute(tx)).rows as PersonRow[];
        });
      const monitor = (work: Parameters<typeof withPurpose<unknown>>[3]) => withPurpose(db, 'supervision', 'monitoring', work);
      const before = (await ask())[0] as PersonRow;
      const subjectId = before.person;
      const startsAt = day(-300);
      const declare = (more: object) =>
        perform(officer, declareOrder, null, { subjectId, kind: 'court bail', authority: 'A court', startsAt, endsAt: null, ...more });
      const area = { kind: 'circle' as const, lon: -1.83, lat: 53.09, radiusM: 100 };
      const zone = { name: 'The mill', kind: 'exclusion' as const, area, effectiveAt: startsAt };
      // Of an order that is over, and of one that goes on, taken off it before the time.
      const over = await declare({});
      await perform(officer, declareZone, null, { ...zone, orderId: over.id, hours: [] });
      await monitor((tx) => sql`UPDATE supervision.orders SET ends_at = ${day(-240)} WHERE id = ${over.id}`.execute(tx));
      const going = await declare({ startsAt: day(5) });
      await perform(officer, declareZone, null, { ...zone, orderId: going.id, hours: [] });
      expect(((await ask())[0] as PersonRow).keepsOut).toBe(true);
      // As it stands where it was taken off then; the database takes no removal before it was added.
      await (server ? server.asOwner : serving.waymark.database.executeSql)(
        `UPDATE supervision.zone_orders SET added_at = '${day(5).toISOString()}', removed_at = '${day(9).toISOString()}' WHERE order_id = ${going.id}`,
      );
      const after = (await ask())[0] as PersonRow;
      expect(after.keepsOut).toBe(before.keepsOut);
      // The longest of those that go on, and not back to the one that is over.
      expect(after.days).toBeCloseTo(Math.max(before.days, 7), 3);
    });

    test('are published on the first of the month where that was decided, once, and when the hours are counted', async () => {
      const { performer, database } = serving.waymark;
      const services = { db: database.db, timeZone: 'Europe/London' };
      const due = (today: string) => publishDueFigures(performer, services, today);
      expect(await due('2027-01-02')).toBeNull();
      await expect(perform(auditor, scheduleFigures, null, { every: 'day' })).rejects.toThrow('how often');
      await perform(auditor, scheduleFigures, null, { every: 'month' });
      // Yesterday's hours are yet to be counted.
      const count = (day: string) =>
        withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
          sql`INSERT INTO supervision.days_counted (day) VALUES (${day}::date)`.execute(tx),
        );
      await count('2026-12-30');
      expect(await due('2027-01-02')).toBeNull();
      await count('2026-12-31');
      const published = await due('2027-01-02');
      expect(published).toMatchObject({ to: '2027-01-01' });
      expect(await due('2027-01-03')).toBeNull();
      const [latest] = await publishedFigures(database.db);
      expect(latest).toMatchObject({ id: published?.id, to: '2026-12-31', by: `Waymark, as ${auditor.name} decided` });
      const { from, to } = (await (await fetch(`${serving.url}/transparency/figures/latest/json`)).json()) as { from: string; to: string };
      expect([from, to]).toEqual([latest?.from, latest?.to]);
      expect(await (await fetch(`${serving.url}/transparency/figures/latest/csv`)).text()).toContain(`\n${from},${to},`);
      // The job that counts has stopped with 29 January: it is waited for until the fourth, and then figures end with that day.
      await count('2027-01-29');
      expect(await due('2027-02-01')).toBeNull();
      expect(await due('2027-02-04')).toBeNull();
      expect(await due('2027-02-05')).toMatchObject({ from: '2027-01-01', to: '2027-01-30' });
      expect(await due('2027-02-06')).toBeNull();
      // A month later it is out for longer than that: figures go out without hours.
      expect(await due('2027-03-01')).toMatchObject({ from: '2027-01-30', to: '2027-03-01' });
      expect((['month', 'quarter'] as const).map((every) => firstOf('2027-06-30', every))).toEqual(['2027-06-01', '2027-04-01']);
      expect((['month', 'quarter'] as const).map((every) => firstOf('2027-12-01', every))).toEqual(['2027-12-01', '2027-10-01']);
      const visitor = new Visitor(serving.url);
      await visitor.signIn('fa-1');
      const send = async (every: string) =>
        visitor.request('/equality/schedule', {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({ _csrf: await visitor.csrf('/equality'), every }),
        });
      expect((await send('')).status).toBe(400);
      expect((await send('never')).status).toBe(302);
      expect(await (await visitor.follow('/equality')).text()).toContain('Nothing is published by itself now.');
    });

    test('anybody reads them, as a page, CSV and JSON with the questions; the auditor keeps and publishes on a page', async () => {
      const page = await (await fetch(`${serving.url}/transparency/figures`)).text();
      expect(page).toContain('Supervision in figures');
      expect(page).toContain('Who wore a tag');
      const [latest] = await publishedFigures(serving.waymark.database.db);
      const csv = await (await fetch(`${serving.url}/transparency/figures/${latest?.id}/csv`)).text();
      expect(csv.split('\n')[0]).toBe('from,to,table,title,by,group,what_is_counted,of,count,unit,value,low_95,high_95');
      const json = (await (await fetch(`${serving.url}/transparency/figures/${latest?.id}/json`)).json()) as { questions: object };
      expect(Object.keys(json.questions).sort()).toEqual(['alerts', 'hours', 'people', 'requests', 'reviews', 'seen', 'worn']);
      expect((await fetch(`${serving.url}/transparency/figures/999`)).status).toBe(404);
      const visitor = new Visitor(serving.url);
      await visitor.signIn('fa-1');
      const own = await (await visitor.follow('/equality')).text();
      expect(own).toContain('Equality of supervision');
      const csrf = /name="_csrf" value="([^"]+)"/.exec(own)?.[1] ?? '';
      const form = new FormData();
      form.set('_csrf', csrf);
      form.set('source', 'said by themselves');
      form.set('file', new Blob(['reference,sex\nNOBODY,f\n'], { type: 'text/csv' }), 'sex.csv');
      const sent = await visitor.request('/equality', { method: 'POST', body: form });
      expect(await sent.text()).toContain('Nobody on record has this reference.');
    });
  },
);

describe('tables for publication', () => {
  const person = (i: number, more: Partial<PersonRow> = {}): PersonRow => ({
    person: i,
    ethnicity: 'White',
    sex: 'male',
    disability: 'no',
    age: '25 to 34',
    kind: 'court bail',
    keepsOut: false,
    hasHours: false,
    hadAlert: false,
    hadFalseAlert: false,
    hadBreach: false,
    asked: false,
    wasLet: false,
    finished: false,
    woreToTheEnd: false,
    days: i,
    ...more,
  });
  const asked = (more: Partial<Asked>): Asked => ({
    people: [],
    hours: [],
    alerts: [],
    worn: [],
    seen: [],
    requests: [],
    reviews: [],
    ...more,
  });
  const table = (rows: Partial<Asked>, key: string) => workOutFigures(asked(rows)).tables.find((own) => own.key === key);

  test('compare groups with their intervals, and say how many stand behind each', () => {
    const people = [
      ...Array.from({ length: 40 }, (_, i) => person(i, { hadAlert: i < 20, hadBreach: i < 10 })),
      ...Array.from({ length: 20 }, (_, i) => person(40 + i, { sex: 'female', hadAlert: i < 15, hadBreach: i < 10 })),
    ];
    const breach = table({ people }, 'breach-by-sex');
    expect(breach?.lines?.map(({ group, of, yes, value }) => [group, of, yes, value])).toEqual([
      ['male', 40, 10, 0.25],
      ['female', 20, 10, 0.5],
    ]);
    expect(breach?.lines?.[0]?.low).toBeCloseTo(0.142, 3);
    expect(breach?.whole).toMatchObject({ of: 60, yes: 20 });
  });

  test('time kept is of all hours together, in whole steps, of ten people at least, and of days that were all counted', () => {
    const hoursOf = (own: number, kept: number, broken: number, unknown: number) => ({
      person: own,
      kept,
      broken,
      unknown,
      isCounted: true,
    });
    const people = Array.from({ length: 60 }, (_, i) => person(i, { sex: i < 40 ? 'male' : 'female', hasHours: i % 4 !== 3 }));
    const hours = people
      .filter(({ hasHours }) => hasHours)
      .map(({ person: own, sex }) =>
        sex === 'male' ? hoursOf(own, 95, 0, 5) : own === 40 ? hoursOf(own, 0, 300, 0) : hoursOf(own, 98, 2, 0),
      );
    const kept = table({ people, hours }, 'time-kept-by-sex');
    // 30 men with 100 hours each; 14 women with 98 of 100, and one who was away for all of three hundred.
    expect(kept?.lines).toEqual([
      { group: 'male', of: 3000, yes: null, value: 0.95, low: null, high: null },
      { group: 'female', of: 1700, yes: null, value: 0.81, low: null, high: null },
    ]);
    expect(kept?.whole).toMatchObject({ of: 4700, value: 0.9 });
    // They differ, so the interval is wide: the second share is one of 45 people.
    expect([kept?.whole?.low, kept?.whole?.high]).toEqual([0.78, 0.99]);
    expect(table({ people, hours }, 'time-unknown-by-sex')?.whole).toMatchObject({ of: 4700, value: 0.03 });
    // One of fifteen with two fifths of the hours: what is told would be hers.
    const longer = hours.map((row) => (row.person === 40 ? { ...row, broken: 1000 } : row));
    expect(table({ people, hours: longer }, 'time-kept-by-sex')).toMatchObject({ lines: null, whole: { of: 5400, value: 0.78 } });
    // That all of them were always there is told of nobody.
    const all = hours.map((row) => ({ ...row, kept: 100, broken: 0, unknown: 0 }));
    expect(table({ people, hours: all }, 'time-kept-by-sex')?.whole?.value).toBe(0.99);
    expect(table({ people, hours: all }, 'time-unknown-by-sex')?.whole?.value).toBe(0.01);
    // Nine women with hours are too few for their line, and so the men's would tell theirs.
    const fewer = people.map((row) => (row.sex === 'female' ? { ...row, hasHours: row.person < 49 } : row));
    const those = hours.filter(({ person: own }) => own < 49);
    expect(table({ people: fewer, hours: those }, 'time-kept-by-sex')).toMatchObject({ lines: null, whole: { value: expect.any(Number) } });
    const late = hours.map((row) => ({ ...row, isCounted: false }));
    expect(table({ people, hours: late }, 'time-kept-by-sex')).toMatchObject({
      lines: null,
      whole: null,
      notTold: 'hours were not counted on every day of this time',
    });
  });

  test('a workload is told by model of tag where enough people wear it, and the causes of alerts where enough people had them', () => {
    const models = Array.from({ length: 24 }, (_, i) => ({ person: i, model: i < 12 ? 'A' : 'B', days: 30 }));
    const alerts = models.map(({ person: own, model }) => ({
      person: own,
      kind: own < 2 ? 'jamming' : 'battery low',
      model,
      ...{ all: model === 'A' ? 3 : 6, takenBack: 0, decided: 2, breach: 0, false: 1 },
    }));
    const load = table({ worn: models, alerts }, 'workload-by-model');
    expect(load?.lines?.map(({ group, of, value }) => [group, of, value])).toEqual([
      ['A', 360, 10],
      ['B', 360, 20],
    ]);
    // Two people alone had their signal jammed: it is not told by kind.
    expect(table({ worn: models, alerts }, 'alerts-by-cause')).toMatchObject({ lines: null, whole: { of: 108 } });
    expect(table({ worn: models, alerts }, 'breach-by-cause')).toMatchObject({ lines: null, whole: null });
  });
});
