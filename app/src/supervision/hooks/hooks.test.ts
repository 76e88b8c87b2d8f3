import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'kysely';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { administrator, officer } from '../../../test/actors.ts';
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts';
import { serveForTest, Visitor } from '../../../test/serve-for-test.ts';
import { toldInOrder } from '../../../test/told-in-order.ts';
import { wearerForTest } from '../../../test/wearer-for-test.ts';
import { type Actor, readPolicies } from '../../platform/access.ts';
import { verifyAudit } from '../../platform/audit.ts';
import { withPurpose } from '../../platform/database.ts';
import { importSubjects } from '../bulk/import-subjects.ts';
import { assignCase, holdCase } from '../case-access/index.ts';
import { topicNames, topics } from '../changes/index.ts';
import { untold } from '../changes/topics.ts';
import { keepContact } from '../contacts/index.ts';
import { Channels } from '../delivery/index.ts';
import { publishFigures } from '../figures/index.ts';
import { ChangeSender } from './change-sender.ts';
import { addHook, endHook, listHooks, tryHook } from './hooks.ts';

/** Other systems that are told of what changes, with a real web server that listens, on both databases. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

test('every action of supervision that changes something is told of under one topic, or stands among those that are not, with why', () => {
  const told = topicNames.flatMap((topic) => [...topics[topic]] as string[]);
  expect(told.length).toBe(new Set(told).size);
  const ofSupervision = readPolicies()
    .filter(({ text }) => text.trimStart().startsWith('@id') && text.includes('permit') && text.includes('Room::"supervision"'))
    .flatMap(({ text }) => [...text.matchAll(/Action::"([\w.-]+)"/g)].map(([, name]) => name as string))
    .filter((name) => !/\.(list|read|watch)$/.test(name));
  expect(ofSupervision.length).toBeGreaterThan(50);
  expect([...new Set(ofSupervision)].filter((name) => !told.includes(name) && !Object.hasOwn(untold, name))).toEqual([]);
  expect(told.filter((name) => Object.hasOwn(untold, name))).toEqual([]);
});

/** Told actions by the purpose that they are for, as the policies have it. */
const purposesTold = [
  ...new Set(
    readPolicies().flatMap(({ text }) => {
      const told = topicNames.some((topic) => topics[topic].some((name) => text.includes(`Action::"${name}"`)));
      return told && text.includes('Room::"supervision"')
        ? [...text.matchAll(/context\.purpose == "([\w-]+)"/g)].map(([, name]) => name as string)
        : [];
    }),
  ),
];

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'webhooks of changes on %s',
  toldInOrder,
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    let sender: ChangeSender;
    let channels: Channels;
    let url = '';
    let secret = '';
    let id = 0;
    const heard: { headers: IncomingMessage['headers']; body: string }[] = [];
    const answers: number[] = [];
    const web = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        const status = answers.shift() ?? 204;
        if (status < 300) heard.push({ headers: request.headers, body });
        response.writeHead(status).end();
      });
    });
    const number = ({ headers }: (typeof heard)[number]) => Number(String(headers['webhook-id']).split('-')[1]);
    /** In the order in which things changed: messages go several at a time. */
    const types = () => heard.sort((a, b) => number(a) - number(b)).map(({ body }) => JSON.parse(body).type as string);
    const add = (topicsOf: string[], name = 'Case records') =>
      serving.waymark.performer.perform(administrator, addHook, { channels }, { name, topics: topicsOf, target: `${url}/changes` });

    beforeAll(async () => {
      await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', () => resolve()));
      url = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
      await serving.hooks.close();
      channels = new Channels({ webhookHosts: ['127.0.0.1'] });
      sender = new ChangeSender(serving.waymark.database.db, serving.waymark.access, channels);
    });
    afterAll(async () => {
      await serving?.end();
      web.closeAllConnections();
      web.close();
    });

    test('what cannot be set up is told, and nothing is sent where nobody asked', async () => {
      for (const [input, told] of [
        [{ name: 'x', topics: ['people'], target: url }, '2 to 80'],
        [{ name: 'Case records', topics: ['gossip'], target: url }, 'at least one'],
        [{ name: 'Case records', topics: ['people'], target: 'https://elsewhere.example/' }, 'may not go to elsewhere.example'],
      ] as const)
        await expect(
          serving.waymark.performer.perform(administrator, addHook, { channels }, { ...input, topics: [...input.topics] }),
        ).rejects.toThrow(told);
      await wearerForTest(serving.waymark, 'HK-0');
      await sender.deliverDue();
      expect(heard).toEqual([]);
    });

    test('whoever does something that is told may put it in line, whatever it is done for', async () => {
      expect(purposesTold.length).toBeGreaterThan(4);
      const { rows } = (await serving.waymark.database.executeSql(
        "SELECT tablename AS table, coalesce(qual, with_check) AS rule FROM pg_policies WHERE policyname = 'doing'",
      )) as { rows: { table: string; rule: string }[] };
      expect(rows.map(({ table }) => table).sort()).toEqual(['change_hooks', 'change_messages']);
      for (const { table, rule } of rows)
        expect(
          purposesTold.filter((purpose) => !rule.includes(`'${purpose}'`)),
          table,
        ).toEqual([]);
    });

    test('a change is told by kind, number and reference, signed, and says nothing of what was written', async () => {
      ({ id, secret } = await add(['people', 'tags', 'rules', 'alerts']));
      const wearer = await wearerForTest(serving.waymark, 'HK-1');
      await serving.waymark.performer.perform(officer, keepContact, null, {
        subjectId: wearer.subjectId,
        who: 'family',
        name: 'A sister who worries',
        phone: '07700 900123',
        contactNote: 'after six',
      });
      await sender.deliverDue();
      expect(types()).toEqual(['subject.declare', 'order.declare', 'tag.declare', 'wearing.open', 'zone.declare', 'contact.keep']);
      for (const { headers, body } of heard) {
        expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toBeTruthy();
        expect(body).not.toMatch(/Person HK-1|sister|900123|after six|Tarn Court/);
      }
      expect(JSON.parse(heard.at(-1)?.body ?? '{}')).toMatchObject({
        type: 'contact.keep',
        data: { kind: 'subject', id: wearer.subjectId, reference: 'HK-1' },
      });
    });

    test('figures that are published are told, by number alone', async () => {
      heard.length = 0;
      const council = await add(['figures'], 'A council');
      const auditor: Actor = { id: 'fa-1', name: 'Nia Bowen', role: 'fairness-auditor', purpose: 'fairness' };
      const published = await serving.waymark.performer.perform(
        auditor,
        publishFigures,
        { timeZone: 'Europe/London' },
        { today: '2027-06-01' },
      );
      await sender.deliverDue();
      expect(heard.map(({ body }) => JSON.parse(body))).toMatchObject([
        { type: 'figures.publish', data: { kind: 'figures', id: published.id } },
      ]);
      await serving.waymark.performer.perform(administrator, endHook, null, { id: council.id });
      heard.length = 0;
    });

    test('an alert that is raised, and people from a file, are told too; what is not asked for is not', async () => {
      heard.length = 0;
      const wearer = await wearerForTest(serving.waymark, 'HK-2');
      await sender.deliverDue();
      heard.length = 0;
      const { intake, live } = serving.waymark;
      const none = Number.NaN;
      const more = {
        tag: wearer.serial,
        lat: 53.8,
        lon: -1.5,
        accuracyM: 8,
        speedMps: none,
        headingDeg: none,
        method: 0,
        battery: none,
        seq: none,
      };
      const fixes = [180_000, 120_000, 60_000].map((ago, i) => ({ ...more, at: Date.now() - ago, events: i === 1 ? 'strap-cut' : null }));
      await intake.accept({ fixes, unreadable: [] }, { kind: 'tag', serial: wearer.serial });
      await live.settled();
      await sender.deliverDue();
      expect(types()).toEqual(['alert.raised']);
      heard.length = 0;
      const row = {
        reference: 'HK-3',
        name: 'Hal Person',
        order_kind: 'community order',
        authority: 'Tarn Court',
        order_from: '2026-09-01 09:00',
      };
      await importSubjects(serving.waymark, officer, { rows: [row] }, true);
      await sender.deliverDue();
      expect(types()).toEqual([]);
      await importSubjects(serving.waymark, officer, { rows: [row] }, false);
      await sender.deliverDue();
      expect(heard.map(({ body }) => JSON.parse(body).data)).toMatchObject([{ kind: 'subject', reference: 'HK-3', state: 'created' }]);
    });

    test('of a restricted case nobody outside hears; who has ended, and who does not answer, keeps nobody else waiting', async () => {
      heard.length = 0;
      const { performer, database } = serving.waymark;
      const wearer = await wearerForTest(serving.waymark, 'HK-4');
      await sender.deliverDue();
      heard.length = 0;
      await new Visitor(serving.url).signIn('mo-1');
      await performer.perform(officer, holdCase, null, { subjectId: wearer.subjectId, holder: 'mo-1', part: 'responsible', toOn: '' });
      await performer.perform(officer, assignCase, null, { subjectId: wearer.subjectId, team: '', isRestricted: true });
      const contact = { subjectId: wearer.subjectId, who: 'family', name: 'Somebody', phone: '07700 900125', contactNote: '' };
      await performer.perform(officer, keepContact, null, contact);
      await sender.deliverDue();
      expect(types()).toEqual([]);
      const other = await add(['people'], 'Another system');
      await withPurpose(database.db, 'supervision', 'administration', (tx) =>
        sql`INSERT INTO supervision.change_messages (hook_id, type, detail, due_at) SELECT ${other.id}, 'trial', '{}', now() - interval '1 hour' FROM generate_series(1, 9)`.execute(
          tx,
        ),
      );
      await withPurpose(database.db, 'supervision', 'administration', (tx) =>
        sql`UPDATE supervision.change_hooks SET ended_at = now() WHERE id = ${other.id}`.execute(tx),
      );
      await performer.perform(administrator, tryHook, null, { id });
      await sender.deliverDue();
      expect(types()).toEqual(['trial']);
    });

    test('what fails is tried again with the same id; what is undone is not told; what is ended gets nothing more', async () => {
      heard.length = 0;
      answers.push(500);
      await serving.waymark.performer.perform(administrator, tryHook, null, { id });
      await sender.deliverDue();
      expect(heard).toEqual([]);
      await sender.deliverDue(new Date(Date.now() + 11_000));
      expect(types()).toEqual(['trial']);
      // Refused in the middle: the change and its message go together.
      const { performer } = serving.waymark;
      const undone = { subjectId: 1, who: 'family', name: 'x', phone: '1', contactNote: '' };
      await expect(performer.perform(officer, keepContact, null, undone)).rejects.toThrow();
      await performer.perform(administrator, tryHook, null, { id });
      await performer.perform(administrator, endHook, null, { id });
      await sender.deliverDue();
      expect(types()).toEqual(['trial']);
      const { hooks, messages } = await performer.perform(administrator, listHooks, null, null);
      expect([hooks, messages[0]?.state, messages[0]?.problem]).toEqual([[], 'not needed', 'The webhook was ended']);
      expect((await verifyAudit(serving.waymark.database.db)).problems).toEqual([]);
    });
  },
);
