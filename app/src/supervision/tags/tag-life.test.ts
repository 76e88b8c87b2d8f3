import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts';
import { serveForTest, Visitor } from '../../../test/serve-for-test.ts';
import { until } from '../../../test/until.ts';
import type { Actor } from '../../platform/access.ts';
import { listAlerts } from '../alerts/read-alerts.ts';
import { listCaseload } from '../caseload/read-caseload.ts';
import { LiveWatch } from '../index.ts';
import { declareOrder, declareSubject } from '../subjects/subjects.ts';
import { closeWearing, openWearing } from '../subjects/wearings.ts';
import { readWearing } from '../visit/read-wearing.ts';
import { listTags } from './list-fleet.ts';
import { moveTag, readTag } from './tag-life.ts';
import { declareTag } from './tags.ts';

/** A tag from the store to somebody's ankle and back, and what it tells of itself on the way. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

const officer: Actor = { id: 'mo', name: 'Monitoring officer', role: 'monitoring-officer', purpose: 'monitoring' };
const minute = 60_000;
const start = Math.floor(Date.now() / minute) * minute - 5 * 60 * minute;

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])('a tag on %s', (_name, server) => {
  let serving: Awaited<ReturnType<typeof serveForTest>>;
  let number = 0;
  beforeAll(async () => {
    serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
  });
  afterAll(() => serving?.end());

  async function somebody() {
    const { performer } = serving.waymark;
    const reference = `P-${++number}x`;
    const startsAt = new Date(start - 86_400_000);
    const { id: subjectId } = await performer.perform(officer, declareSubject, null, { reference, name: `Nobody ${number}` });
    const order = { subjectId, kind: 'court bail', authority: 'A court', startsAt, endsAt: null };
    const { id: orderId } = await performer.perform(officer, declareOrder, null, order);
    return { subjectId, orderId, reference, startsAt };
  }

  async function newTag(): Promise<{ serial: string; id: number }> {
    const serial = `TL-${++number}`;
    return { serial, ...(await serving.waymark.performer.perform(officer, declareTag, null, { serial, model: '' })) };
  }

  async function fit(serial: string, to: Awaited<ReturnType<typeof somebody>>, startsAt = to.startsAt): Promise<number> {
    const { performer } = serving.waymark;
    const { id } = await performer.perform(officer, openWearing, null, { ...to, serial, startsAt });
    return id;
  }

  async function send(serial: string, fixes: { minute: number; battery?: number; events?: string }[]) {
    const raw = fixes.map(({ minute: m, battery = Number.NaN, events = null }) => ({
      tag: serial,
      at: start + m * minute,
      lat: 53.09,
      lon: -1.83,
      accuracyM: 8,
      speedMps: Number.NaN,
      headingDeg: Number.NaN,
      method: 0,
      battery,
      seq: Number.NaN,
      events,
    }));
    await serving.waymark.intake.accept({ fixes: raw, unreadable: [] }, { kind: 'tag', serial });
    await serving.waymark.live.settled();
  }

  const standing = async (id: number) =>
    (await serving.waymark.performer.perform(officer, readTag, { positions: serving.waymark.positions }, { id })).standing;
  const alerts = async (search: string, list: 'open' | 'retracted' = 'open') =>
    (await serving.waymark.performer.perform(officer, listAlerts, null, { list, search, limit: 50, offset: 0 })).rows;

  test('in stock, fitted, worn, removed, checked, lost; every step stays on record', async () => {
    const { performer, fixes, positions } = serving.waymark;
    const tag = await newTag();
    expect(await standing(tag.id)).toBe('in stock');
    const person = await somebody();
    const wearing = await fit(tag.serial, person);
    expect(await standing(tag.id)).toBe('fitted');
    expect((await performer.perform(officer, readWearing, { positions }, { id: wearing })).checks.map(({ done }) => done)).toEqual([
      false,
      false,
      false,
    ]);
    await send(tag.serial, [{ minute: 0, battery: 0.9 }]);
    expect(await standing(tag.id)).toBe('worn');
    expect((await performer.perform(officer, readWearing, { positions }, { id: wearing })).checks.every(({ done }) => done)).toBe(true);
    await expect(performer.perform(officer, moveTag, null, { id: tag.id, state: 'lost', note: 'gone' })).rejects.toThrow('on somebody');
    const ends = { id: wearing, endsAt: new Date(start + minute), state: 'removed', note: 'The order ended' };
    await performer.perform(officer, closeWearing, { fixes }, ends);
    expect(await standing(tag.id)).toBe('removed');
    await expect(fit(tag.serial, await somebody(), new Date())).rejects.toThrow('back from somebody and not yet checked');
    await performer.perform(officer, moveTag, null, { id: tag.id, state: 'in stock', note: '' });
    await expect(performer.perform(officer, moveTag, null, { id: tag.id, state: 'lost', note: '' })).rejects.toThrow('what happened');
    await performer.perform(officer, moveTag, null, { id: tag.id, state: 'lost', note: 'Left on a train' });
    await expect(fit(tag.serial, await somebody(), new Date())).rejects.toThrow('marked as lost');
    const { steps } = await performer.perform(officer, readTag, { positions }, { id: tag.id });
    expect(steps.map(({ step }) => step)).toEqual(['lost', 'in stock', 'removed', 'fitted', 'registered']);
    expect(steps[2]).toMatchObject({ note: 'The order ended', by_name: officer.name, subject_id: person.subjectId });
  });

  test('one tag is never on two people, and one that is fitted twice at a time is refused once', async () => {
    const tag = await newTag();
    const [one, two] = [await somebody(), await somebody()];
    const tries = await Promise.allSettled([fit(tag.serial, one), fit(tag.serial, two)]);
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refused = tries.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
    expect(String(refused.reason)).toContain('Remove it there first');
  });

  test('a cut strap and a flat battery are alerts with their reasons', async () => {
    const tag = await newTag();
    const person = await somebody();
    await fit(tag.serial, person);
    await send(tag.serial, [
      { minute: 0, battery: 0.3 },
      { minute: 1, battery: 0.14, events: 'strap-cut' },
      { minute: 2, battery: 0.1, events: 'strap-cut' },
      { minute: 3, battery: 0.04 },
    ]);
    const found = await alerts(person.reference);
    expect(found.map(({ kind, severity, zone, to_at }) => [kind, severity, zone, to_at?.getTime() ?? null])).toEqual([
      ['strap cut', 'high', null, start + 2 * minute],
      ['battery flat', 'medium', null, null],
    ]);
    expect(found[0]?.explanation).toContain('strap was cut or opened (2 fixes');
    expect(found[1]?.explanation).toContain('went down to 4 %');
  });

  test('a silence is an alert, survives a restart, ends with the next fix, and is taken back when the fixes come late', async () => {
    const { database, fixes, access, timeZone, performer, positions } = serving.waymark;
    const tag = await newTag();
    const person = await somebody();
    const wearing = await fit(tag.serial, person);
    await send(tag.serial, [{ minute: 0 }, { minute: 1 }]);
    expect(await alerts(person.reference)).toEqual([]);
    // The same stores, an hour and a quarter later by the server's clock.
    let ahead = 0;
    const later = new LiveWatch(database.db, fixes, access, timeZone, { now: () => Date.now() + ahead });
    await later.start();
    await later.lookForSilence();
    expect(await alerts(person.reference)).toEqual([]);
    ahead = 75 * minute;
    await later.lookForSilence();
    expect(await alerts(person.reference)).toMatchObject([{ kind: 'no signal', from_at: new Date(start + minute), to_at: null }]);
    await later.close();
    const again = new LiveWatch(database.db, fixes, access, timeZone, { now: () => Date.now() + ahead });
    await again.start();
    await again.lookForSilence();
    await again.close();
    expect(await alerts(person.reference)).toHaveLength(1);
    // The server's own watch takes over again.
    await serving.waymark.live.rethink([wearing]);
    await send(tag.serial, [{ minute: 200 }]);
    expect(await alerts(person.reference)).toMatchObject([{ kind: 'no signal', to_at: new Date(start + 200 * minute) }]);
    await send(
      tag.serial,
      Array.from({ length: 198 }, (_, i) => ({ minute: 2 + i })),
    );
    expect(await alerts(person.reference)).toEqual([]);
    expect(await alerts(person.reference, 'retracted')).toMatchObject([{ kind: 'no signal' }]);
    const { rows } = await performer.perform(officer, listCaseload, { positions }, { search: person.reference, limit: 5, offset: 0 });
    expect(rows).toMatchObject([{ silent: false, alerts: 0, position: { at: start + 200 * minute } }]);
  });

  test('a silence that could not be put on record at first is, once the records answer again', async () => {
    const { database, fixes, access, timeZone } = serving.waymark;
    const tag = await newTag();
    const person = await somebody();
    await fit(tag.serial, person);
    await send(tag.serial, [{ minute: 0 }, { minute: 1 }]);
    // The second question after that fails: the first asks who is worn, the second puts the silence on record.
    let answers = Number.POSITIVE_INFINITY;
    const db = new Proxy(database.db, {
      get(target, name) {
        if (name === 'transaction' && answers-- === 0) throw new Error('the records are away');
        const value = Reflect.get(target, name, target) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    let ahead = 0;
    const later = new LiveWatch(db, fixes, access, timeZone, { now: () => Date.now() + ahead });
    await later.start();
    ahead = 75 * minute;
    answers = 1;
    await expect(later.lookForSilence()).rejects.toThrow('the records are away');
    // Tried again by itself.
    await until(async () => (await alerts(person.reference)).length === 1);
    await later.close();
    expect(await alerts(person.reference)).toMatchObject([{ kind: 'no signal', to_at: null }]);
  });

  test('a silence stays on record when the tag is taken off, and ends then', async () => {
    const { performer, fixes, live } = serving.waymark;
    const tag = await newTag();
    const person = await somebody();
    const wearing = await fit(tag.serial, person);
    await send(tag.serial, [{ minute: 0 }, { minute: 1 }]);
    const { database, access, timeZone } = serving.waymark;
    let ahead = 0;
    const later = new LiveWatch(database.db, fixes, access, timeZone, { now: () => Date.now() + ahead });
    await later.start();
    ahead = 75 * minute;
    await later.lookForSilence();
    await later.close();
    expect(await alerts(person.reference)).toMatchObject([{ kind: 'no signal', to_at: null }]);
    const endsAt = new Date(start + 100 * minute);
    await performer.perform(officer, closeWearing, { fixes }, { id: wearing, endsAt, state: 'lost', note: 'Thrown away' });
    await live.rethink([wearing]);
    expect(await alerts(person.reference)).toMatchObject([{ kind: 'no signal', from_at: new Date(start + minute), to_at: endsAt }]);
    expect(await alerts(person.reference, 'retracted')).toEqual([]);
  });

  test('nobody fits or takes off a tag in the future', async () => {
    const { performer, fixes } = serving.waymark;
    const tag = await newTag();
    const person = await somebody();
    const tomorrow = new Date(Date.now() + 86_400_000);
    await expect(fit(tag.serial, person, tomorrow)).rejects.toThrow('still to come');
    const id = await fit(tag.serial, person);
    await expect(performer.perform(officer, closeWearing, { fixes }, { id, endsAt: tomorrow })).rejects.toThrow('still to come');
    await expect(performer.perform(officer, closeWearing, { fixes }, { id, endsAt: new Date(Number.NaN) })).rejects.toThrow(
      'date and time',
    );
  });

  test('the fleet shows what needs attention', async () => {
    const { performer, positions } = serving.waymark;
    const [low, never] = [await newTag(), await newTag()];
    await fit(low.serial, await somebody());
    await fit(never.serial, await somebody());
    await send(low.serial, [{ minute: 290, battery: 0.1 }]);
    const troubled = async (serial: string) =>
      (await performer.perform(officer, listTags, { positions }, { search: serial, filter: 'trouble', limit: 5, offset: 0 })).rows;
    expect(await troubled(low.serial)).toMatchObject([{ trouble: 'battery low', standing: 'worn' }]);
    expect(await troubled(never.serial)).toMatchObject([{ trouble: 'never heard', standing: 'fitted' }]);
  });

  test('the live map is told who is where, and of moves; nobody else is', async () => {
    const tag = await newTag();
    const person = await somebody();
    const wearing = await fit(tag.serial, person);
    await send(tag.serial, [{ minute: 0 }]);
    const visitor = new Visitor(serving.url);
    await visitor.signIn('mo-1');
    const response = await visitor.request('/api/caseload/positions');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let text = '';
    const readUntil = async (wanted: RegExp) => {
      while (!wanted.test(text)) text += Buffer.from((await reader.read()).value ?? []).toString();
    };
    await readUntil(/event: all\ndata: .*\n\n/);
    expect(text).toContain(`"${wearing}":["${person.reference}",${person.subjectId}]`);
    expect(text).not.toContain('Nobody');
    await send(tag.serial, [{ minute: 1 }]);
    await readUntil(new RegExp(`event: moved\\ndata: .*\\[${wearing},-1.83,53.09,${start + minute},`));
    await send(tag.serial, [{ minute: 2, events: 'case-open' }]);
    await readUntil(new RegExp(`event: alert\\ndata: \\[${wearing},3\\]`));
    await reader.cancel();
    const analyst = new Visitor(serving.url);
    await analyst.signIn('ca-1');
    expect((await analyst.request('/api/caseload/positions')).status).toBe(403);
  });

  test('a visit: every step has to be done before the tag counts as fitted', async () => {
    const tag = await newTag();
    const person = await somebody();
    const visitor = new Visitor(serving.url);
    await visitor.signIn('mo-1');
    const path = `/subjects/${person.subjectId}/fit`;
    const post = async (told: string[]) =>
      visitor.request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams([
          ['_csrf', await visitor.csrf(path)],
          ['orderId', String(person.orderId)],
          ['serial', tag.serial],
          ...told.map((step): [string, string] => ['told', step]),
        ]),
      });
    const early = await post(['1', '2']);
    expect(early.status).toBe(400);
    expect(await early.text()).toContain('Do each of these steps first');
    const done = await post(['1', '2', '3']);
    expect(done.headers.get('location')).toMatch(/^\/wearings\/\d+\/door$/);
    expect(await (await visitor.follow(done.headers.get('location') ?? '')).text()).toContain('Waiting for the tag');
  });
});
