import { readdirSync, readFileSync } from 'node:fs';
import { request as rawRequest } from 'node:http';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fillFromTemplate, serveForTest, temporaryFolder, Visitor } from '../../test/serve-for-test.ts';
import { fillWithSmallTown } from '../../test/small-town.ts';
import { until } from '../../test/until.ts';
import { ConfigError, readConfig } from '../config.ts';
import { serve } from '../serve.ts';
import { browserAssets } from './assets/build-assets.ts';

type Serving = Awaited<ReturnType<typeof serveForTest>>;

/** Sends headers and, until it is answered, as much of an endless body as goes; gives the answer and how much was taken. */
function pour(url: string, headers: Record<string, string>): Promise<{ status: number; sent: number }> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    const call = rawRequest(url, { method: 'POST', headers: { ...headers, 'content-length': String(54 * 1024 * 1024) } }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, sent });
      call.destroy();
    });
    call.on('error', (error) => (sent > 0 || /ECONNRESET|EPIPE/.test(error.message) ? undefined : reject(error)));
    const piece = Buffer.alloc(64 * 1024, '[');
    const more = () => {
      if (call.destroyed || sent > 50 * 1024 * 1024) return;
      sent += piece.length;
      call.write(piece, () => setTimeout(more, 1));
    };
    more();
  });
}

describe('what is sent', () => {
  let serving: Serving;
  beforeAll(async () => {
    serving = await serveForTest();
    const folder = temporaryFolder();
    await fillWithSmallTown(serving.waymark, folder.path);
    folder.remove();
  });
  afterAll(() => serving.end());
  const signedIn = async (account: string) => {
    const visitor = new Visitor(serving.url);
    await visitor.signIn(account);
    return visitor;
  };

  test('whoever is nobody is refused before a large body is read', async () => {
    for (const type of ['application/json', 'text/csv', 'multipart/form-data', 'multipart/form-data; boundary=x']) {
      const { status, sent } = await pour(`${serving.url}/api/crimes`, { 'content-type': type });
      expect([type, status]).toEqual([type, 401]);
      expect(sent).toBeLessThan(8 * 1024 * 1024);
    }
    expect((await pour(`${serving.url}/ingest/waymark`, { 'content-type': 'application/json' })).status).toBe(401);
  });

  test('what is no file may have 1 MB', async () => {
    const analyst = await signedIn('mo-1');
    const big = await analyst.request('/subjects', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `name=${'x'.repeat(2 * 1024 * 1024)}`,
    });
    expect(big.status).toBe(413);
  });

  test('several parts without what is between them, or where no files are taken, are 400', async () => {
    const analyst = await signedIn('ca-1');
    const send = (path: string, type: string) => analyst.request(path, { method: 'POST', headers: { 'content-type': type }, body: 'x' });
    expect((await send('/crimes/import', 'multipart/form-data')).status).toBe(400);
    expect((await send('/runs', 'multipart/form-data; boundary=x')).status).toBe(400);
    expect((await send('/sign-in', 'multipart/form-data')).status).toBeLessThan(500);
  });

  test('a field that is sent twice is 400 on every form, and named', async () => {
    const forms = serving.server.routes.filter(
      ({ method, config }) => method === 'POST' && !config?.api && !config?.open && config?.action,
    );
    expect(forms.length).toBeGreaterThan(60);
    const visitors = new Map<string, { visitor: Visitor; token: string }>();
    for (const account of ['mo-1', 'ca-1', 'sw-1', 'sl-1', 'ds-1', 'fa-1', 'au-1', 'pe-1', 'ad-1']) {
      const visitor = await signedIn(account);
      visitors.set(account, { visitor, token: await visitor.csrf('/') });
    }
    const answers: string[] = [];
    for (const { url } of forms) {
      if (url === '/sign-out') continue;
      for (const { visitor, token } of visitors.values()) {
        const body = new URLSearchParams({ _csrf: token });
        for (const field of ['name', 'reason', 'note', 'decision', 'tag', 'from', 'account'])
          for (const value of ['a', 'b']) body.append(field, value);
        const response = await visitor.request(url.replace(/:\w+/g, '1'), { method: 'POST', body });
        if (response.status === 403) continue;
        answers.push(`${response.status} ${url}`);
        if (response.status === 400) expect(await response.text()).toContain('more than once');
        break;
      }
    }
    expect(answers.filter((answer) => !answer.startsWith('400'))).toEqual([]);
    expect(answers.length).toBeGreaterThan(60);
  });

  test('a field of an address that is sent twice is 400, and nothing is 500', async () => {
    const officer = await signedIn('mo-1');
    for (const path of ['/quarantine?reason=a&reason=b', '/alerts?list=a&list=b', '/subjects?search=a&search=b', '/sign-in?to=a&to=b'])
      expect([path, (await officer.request(path)).status]).toEqual([path, 400]);
  });

  test('a page after the last leads to the last, and never says that there is nothing', async () => {
    const visitors = new Map<string, Visitor>();
    for (const [account, paths] of Object.entries({
      'mo-1': ['/alerts', '/subjects', '/tags', '/caseload'],
      'ca-1': ['/crimes'],
      'au-1': ['/audit'],
    }))
      for (const path of paths) {
        const visitor = visitors.get(account) ?? (await signedIn(account));
        visitors.set(account, visitor);
        const response = await visitor.request(`${path}?page=99`);
        expect([path, response.status]).toEqual([path, 302]);
        expect(response.headers.get('location')).not.toContain('page=99');
        expect((await visitor.follow(`${path}?page=99`)).status).toBe(200);
      }
  });

  test('however long what is asked is, the address that it leads to is one that browsers and proxies take', async () => {
    const officer = await signedIn('mo-1');
    const long = encodeURIComponent('é'.repeat(2000));
    const nobody = new Visitor(serving.url);
    const auditor = await signedIn('au-1');
    const answers = [
      await officer.request(`/subjects?page=9999&search=${long}`),
      await nobody.request(`/alerts?search=${long}`),
      await nobody.request(`/sign-in/start?to=/alerts%3Fsearch=${encodeURIComponent(long.slice(0, 3000))}`),
    ];
    const body = new URLSearchParams({
      _csrf: await auditor.csrf('/sample'),
      outcome: 'in order',
      note: 'It was.',
      month: 'x'.repeat(500_000),
    });
    answers.push(await auditor.request('/sample/1', { method: 'POST', body }));
    for (const response of answers) {
      expect([302, 303, 400, 404]).toContain(response.status);
      for (const [name, value] of response.headers) expect([name, value.length > 4096]).toEqual([name, false]);
    }
    expect(answers[0]?.headers.get('location')).toBe('/subjects');
    expect(answers[1]?.headers.get('location')).toBe('/sign-in');
  });

  test('a file of our own is there whatever stands behind its address', async () => {
    const page = await (await fetch(`${serving.url}/sign-in`)).text();
    const assets = [...page.matchAll(/"(\/assets\/[^"]+)"/g)].map((found) => found[1] as string);
    expect(assets.length).toBeGreaterThan(2);
    for (const address of [...assets, '/api/docs/json'])
      for (const query of ['?a=1&a=2', '?a=%00'])
        expect([address, (await fetch(`${serving.url}${address}${query}`)).status]).toEqual([address, 200]);
  });

  test('no answer about anybody may be kept by a cache', async () => {
    const known = { 'ca-1': ['/crimes', '/api/crimes', '/imports'], 'mo-1': ['/alerts', '/subjects/1', '/tags', '/quarantine'] };
    for (const [account, paths] of Object.entries(known)) {
      const visitor = await signedIn(account);
      for (const path of paths) {
        const response = await visitor.request(path);
        expect([path, response.headers.get('cache-control')]).toEqual([path, 'no-store']);
      }
    }
    const pages = serving.server.routes.filter(
      ({ method, url, config }) => method === 'GET' && !url.startsWith('/assets') && !config?.open,
    );
    const visitor = await signedIn('au-1');
    for (const { url } of pages) {
      if (url.includes('live') || url.includes('stream')) continue;
      const response = await visitor.request(url.replace(/:\w+/g, '1'));
      await response.arrayBuffer();
      expect([url, response.headers.get('cache-control')]).toEqual([url, 'no-store']);
    }
  });

  test('style sheets and scripts say which version they are, are sent packed, and are kept for a year', async () => {
    const { files, addressOf } = await browserAssets();
    expect(files.size).toBeGreaterThan(12);
    for (const [address, { bytes }] of files) {
      for (const encoding of ['br', 'gzip', 'identity']) {
        const response = await serving.server.app.inject({ url: address, headers: { 'accept-encoding': encoding } });
        expect([address, response.statusCode, response.headers['cache-control']]).toEqual([
          address,
          200,
          'public, max-age=31536000, immutable',
        ]);
        const sent = response.rawPayload;
        const unpacked = encoding === 'br' ? brotliDecompressSync(sent) : encoding === 'gzip' ? gunzipSync(sent) : sent;
        expect(unpacked.equals(bytes)).toBe(true);
        if (encoding !== 'identity' && bytes.length > 2000) expect(sent.length).toBeLessThan(0.6 * bytes.length);
      }
      expect(address).toMatch(/-[\w.]{8,}\.\w+$|\/maplibre-\d+\.\d+\.\d+\//);
    }
    expect(() => addressOf('nothing.js')).toThrow(/There is no nothing.js for browsers; there are .*alert-news.js/);
  });
});

describe('sessions', () => {
  test('a live page ends when its session does; all sessions of somebody end at once', async () => {
    const serving = await serveForTest();
    const [here, there] = [new Visitor(serving.url), new Visitor(serving.url)];
    await here.signIn('mo-1');
    await there.signIn('mo-1');
    const live = serving.server.routes.find(({ config }) => config?.stream && config.action?.startsWith('alert'))?.url ?? '';
    const stream = await here.request(live);
    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    const ended = (async () => {
      for await (const _ of stream.body as AsyncIterable<unknown>);
      return 'ended';
    })();
    const token = await there.csrf('/alerts');
    const out = await there.request('/sign-out', { method: 'POST', body: new URLSearchParams({ _csrf: token, everywhere: 'yes' }) });
    expect(out.status).toBe(302);
    expect(await ended).toBe('ended');
    expect((await here.request('/alerts')).status).toBe(302);
    await serving.end();
  });

  test('the administrator sees which staff are signed in, nobody of the data, and signs somebody out', async () => {
    const serving = await serveForTest();
    const signedIn = async (account: string) => {
      const visitor = new Visitor(serving.url);
      await visitor.signIn(account);
      return visitor;
    };
    const [here, there, person, administrator] = [
      await signedIn('mo-1'),
      await signedIn('mo-1'),
      await signedIn('pe-1'),
      await signedIn('ad-1'),
    ];
    const page = async (address = '/sessions') => (await administrator.follow(address)).text();
    const first = await page();
    expect(first).toMatch(/Maya Okonjo(?:(?!<tr).)*mo-1(?:(?!<tr).)*numeric" data-label="Sessions">2</s);
    expect(first).toContain('1 of the people in the data looks at their own pages');
    expect(first).not.toContain('pe-1');
    expect(await page('/sessions?search=okonjo')).not.toContain('Ines Duarte</th>');
    expect(await page('/sessions?search=nobody+at+all')).toContain('Nobody of that name is signed in.');
    expect((await here.request('/sessions')).status).toBe(403);
    const end = async (visitor: Visitor, account: string) =>
      visitor.request('/sessions/end', {
        method: 'POST',
        body: new URLSearchParams({ _csrf: await administrator.csrf('/sessions'), account, name: 'Maya Okonjo' }),
      });
    expect((await end(administrator, 'mo-1')).headers.get('location')).toBe('/sessions');
    expect(await page()).toContain('Maya Okonjo is signed out in all 2 places.');
    for (const visitor of [here, there]) expect((await visitor.request('/alerts')).status).toBe(302);
    expect((await person.request('/me')).status).toBe(200);
    const { rows } = await serving.waymark.database.executeSql(
      "SELECT about_id, role FROM oversight.audit_entries WHERE action = 'session.end' AND outcome = 'done'",
    );
    expect(rows).toEqual([{ about_id: 'mo-1', role: 'administrator' }]);
    await serving.end();
  });

  test('a session ends after its time, however much it is used', async () => {
    const serving = await serveForTest();
    const officer = new Visitor(serving.url);
    await officer.signIn('mo-1');
    expect((await officer.request('/alerts')).status).toBe(200);
    const { rows } = (await serving.waymark.database.executeSql('SELECT data, expires_at FROM platform.sessions')) as {
      rows: { data: { began: number }; expires_at: Date }[];
    };
    const session = rows.find(({ data }) => data.began);
    expect((session?.expires_at.getTime() ?? 0) - Date.now()).toBeLessThanOrEqual(60 * 60_000);
    // Twelve hours ago, and used all the time since.
    await serving.waymark.database.executeSql(
      `UPDATE platform.sessions SET data = jsonb_set(data::jsonb, '{began}', '${Date.now() - 12 * 3_600_000 + 500}') WHERE data->>'began' IS NOT NULL`,
    );
    await officer.request('/alerts');
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect((await officer.request('/alerts')).status).toBe(302);
    // And nothing of it stays, of its sign-in neither.
    const rowsOf = async (table: string) => (await serving.waymark.database.executeSql(`SELECT 1 FROM platform.${table}`)).rows.length;
    await serving.waymark.database.executeSql("UPDATE platform.sessions SET expires_at = now() - interval '1 minute'");
    expect(await rowsOf('sign_ins')).toBeGreaterThan(0);
    await serving.server.forgetExpiredSessions();
    expect(await rowsOf('sessions')).toBe(0);
    await until(async () => (await rowsOf('sign_ins')) === 0);
    await serving.end();
  });
});

describe('credentials', () => {
  test('what has ended keeps the moment at which it ended', async () => {
    const serving = await serveForTest();
    const administrator = new Visitor(serving.url);
    await administrator.signIn('ad-1');
    const send = async (path: string, body: Record<string, string> = {}) =>
      administrator.request(path, {
        method: 'POST',
        body: new URLSearchParams({ _csrf: await administrator.csrf('/credentials'), ...body }),
      });
    await send('/credentials/gateways', { name: 'Traccar' });
    await send('/credentials/tokens', { name: 'Reporting', role: 'auditor' });
    for (const [path, table] of [
      ['gateways', 'supervision.gateways'],
      ['tokens', 'platform.api_tokens'],
    ]) {
      const ends = async () =>
        (await serving.waymark.database.executeSql(`SELECT id, revoked_at FROM ${table} ORDER BY id DESC LIMIT 1`)).rows;
      const [{ id }] = (await ends()) as [{ id: number }];
      expect((await send(`/credentials/${path}/${id}/revoke`)).status).toBe(302);
      const ended = await ends();
      expect(ended).toEqual([{ id, revoked_at: expect.any(Date) }]);
      expect((await send(`/credentials/${path}/${id}/revoke`)).status).toBe(404);
      expect(await ends()).toEqual(ended);
    }
    await serving.end();
  });
});

describe('who asks from where', () => {
  test('what somebody says of proxies is not believed unless so many are configured', async () => {
    const serving = await serveForTest({ WAYMARK_PUBLIC_URL: 'http://127.0.0.1:1', WAYMARK_RATE_LIMIT: '20' });
    const base = `http://127.0.0.1:${(serving.server.app.server.address() as { port: number }).port}`;
    const statuses: number[] = [];
    for (let i = 0; i < 40; i++) statuses.push((await fetch(`${base}/sign-in`, { headers: { 'x-forwarded-for': `10.0.0.${i}` } })).status);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(15);
    await serving.end();
  });

  test('accounts without a password are refused where others can reach them, and on a folder that no trial made', async () => {
    const folder = temporaryFolder();
    fillFromTemplate(folder.path);
    const base = { WAYMARK_DATA: folder.path, WAYMARK_PORT: '0', WAYMARK_MQTT_PORT: '0', WAYMARK_LOG: 'silent', WAYMARK_DEMO: 'no' };
    const start = (env: Record<string, string>) =>
      serve(readConfig({ ...base, ...env })).then(
        async (serving) => {
          await serving.stop();
          return 'started';
        },
        (error: Error) => error,
      );
    const plain = await start({});
    expect(plain).toBeInstanceOf(ConfigError);
    expect((plain as Error).message).toMatch(/neither the fictional town nor .* made it.*OIDC_ISSUER/);
    expect(await start({ NODE_ENV: 'test', WAYMARK_HOST: '0.0.0.0' })).toBeInstanceOf(ConfigError);
    expect(await start({ NODE_ENV: 'test', WAYMARK_PUBLIC_URL: 'https://waymark.example' })).toBeInstanceOf(ConfigError);
    expect(await start({ NODE_ENV: 'test' })).toBe('started');
    folder.remove();
  });

  test('it is alive, and ready while its stores are; figures are for this machine or whoever has the token', async () => {
    const serving = await serveForTest({ WAYMARK_METRICS_TOKEN: 'a token of twenty-four letters or more' });
    const get = (path: string, headers: Record<string, string> = {}) => fetch(`${serving.url}${path}`, { headers });
    expect((await get('/livez')).status).toBe(200);
    expect(await (await get('/readyz')).json()).toEqual({ status: 'ok', receipts: 0 });
    serving.server.readiness.set('broker', () => 'It does not answer.');
    const response = await get('/readyz');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ status: 'not ready', wrong: { broker: 'It does not answer.' } });
    const far = { 'x-forwarded-for': '203.0.113.9' };
    expect(await (await get('/readyz', far)).json()).toMatchObject({ wrong: ['broker'] });
    expect((await get('/livez')).status).toBe(200);
    expect((await get('/metrics')).status).toBe(200);
    expect((await get('/metrics', far)).status).toBe(403);
    expect((await get('/metrics', { ...far, authorization: 'Bearer a token of twenty-four letters or more' })).status).toBe(200);
    await serving.end();
  });
});

test('what runs is declared: no program of the product leans on what only development has', () => {
  const root = join(import.meta.dirname, '../../..');
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, { dev?: boolean }> };
  const missing: string[] = [];
  const sources = [
    'app/src',
    'app/migrations',
    'packages/engine/src',
    'packages/linkage/src',
    'packages/presence/src',
    'packages/town/src',
  ];
  for (const { folder, file, text } of sources.flatMap((source) => filesOf(root, source))) {
    const home = folder.startsWith('app') ? 'app' : folder.split('/').slice(0, 2).join('/');
    const own = JSON.parse(readFileSync(join(root, home, 'package.json'), 'utf8')) as { dependencies?: Record<string, string> };
    for (const [, name = ''] of text.matchAll(/^(?:import|export)[^'";]*? from '((?:@[\w-]+\/)?[a-z][\w.-]*)(?:\/[^']*)?'/gm)) {
      if (name === 'node' || /^node:/.test(name)) continue;
      if (!own.dependencies?.[name] && !file.endsWith('.test.ts')) missing.push(`${file}: ${name}`);
      const installed = lock.packages[`${home}/node_modules/${name}`] ?? lock.packages[`node_modules/${name}`];
      if (own.dependencies?.[name] && installed?.dev) missing.push(`${file}: ${name} is of development`);
    }
  }
  expect(missing).toEqual([]);
});

function filesOf(root: string, folder: string): { folder: string; file: string; text: string }[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => ({
      folder,
      file: join(entry.parentPath, entry.name).slice(root.length + 1),
      text: readFileSync(join(entry.parentPath, entry.name), 'utf8'),
    }));
}
