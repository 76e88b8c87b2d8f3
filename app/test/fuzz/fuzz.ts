import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { Random } from '@waymark/town';
import mqtt from 'mqtt';
import { withPurpose } from '../../src/platform/database.ts';
import { storable } from '../../src/platform/storable.ts';
import type { TagBroker } from '../../src/supervision/index.ts';
import { declareGateway, issueTagCredential } from '../../src/supervision/tags/tags.ts';
import { serveForTest, temporaryFolder, Visitor } from '../serve-for-test.ts';
import { fillWithSmallTown } from '../small-town.ts';
import { formOf, hostileTexts, hostileValue, mangled, pick } from './hostile.ts';

export interface Found {
  requests: number;
  routes: number;
  fields: number;
  /** What may not be: an answer of 5xx but 503 and 507, an error that nobody caught, something acknowledged that is nowhere. */
  faults: string[];
}

const source = join(import.meta.dirname, '../../src');
const accounts = ['mo-1', 'ca-1', 'sw-1', 'sl-1', 'ds-1', 'fa-1', 'au-1', 'pe-1', 'ad-1'];

/** Every name of a field that a page or a route knows, from the sources themselves. */
function fieldNames(): string[] {
  const names = new Set<string>();
  for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(njk|ts)$/.test(entry.name)) continue;
    const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
    for (const [, name = ''] of text.matchAll(/\bname="([A-Za-z][\w-]*)"/g)) names.add(name);
    for (const [, list = ''] of text.matchAll(/textsOf\([^,]+,([^)]*)\)/g))
      for (const [, name = ''] of list.matchAll(/'([^']+)'/g)) names.add(name);
    for (const [, name = ''] of text.matchAll(/(?:query|body)[^.\n]*\)\.(\w+)/g)) names.add(name);
  }
  for (const name of ['search', 'page', 'size', 'sort', 'order', 'filter', 'list', 'show', 'type', 'date', 'month', 'from', 'to', 'lang'])
    names.add(name);
  names.delete('_csrf');
  return [...names].sort();
}

/**
 * Sends whatever a person, an agency or a tag can send, made hostile.
 * @param seconds at most so long, once it is known who may use which route
 * @param atMost and at most so many requests: what is found then depends on no clock
 */
export async function fuzz({
  seed,
  seconds = Infinity,
  atMost = Infinity,
}: {
  seed: number;
  seconds?: number;
  atMost?: number;
}): Promise<Found> {
  const random = new Random(seed);
  const serving = await serveForTest();
  const folder = temporaryFolder();
  const faults: string[] = [];
  const uncaught = (error: unknown) => void faults.push(`nobody caught: ${(error as Error)?.stack ?? String(error)}`);
  process.on('unhandledRejection', uncaught);
  process.on('uncaughtException', uncaught);
  let requests = 0;
  /** What was asked last. */
  let asking = '';
  try {
    const { waymark, server, url } = serving;
    await fillWithSmallTown(waymark, folder.path);
    const administrator = { id: 'test', name: 'Test', role: 'operator', purpose: 'administration' } as const;
    const gateway = (await waymark.performer.perform(administrator, declareGateway, null, { name: 'fuzz' })).secret;
    const tags = await withPurpose(waymark.database.db, 'supervision', 'ingest', (tx) =>
      tx.selectFrom('supervision.tags').select('serial').orderBy('id').execute(),
    );
    const serial = tags[0]?.serial ?? '';
    const secret = (await waymark.performer.perform(administrator, issueTagCredential, null, { serial })).secret;
    const tag = await mqtt.connectAsync(`mqtt://127.0.0.1:${(serving.broker as TagBroker).port}`, { username: serial, password: secret });
    const names = fieldNames();
    const visitors = new Map<string, { visitor: Visitor; token: string }>();
    const visitorOf = async (account: string) => {
      const known = visitors.get(account);
      if (known) return known;
      const visitor = new Visitor(url);
      await visitor.signIn(account);
      const made = { visitor, token: await visitor.csrf('/') };
      visitors.set(account, made);
      return made;
    };
    const routes = server.routes.filter(
      ({ method, url: path, config }) =>
        ['GET', 'POST', 'PUT', 'DELETE'].includes(method) &&
        !config?.stream &&
        !/^\/(basemap|control|sign-out|oidc|demo-sign-in)/.test(path),
    );
    const judge = async (what: string, response: Response) => {
      requests++;
      const text = await response.text();
      if (response.status >= 500 && response.status !== 503 && response.status !== 507)
        faults.push(`${response.status} ${what}: ${/<h1[^>]*>([^<]*)|\{.*/.exec(text)?.[0].slice(0, 120)}`);
      if ((response.status === 503 || response.status === 507) && text.length < 20)
        faults.push(`${response.status} without a remedy: ${what}`);
    };
    const allowed = new Map<string, string>();
    /** Who may use a route, found by asking. */
    const whoMay = async (method: string, path: string): Promise<string | null> => {
      const key = `${method} ${path}`;
      const known = allowed.get(key);
      if (known !== undefined) return known || null;
      for (const account of accounts) {
        const { visitor } = await visitorOf(account);
        const response = await visitor.request(path.replace(/:\w+/g, '1'), { method });
        const text = await response.text();
        if (response.status === 401 || response.status === 302) continue;
        if (response.status === 403 && !/expired/.test(text)) continue;
        allowed.set(key, account);
        return account;
      }
      allowed.set(key, '');
      return null;
    };
    const path = (template: string) =>
      template.replace(/:\w+/g, () =>
        random.chance(0.7) ? String(random.integer(1, 9)) : encodeURIComponent(storable(pick(random, hostileTexts)) || '0'),
      );
    const fieldsOf = (): [string, string][] =>
      Array.from({ length: random.integer(1, 12) }, () => [
        pick(random, random.chance(0.05) ? hostileTexts : names),
        pick(random, hostileTexts),
      ]);

    /** A page or a call of a program. */
    const askPage = async () => {
      const { method, url: template } = pick(random, routes);
      if (template.startsWith('/ingest')) return;
      const account = await whoMay(method, template);
      const { visitor, token } = await visitorOf(account ?? pick(random, accounts));
      const at = path(template);
      const query = random.chance(method === 'GET' ? 0.8 : 0.1) ? `?${formOf(fieldsOf())}` : '';
      const what = `${method} ${at.slice(0, 100)}${query.slice(0, 300)} as ${account}`;
      asking = what;
      if (method === 'GET') return judge(what, await visitor.request(`${at.slice(0, 2000)}${query.slice(0, 12_000)}`));
      const how = random.integer(0, 3);
      if (how === 0)
        return judge(
          what,
          await visitor.request(at, {
            method,
            headers: { 'content-type': 'application/json', 'csrf-token': token },
            body: JSON.stringify(hostileValue(random)),
          }),
        );
      if (how === 1) {
        const body = new FormData();
        body.set('_csrf', token);
        for (const [name, value] of fieldsOf()) body.append(name || 'x', storable(value));
        body.append(
          'file',
          new Blob([mangled(random, Buffer.from(pick(random, fileTexts))) as Uint8Array<ArrayBuffer>]),
          pick(random, fileNames),
        );
        return judge(`${what} with a file`, await visitor.request(at, { method, body }));
      }
      const fields = fieldsOf();
      const body = formOf([['_csrf', token], ...fields]);
      return judge(
        `${what} with ${JSON.stringify(fields).slice(0, 400)}`,
        await visitor.request(at, { method, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body }),
      );
    };

    const begin = Date.UTC(2026, 5, 1);
    let minute = 0;
    const fixText = (mark: string) => ({
      tag: serial,
      at: new Date(begin + ++minute * 1000).toISOString(),
      lat: 53.09,
      lon: -1.83,
      accuracy: random.chance(0.9) ? 8 : hostileValue(random),
      ...(random.chance(0.5) ? { note: mark } : {}),
      ...(random.chance(0.3) ? { [pick(random, hostileTexts)]: hostileValue(random) } : {}),
      ...(random.chance(0.2) ? { events: hostileValue(random) } : {}),
    });
    /** What a tag or a gateway sends. What is acknowledged must be a fix, known already, or in quarantine. */
    const ingest = async () => {
      const to = pick(random, ['/ingest/waymark', '/ingest/owntracks', '/ingest/traccar']);
      const list = Array.from({ length: random.integer(1, 5) }, () => fixText(pick(random, hostileTexts)));
      const text = random.chance(0.5)
        ? list.map((one) => JSON.stringify(one)).join('\n')
        : JSON.stringify(random.chance(0.8) ? list : hostileValue(random));
      let body: Buffer = random.chance(0.5) ? Buffer.from(text) : mangled(random, Buffer.from(text));
      const headers: Record<string, string> = {
        authorization: `Bearer ${gateway}`,
        'content-type': pick(random, ['application/json', 'text/plain', 'application/x-ndjson; charset=utf-16', 'x/y']),
      };
      const encoding = random.integer(0, 5);
      if (encoding === 0) [body, headers['content-encoding']] = [gzipSync(body), 'gzip'];
      if (encoding === 1) [body, headers['content-encoding']] = [brotliCompressSync(body), 'br'];
      if (encoding === 2) headers['content-encoding'] = 'gzip';
      const before = await waymark.fixes.summary();
      asking = `POST ${to} ${JSON.stringify(text.slice(0, 300))}`;
      const response = await fetch(`${url}${to}`, { method: 'POST', headers, body: body as Uint8Array<ArrayBuffer> });
      const copy = response.clone();
      await judge(`POST ${to} ${JSON.stringify(body.toString('latin1').slice(0, 300))}`, response);
      if (copy.status >= 300) return;
      const answer = (await copy.json().catch(() => null)) as { accepted?: number; duplicates?: number; quarantined?: number } | null;
      if (!answer || typeof answer.accepted !== 'number') return;
      const after = await waymark.fixes.summary();
      const kept = after.fixes - before.fixes + (after.quarantined - before.quarantined);
      if (kept < answer.accepted + (answer.quarantined ?? 0))
        faults.push(`acknowledged and lost: ${JSON.stringify(answer)}, kept ${kept}, of ${text.slice(0, 200)}`);
      if (answer.accepted + (answer.duplicates ?? 0) + (answer.quarantined ?? 0) === 0)
        faults.push(`acknowledged and nothing kept: ${to} ${text.slice(0, 300)}`);
    };
    const publish = async () => {
      const before = await waymark.fixes.summary();
      const receipt = waymark.fixes.lastReceipt;
      const body = random.chance(0.5)
        ? Buffer.from(JSON.stringify(fixText('')))
        : mangled(random, Buffer.from(JSON.stringify(fixText('x'))));
      await tag.publishAsync(`waymark/tags/${serial}/fixes`, body, { qos: 1 });
      requests++;
      const after = await waymark.fixes.summary();
      // The same fix in other words is known already: that is a receipt, and nothing new.
      if (body.length > 0 && after.fixes + after.quarantined <= before.fixes + before.quarantined && waymark.fixes.lastReceipt === receipt)
        faults.push(`acknowledged over MQTT and nowhere: ${JSON.stringify(body.toString('latin1').slice(0, 200))}`);
    };
    /** A name that is typed is stored as it was typed, but for what no database takes. */
    const roundTrip = async () => {
      const { visitor, token } = await visitorOf('mo-1');
      const name = `Fuzz ${pick(
        random,
        hostileTexts.filter((text) => text.length < 100 && text.isWellFormed() && !text.includes('\0')),
      )}`.trim();
      const reference = `F-${random.integer(0, 1e9)}`;
      const body = formOf([
        ['_csrf', token],
        ['reference', reference],
        ['name', name],
      ]);
      const response = await visitor.request('/subjects', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body,
      });
      await judge(`POST /subjects ${name}`, response);
      if (response.status !== 302) return;
      const stored = await withPurpose(waymark.database.db, 'supervision', 'monitoring', (tx) =>
        tx.selectFrom('supervision.subjects').select('name').where('reference', '=', reference).executeTakeFirst(),
      );
      if (stored && stored.name !== name)
        faults.push(`stored otherwise than sent: ${JSON.stringify(name)} as ${JSON.stringify(stored.name)}`);
    };
    // Each route once at least, then whatever comes.
    for (const { method, url: template } of routes) if (!template.startsWith('/ingest')) await whoMay(method, template);
    const until = Date.now() + seconds * 1000;
    while (Date.now() < until && requests < atMost && faults.length < 50) {
      const kind = random.next();
      try {
        await (kind < 0.6 ? askPage() : kind < 0.85 ? ingest() : kind < 0.95 ? publish() : roundTrip());
      } catch (error) {
        const { message, cause } = error as Error & { cause?: { code?: string } };
        faults.push(`no answer that can be read: ${asking}: ${cause?.code ?? message}`);
      }
    }
    await waymark.live.settled();
    await tag.endAsync();
    return { requests, routes: routes.length, fields: names.length, faults: [...new Set(faults)] };
  } finally {
    process.off('unhandledRejection', uncaught);
    process.off('uncaughtException', uncaught);
    await serving.end();
    folder.remove();
  }
}

const fileNames = ['a.csv', 'a.json', 'a.xlsx', 'a.xml', 'a.geojson', '', '\u202e.csv', `${'x'.repeat(300)}.csv`];
const fileTexts = [
  'id,first,last,born\n1,Ann,Lee,2010-01-02\n2,"Bob\nTwo",O\'Neil,31/12/2009\n',
  '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"reference":"X1"},"geometry":{"type":"Point","coordinates":[-1.8,53.1]}}]}',
  '[{"id":1,"name":{"given":"Ann"}},{"id":null}]',
  '<?xml version="1.0"?><CTfile><Pupil><UPN>A123</UPN></Pupil></CTfile>',
  '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>',
  'PK\u0003\u0004 no workbook',
  'format: waymark-mapping-1\nname: x\nreads: csv\nkey: { column: id }\n',
];
