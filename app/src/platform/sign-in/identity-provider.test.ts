import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveForTest } from '../../../test/serve-for-test.ts';
import { until } from '../../../test/until.ts';
import { OpenIdSignIn } from './openid.ts';
import { roleOfClaims } from './role-of-claims.ts';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A browser that keeps the cookies of each address apart, and follows redirects from one to the other. */
class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();

  async go(url: string, init: RequestInit = {}): Promise<{ response: Response; url: string; hops: string[] }> {
    let at = url;
    let own = init;
    const hops: string[] = [];
    for (let i = 0; i < 12; i++) {
      const { host } = new URL(at);
      const cookies = this.#cookies.get(host) ?? new Map<string, string>();
      this.#cookies.set(host, cookies);
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(at, { ...own, redirect: 'manual', headers: { ...own.headers, cookie } });
      for (const set of response.headers.getSetCookie()) {
        const [pair = ''] = set.split(';');
        const cut = pair.indexOf('=');
        if (/expires=Thu, 01 Jan 1970|max-age=0/i.test(set)) cookies.delete(pair.slice(0, cut));
        else cookies.set(pair.slice(0, cut), pair.slice(cut + 1));
      }
      hops.push(`${response.status} ${at}`);
      const to = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || !to) return { response, url: at, hops };
      at = new URL(to, at).href;
      own = {};
    }
    throw new Error(`Too many redirects: ${hops.join(' ')}`);
  }
}

describe('a real identity provider', () => {
  let provider: ChildProcess;
  let serving: Awaited<ReturnType<typeof serveForTest>>;
  let base = '';
  let issuer = '';
  const settings = () => ({
    issuer,
    clientId: 'waymark',
    clientSecret: 'a secret of the test alone, long enough',
    roleClaim: 'realm_access.roles',
    publicUrl: base,
    scope: 'openid profile',
  });
  const tell = (what: object) =>
    new Promise<void>((resolve) => {
      provider.stdout?.once('data', () => resolve());
      provider.stdin?.write(`${JSON.stringify(what)}\n`);
    });
  const roles = (...names: string[]) => ({ realm_access: { roles: ['offline_access', ...names] } });
  const officer = { name: 'Maya Okonjo', ...roles('monitoring-officer') };
  const signIn = async (next: string) => {
    await tell({ next });
    const browser = new Browser();
    const { response, url } = await browser.go(`${base}/sign-in/start?to=/alerts`);
    return { browser, status: response.status, url, text: await response.text() };
  };

  beforeAll(async () => {
    const [providerPort, port] = [await freePort(), await freePort()];
    issuer = `http://127.0.0.1:${providerPort}`;
    base = `http://localhost:${port}`;
    provider = spawn(process.execPath, [join(import.meta.dirname, 'identity-provider-for-test/provider.ts'), String(providerPort), base], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await new Promise((resolve) => provider.stdout?.once('data', resolve));
    serving = await serveForTest({
      OIDC_ISSUER: `${issuer}/`,
      OIDC_CLIENT_ID: 'waymark',
      OIDC_CLIENT_SECRET: 'a secret of the test alone, long enough',
      OIDC_ROLE_CLAIM: 'realm_access.roles',
      WAYMARK_PUBLIC_URL: `${base}/`,
      WAYMARK_PORT: String(port),
      WAYMARK_ROLES_ASKED_MINUTES: '0',
    });
  });
  afterAll(async () => {
    await serving?.end();
    provider?.kill();
  });

  test('slashes at the ends of addresses and nested roles are no hindrance', async () => {
    await tell({ accounts: { maya: officer } });
    const { status, url } = await signIn('maya');
    expect([status, url]).toEqual([200, `${base}/alerts`]);
    expect(await (await fetch(`${serving.url.replace('localhost', '127.0.0.1')}/readyz`)).json()).toMatchObject({ status: 'ok' });
  });

  test('a disabled account is out at the next question', async () => {
    await tell({ accounts: { maya: officer } });
    const { browser } = await signIn('maya');
    expect((await browser.go(`${base}/alerts`)).url).toBe(`${base}/alerts`);
    await tell({ accounts: {} });
    const { hops } = await browser.go(`${base}/alerts`);
    expect(hops[1]).toContain('/sign-in?to=');
  });

  test('whoever changes from one half to the other is in one of them alone, and is never in both', async () => {
    await tell({ accounts: { maya: officer } });
    const { browser } = await signIn('maya');
    await tell({ accounts: { maya: { ...officer, ...roles('support-worker') } } });
    const other = await signIn('maya');
    expect((await other.browser.go(`${base}/people`)).url).toBe(`${base}/people`);
    expect((await browser.go(`${base}/alerts`)).hops[1]).toContain('/sign-in?to=');
    const { rows } = (await serving.waymark.database.executeSql(
      "SELECT data->'user'->>'role' AS role FROM platform.sessions WHERE data->'user'->>'id' = 'maya'",
    )) as { rows: { role: string }[] };
    expect(new Set(rows.map(({ role }) => role))).toEqual(new Set(['support-worker']));
  });

  test('two roles in one account are refused, and named', async () => {
    await tell({ accounts: { both: { name: 'Both', ...roles('monitoring-officer', 'support-worker') } } });
    const { status, text } = await signIn('both');
    expect(status).toBe(403);
    expect(text).toMatch(/has 2 roles in Waymark \(monitoring-officer, support-worker\), and may have one/);
    expect(() => roleOfClaims({ waymark_role: ['x'] }, 'waymark_role')).toThrow(/no role/);
    expect(roleOfClaims({ 'https://x/role': 'auditor' }, 'https://x/role')).toBe('auditor');
  });

  test('signing out ends the session at the provider too, which ends every other of it', async () => {
    await tell({ accounts: { maya: officer } });
    const { browser } = await signIn('maya');
    const page = await (await browser.go(`${base}/alerts`)).response.text();
    const token = /name="_csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
    const out = await browser.go(`${base}/sign-out`, { method: 'POST', body: new URLSearchParams({ _csrf: token }) });
    expect(out.url).toContain(`${issuer}/session/end`);
    const form = await out.response.text();
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(form)?.[1] ?? '';
    const back = await browser.go(`${issuer}/session/end/confirm`, { method: 'POST', body: new URLSearchParams({ xsrf, logout: 'yes' }) });
    expect(back.url).toBe(`${base}/sign-in`);
  });

  test('the provider ends sessions by the back channel, and nobody else does', async () => {
    await tell({ accounts: { maya: officer } });
    await serving.waymark.database.executeSql('DELETE FROM platform.sessions');
    const first = await signIn('maya');
    // The same browser at the provider: its logout there ends what it began here, without a visit here.
    const end = await first.browser.go(`${issuer}/session/end`);
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(await end.response.text())?.[1] ?? '';
    await first.browser.go(`${issuer}/session/end/confirm`, { method: 'POST', body: new URLSearchParams({ xsrf, logout: 'yes' }) });
    await until(async () => {
      const { rows } = await serving.waymark.database.executeSql("SELECT 1 FROM platform.sessions WHERE data->'user'->>'id' = 'maya'");
      return rows.length === 0;
    });
    const forged = await fetch(`${base}/sign-in/back-channel-logout`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: 'a.b.c' }),
    });
    expect(forged.status).toBe(400);
  });

  test('when the provider changes its keys, who is here stays, others come in, its notices are read, and old keys speak for it no more', async () => {
    const keyNamed = (kid: string) => {
      const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
      return { key, jwk: { ...key.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' } };
    };
    const notice = async ({ key, jwk }: ReturnType<typeof keyNamed>, jti: string) => {
      const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
      const logout_token = await new SignJWT({ sub: 'nobody', events, jti })
        .setProtectedHeader({ alg: 'RS256', kid: jwk.kid, typ: 'logout+jwt' })
        .setIssuer(issuer)
        .setAudience('waymark')
        .setIssuedAt()
        .sign(key);
      return (await fetch(`${base}/sign-in/back-channel-logout`, { method: 'POST', body: new URLSearchParams({ logout_token }) })).status;
    };
    // At least as long as new keys are not asked for again.
    const aWhile = () => new Promise((resolve) => setTimeout(resolve, 1100));
    const [first, second] = [keyNamed('first'), keyNamed('second')];
    await tell({ accounts: { maya: officer, ines: { name: 'Ines', ...roles('administrator') } }, keys: [first.jwk] });
    await aWhile();
    const here = await signIn('maya');
    expect(here.url).toBe(`${base}/alerts`);
    expect(await notice(first, 'a')).toBe(200);
    await tell({ keys: [second.jwk] });
    await aWhile();
    // Roles are asked again with each request here: what answers is signed with the new key.
    expect((await here.browser.go(`${base}/alerts`)).url).toBe(`${base}/alerts`);
    expect((await signIn('ines')).status).toBe(403);
    expect(await notice(second, 'b')).toBe(200);
    await aWhile();
    expect(await notice(first, 'c')).toBe(400);
    expect(await notice(keyNamed('third'), 'd')).toBe(400);
  });

  test('visits of nobody leave no rows', async () => {
    const count = async () => (await serving.waymark.database.executeSql('SELECT 1 FROM platform.sessions')).rows.length;
    const before = await count();
    for (let i = 0; i < 5; i++) await fetch(`${base}/sign-in/start`, { redirect: 'manual' });
    await fetch(`${base}/sign-in`);
    await fetch(`${base}/alerts`, { redirect: 'manual' });
    expect(await count()).toBe(before);
  });

  test('a wrong secret, a wrong address and a provider that is down are named with the remedy', async () => {
    await expect(new OpenIdSignIn(settings()).check()).resolves.toBeUndefined();
    await expect(new OpenIdSignIn({ ...settings(), clientSecret: 'wrong' }).check()).rejects.toThrow(
      /does not know the client “waymark” with this secret/,
    );
    await expect(new OpenIdSignIn({ ...settings(), issuer: `${issuer}/elsewhere` }).check()).rejects.toThrow(/no provider of that name/);
    await expect(new OpenIdSignIn({ ...settings(), issuer: 'http://127.0.0.1:1' }).check()).rejects.toThrow(/nothing answers there/);
    for (const wrong of [{ clientSecret: 'the secret one' }, { issuer: 'http://127.0.0.1:1' }])
      await expect(new OpenIdSignIn({ ...settings(), ...wrong }).check()).rejects.not.toThrow(/the secret one/);
  });

  test('a provider that is away when somebody signs in is 503 in words, and readiness tells it', async () => {
    const port = await freePort();
    const other = await serveForTest({
      OIDC_ISSUER: 'http://127.0.0.1:1',
      OIDC_CLIENT_ID: 'waymark',
      OIDC_CLIENT_SECRET: 'x',
      WAYMARK_PORT: String(port),
      WAYMARK_PUBLIC_URL: `http://127.0.0.1:${port}`,
    });
    const response = await fetch(`http://127.0.0.1:${port}/sign-in/start`, { redirect: 'manual' });
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('does not answer as it should');
    expect(await (await fetch(`http://127.0.0.1:${port}/readyz`)).json()).toMatchObject({
      wrong: { 'sign-in': expect.stringContaining('nothing answers there') },
    });
    await other.end();
  });
});
