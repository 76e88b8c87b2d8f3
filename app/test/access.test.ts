import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { roles } from '../src/platform/access.ts';
import { issueApiToken } from '../src/platform/api-tokens.ts';
import { auditLength, verifyAudit } from '../src/platform/audit.ts';
import { withPurpose } from '../src/platform/database.ts';
import { tokenScopes } from '../src/platform/token-scopes.ts';
import { navigationFor } from '../src/web/navigation.ts';
import { serveForTest, Visitor } from './serve-for-test.ts';

/**
 * Every route and every role: without the right role and purpose nothing is returned and nothing changes, and each
 * attempt leaves exactly one audit entry.
 */
interface Route {
  method: string;
  url: string;
  config?: { open?: boolean; action?: string; room?: string; api?: boolean; stream?: boolean };
}

let serving: Awaited<ReturnType<typeof serveForTest>>;
const tokens = new Map<string, string>();
const routes: Route[] = [];

/** Which role each action is for, written down apart from the policies so that the two check each other. */
const supportTeam = ['support-worker', 'support-lead'];
const meantFor: Record<string, string | string[]> = {
  'crime.list': 'crime-analyst',
  'crime.looked': 'crime-analyst',
  'crime.read': 'crime-analyst',
  'crime.import': 'crime-analyst',
  'import.list': 'crime-analyst',
  'import.read': 'crime-analyst',
  'verdict.list': 'crime-analyst',
  'verdict.compute': 'crime-analyst',
  'verdict.review': 'crime-analyst',
  'verdict.export': 'crime-analyst',
  'run.list': 'crime-analyst',
  'reviewtest.ask': 'auditor',
  'reviewtest.end': 'auditor',
  'subject.list': 'monitoring-officer',
  'subject.read': 'monitoring-officer',
  'subject.declare': 'monitoring-officer',
  'order.declare': 'monitoring-officer',
  'order.assign': 'monitoring-officer',
  'subject.import': 'monitoring-officer',
  'subject.assign': 'monitoring-officer',
  'look-outside.read': 'monitoring-officer',
  'look-outside.explain': 'monitoring-officer',
  'team.list': 'administrator',
  'team.keep': 'administrator',
  'place.list': 'monitoring-officer',
  'request.list': 'monitoring-officer',
  'order.read': 'monitoring-officer',
  'order.vary': 'monitoring-officer',
  'document.list': 'monitoring-officer',
  'document.open': 'monitoring-officer',
  'document.keep': 'monitoring-officer',
  'letter.draft': 'monitoring-officer',
  'letter.keep': 'monitoring-officer',
  'hook.list': 'administrator',
  'hook.add': 'administrator',
  'hook.end': 'administrator',
  'hook.try': 'administrator',
  'request.decide': 'monitoring-officer',
  'diary.list': 'monitoring-officer',
  'diary.follow': 'monitoring-officer',
  'appointment.read': 'monitoring-officer',
  'appointment.make': 'monitoring-officer',
  'appointment.settle': 'monitoring-officer',
  'subject.identify': 'monitoring-officer',
  'contact.keep': 'monitoring-officer',
  'address.keep': 'monitoring-officer',
  'wearing.open': 'monitoring-officer',
  'wearing.close': 'monitoring-officer',
  'track.read': 'monitoring-officer',
  'track.export': 'monitoring-officer',
  'tag.list': 'monitoring-officer',
  'tag.declare': 'monitoring-officer',
  'tag.read': 'monitoring-officer',
  'tag.move': 'monitoring-officer',
  'verdict.take-back': 'crime-analyst',
  'clearing.offer': 'crime-analyst',
  'clearing.begin': 'crime-analyst',
  'clearing.look': 'crime-analyst',
  'clearing.answer': 'crime-analyst',
  'clearing.clear': 'crime-analyst',
  'statement.write': 'crime-analyst',
  'series.look': 'crime-analyst',
  'placesearch.list': 'crime-analyst',
  'placesearch.ask': 'crime-analyst',
  'placesearch.decide': 'crime-analyst',
  'placesearch.look': 'crime-analyst',
  'wearer.look': 'crime-analyst',
  'equality.read': 'fairness-auditor',
  'equality.keep': 'fairness-auditor',
  'figures.publish': 'fairness-auditor',
  'figures.schedule': 'fairness-auditor',
  'proposal.list': 'governor',
  'proposal.read': 'governor',
  'proposal.keep': 'governor',
  'mailsender.list': 'administrator',
  'mailsender.add': 'administrator',
  'mailsender.end': 'administrator',
  'mail.list': 'crime-analyst',
  'threshold.read': 'monitoring-officer',
  'threshold.adopt': 'monitoring-officer',
  'evaluation.list': 'auditor',
  'evaluation.register': 'auditor',
  'evaluation.agree': 'auditor',
  'evaluation.export': 'auditor',
  'transfer.export': 'monitoring-officer',
  'transfer.take': 'monitoring-officer',
  'cohort.list': 'offender-manager',
  'cohort.read': 'offender-manager',
  'cohort.keep': 'offender-manager',
  'cohort.add': 'offender-manager',
  'cohort.take-off': 'offender-manager',
  'wearing.read': 'monitoring-officer',
  'caseload.list': 'monitoring-officer',
  'caseload.watch': 'monitoring-officer',
  'quarantine.list': 'monitoring-officer',
  'quarantine.release': 'monitoring-officer',
  'zone.list': 'monitoring-officer',
  'zone.declare': 'monitoring-officer',
  'zone.change': 'monitoring-officer',
  'zone.share': 'monitoring-officer',
  'protection.declare': 'monitoring-officer',
  'protection.end': 'monitoring-officer',
  'absence.authorise': 'monitoring-officer',
  'alert.list': 'monitoring-officer',
  'alert.read': 'monitoring-officer',
  'alert.decide': 'monitoring-officer',
  'alert.hand-over': 'monitoring-officer',
  'compliance.read': 'monitoring-officer',
  'compliance.list': 'monitoring-officer',
  'pack.make': 'monitoring-officer',
  'pack.read': 'monitoring-officer',
  'pack.review': 'monitoring-officer',
  'pack.export': 'monitoring-officer',
  'delivery.list': 'administrator',
  'delivery.add': 'administrator',
  'delivery.end': 'administrator',
  'delivery.try': 'administrator',
  'gateway.list': 'administrator',
  'gateway.declare': 'administrator',
  'gateway.revoke': 'administrator',
  'token.issue': 'administrator',
  'token.revoke': 'administrator',
  'tag.credential': 'administrator',
  'session.list': 'administrator',
  'session.end': 'administrator',
  'person.list': supportTeam,
  'person.read': supportTeam,
  'instrument.read': supportTeam,
  'fact.challenge': supportTeam,
  'service.list': supportTeam,
  'service.declare': supportTeam,
  'service.end': supportTeam,
  'allocation.read': supportTeam,
  'allocation.propose': supportTeam,
  'allocation.decide': supportTeam,
  'notice.record': supportTeam,
  'notice.delay': supportTeam,
  'notice.approve': supportTeam,
  'notice.read': supportTeam,
  'package.read': supportTeam,
  'package.answer': supportTeam,
  'package.change': supportTeam,
  'package.close': supportTeam,
  'instrument.simulate': supportTeam,
  'finding.list': supportTeam,
  'finding.decide': supportTeam,
  'finding.undo': supportTeam,
  'reach.record': supportTeam,
  'challenge.list': supportTeam,
  'challenge.decide': 'support-lead',
  'note.write': supportTeam,
  'note.take-back': supportTeam,
  'task.list': supportTeam,
  'task.add': supportTeam,
  'task.tick': supportTeam,
  'feed.declare': 'data-steward',
  'feed.end': 'data-steward',
  'feed.run': 'data-steward',
  'access.invite': [...supportTeam, 'monitoring-officer'],
  'access.end': [...supportTeam, 'monitoring-officer'],
  'case.list': [...supportTeam, 'monitoring-officer'],
  'case.answer': [...supportTeam, 'monitoring-officer'],
  // The person themselves signs in, and has no token; their pages have a test of their own.
  'own.home': 'person',
  'own.tag': 'person',
  'own.support': 'person',
  'own.challenge': 'person',
  'own.withdraw': 'person',
  'own.ask': 'person',
  'own.redeem': 'person',
  'own.remind': 'person',
  'own.copy': 'person',
  'fairness.read': 'fairness-auditor',
  'source.list': 'data-steward',
  'source.read': 'data-steward',
  'agreement.declare': 'data-steward',
  'records.import': 'data-steward',
  'mapping.try': 'data-steward',
  'record-import.read': 'data-steward',
  'review.list': 'data-steward',
  'pair.read': 'data-steward',
  'pair.decide': 'data-steward',
  'pair.undo': 'data-steward',
  'link.read': 'data-steward',
  'link.undo': 'data-steward',
  'audit.list': 'auditor',
  'audit.verify': 'auditor',
  'policy.read': 'auditor',
  'retention.read': 'auditor',
  'retention.agree': 'auditor',
  'audit.export': 'auditor',
  'audit.unusual': 'auditor',
  'sample.read': 'auditor',
  'sample.check': 'auditor',
  'worth.read': 'auditor',
  'worth.enter': 'auditor',
  'transparency.read': 'auditor',
  'transparency.publish': 'auditor',
  'evidence.make': 'crime-analyst',
  'evidence.read': 'crime-analyst',
  'evidence.export': 'crime-analyst',
  'evidence.stamp': 'crime-analyst',
  'decisions.oversee': ['auditor', 'support-lead'],
  'hold.place': ['support-lead', 'monitoring-officer'],
  'keeping.read': 'monitoring-officer',
  'hold.end': ['support-lead', 'monitoring-officer'],
  'erasure.decide': ['support-lead', 'monitoring-officer'],
  'erasure.agree': ['support-lead', 'monitoring-officer'],
};

/** What both halves do is meant for each half's own staff. */
const halves: Record<string, string[]> = { support: supportTeam, supervision: ['monitoring-officer', 'auditor'] };
const rolesFor = ({ action = '', room = 'supervision' }: { action?: string; room?: string } = {}): string[] =>
  [meantFor[action] ?? []].flat().filter((role) => !/^(access|case|hold|erasure|decisions)\./.test(action) || halves[room]?.includes(role));

const isOurs = ({ url }: Route) => !url.startsWith('/api/docs') && !url.startsWith('/assets/');

beforeAll(async () => {
  serving = await serveForTest();
  const listed = serving.server.app.printRoutes({ commonPrefix: false, includeMeta: false });
  expect(listed).toContain('crimes');
  routes.push(...(serving.server.routes as Route[]).filter((route) => route.method !== 'HEAD'));
  const administrator = { id: 'test', name: 'Test', role: 'administrator' as const, purpose: 'administration' as const };
  for (const role of roles) {
    const { token } = await serving.waymark.performer.perform(administrator, issueApiToken, null, { name: role, role });
    tokens.set(role, token);
  }
});
afterAll(() => serving?.end());

const pathOf = (route: Route) => route.url.replace(':wearing', '999').replace(/:\w+/g, '999');

async function call(route: Route, role: string | null) {
  return serving.server.app.inject({
    method: route.method as 'GET',
    url: pathOf(route),
    headers: role ? { authorization: `Bearer ${tokens.get(role)}` } : {},
    ...(route.method === 'GET' ? {} : { payload: {} }),
  });
}

/** The beginning of an answer that stays open. */
async function callStream(route: Route, role: string): Promise<{ statusCode: number; body: string }> {
  const ended = new AbortController();
  const response = await fetch(`${serving.url}${pathOf(route)}`, {
    headers: { authorization: `Bearer ${tokens.get(role)}` },
    signal: ended.signal,
  });
  ended.abort();
  return { statusCode: response.status, body: '' };
}

/** Rows of every table but the audit's own and the session's. */
async function everything(): Promise<string> {
  const { rows } = await serving.waymark.database.executeSql(
    `SELECT string_agg(format('%s.%s', schemaname, relname), ',' ORDER BY schemaname, relname) AS tables FROM pg_stat_user_tables WHERE schemaname IN ('supervision', 'support', 'person', 'platform')`,
  );
  const counts: string[] = [];
  for (const table of ((rows[0] as { tables: string }).tables ?? '').split(',')) {
    if (table === 'platform.sessions') continue;
    const result = await serving.waymark.database.executeSql(
      `SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS sum FROM ${table} t`,
    );
    counts.push(`${table}:${(result.rows[0] as { sum: string }).sum}`);
  }
  return counts.join('\n');
}

describe('access', () => {
  test('every route that is not open names its action', () => {
    const unguarded = routes.filter((route) => isOurs(route) && !route.config?.open && !route.config?.action);
    expect(unguarded.map(({ method, url }) => `${method} ${url}`)).toEqual([]);
    const unknown = routes.filter(
      (route) => route.config?.action && !['sign-out', 'start'].includes(route.config.action) && !(route.config.action in meantFor),
    );
    expect(unknown.map(({ method, url }) => `${method} ${url}`)).toEqual([]);
  });

  test('every page of the menu has a place of its own, and whoever sees it there may open it', async () => {
    const menu = serving.server.menu();
    expect(menu.length).toBeGreaterThan(35);
    expect(new Set(menu.map(({ rank }) => rank)).size).toBe(menu.length);
    for (const role of roles) {
      const shown = navigationFor(serving.waymark, menu, role, '');
      expect(shown.length, role).toBeGreaterThan(0);
      for (const { href } of shown) {
        const response = await serving.server.app.inject({ url: href, headers: { authorization: `Bearer ${tokens.get(role)}` } });
        expect([200, 403], `${role}: ${href}`).toContain(response.statusCode);
        // What programs may not read, people may: their own pages are looked at in a browser.
        if (response.statusCode === 403) expect(response.body, `${role}: ${href}`).toContain('program');
      }
    }
  });

  test('what is open holds nothing personal', () => {
    const open = routes.filter((route) => isOurs(route) && route.config?.open).map(({ method, url }) => `${method} ${url}`);
    expect(open.sort()).toEqual(
      [
        'GET /sign-in',
        'GET /sign-in/start',
        'GET /sign-in/callback',
        'POST /sign-in/back-channel-logout',
        'GET /demo-sign-in/:uid',
        'POST /demo-sign-in/:uid',
        'GET /livez',
        'GET /readyz',
        'GET /health',
        'GET /version',
        'GET /metrics',
        'GET /basemap/streets.geojson',
        'GET /me/offline-worker.js',
        'GET /me/notices/worker.js',
        'GET /manifest.webmanifest',
        'GET /basemap/world.geojson',
        'GET /basemap/style.json',
        'GET /basemap/tiles.pmtiles',
        // Bears a secret of an officer's own; see requests-and-diary.test.
        'GET /diary/feed/:secret',
        'GET /ogc',
        'GET /ogc/conformance',
        'GET /ogc/collections',
        'GET /ogc/collections/crimes',
        'GET /ogc/collections/zones',
        'GET /ogc/collections/tracks',
        'GET /transparency',
        'GET /transparency.json',
        'GET /transparency/accuracy',
        'GET /transparency/place-searches',
        'GET /transparency/figures',
        'GET /transparency/evaluations',
        'GET /transparency/costs',
        'GET /transparency/costs.csv',
        'GET /transparency/figures/:id',
        'GET /transparency/figures/:id/csv',
        'GET /transparency/figures/:id/json',
        'GET /transparency/figures/latest/csv',
        'GET /transparency/figures/latest/json',
        'GET /transparency/evidence-key.pem',
        'GET /transparency/:key',
        'POST /control/:command',
        'POST /ingest/waymark',
        'POST /ingest/owntracks',
        'POST /ingest/traccar',
      ].sort(),
    );
  });

  test('nobody without signing in gets anything', async () => {
    const before = await everything();
    for (const route of routes.filter((r) => isOurs(r) && !r.config?.open)) {
      const response = await call(route, null);
      expect([302, 401], `${route.method} ${route.url}`).toContain(response.statusCode);
    }
    for (const path of ['/ingest/waymark', '/ingest/owntracks', '/ingest/traccar']) {
      const response = await serving.server.app.inject({ method: 'POST', url: path, payload: {} });
      expect(response.statusCode).toBe(401);
    }
    expect((await serving.server.app.inject({ method: 'POST', url: '/control/verdicts', payload: {} })).statusCode).toBe(404);
    expect(await everything()).toBe(before);
  });

  test('every route for every role: the wrong role gets nothing, changes nothing, and is on record', async () => {
    // Rows are compared once for each role: no two refused requests undo each other's writing.
    for (const role of roles) {
      const before = await everything();
      let entries = await auditLength(serving.waymark.database.db, { byPeople: true });
      for (const route of routes.filter((r) => isOurs(r) && !r.config?.open)) {
        const action = route.config?.action as string;
        if (action === 'sign-out' || action === 'start' || rolesFor(route.config).includes(role)) continue;
        const response = await call(route, role);
        expect([403, 404], `${role}: ${route.method} ${route.url} gave ${response.statusCode}`).toContain(response.statusCode);
        entries += 1;
        expect(await auditLength(serving.waymark.database.db, { byPeople: true }), `${role}: ${route.method} ${route.url}`).toBe(entries);
      }
      expect(await everything(), `what ${role} may not do changed something`).toBe(before);
    }
  });

  test('the right role leaves exactly one entry for each look', async () => {
    for (const route of routes.filter((r) => isOurs(r) && !r.config?.open && r.method === 'GET')) {
      const action = route.config?.action as string;
      // An empty form is nobody's data.
      if (
        action === 'start' ||
        ['/crimes/import', '/credentials', '/subjects/new', '/subjects/import', '/proposals/new', '/subjects/transfer'].includes(route.url)
      )
        continue;
      const entries = await auditLength(serving.waymark.database.db, { byPeople: true });
      const [role = ''] = rolesFor(route.config);
      if (role === 'person') continue;
      const response = route.config?.stream ? await callStream(route, role) : await call(route, role);
      // Papers are opened, and samples looked at, by people who sign in: to a program they are refused, which is on record as well.
      const isForPeople = [
        'document.open',
        'letter.draft',
        'clearing.look',
        'clearing.offer',
        'series.look',
        'wearer.look',
        'placesearch.look',
      ].includes(action);
      if (isForPeople) expect(response.statusCode, route.url).toBe(403);
      else
        expect([200, 400, 404], `${route.url} gave ${response.statusCode}: ${response.body.slice(0, 200)}`).toContain(response.statusCode);
      // A question that cannot be read is answered before anything is looked at.
      const looked = response.statusCode === 400 ? 0 : 1;
      expect(await auditLength(serving.waymark.database.db, { byPeople: true }), `${route.method} ${route.url}`).toBe(entries + looked);
    }
    expect((await verifyAudit(serving.waymark.database.db)).problems).toEqual([]);
  });

  test('a token for some things does those and nothing else, whatever its role may; one whose day is over does nothing', async () => {
    const { performer, database } = serving.waymark;
    const administrator = { id: 'ad-1', name: 'Ines Duarte', role: 'administrator', purpose: 'administration' } as const;
    const given = { name: 'A narrow program', role: 'monitoring-officer' };
    const { token, until } = await performer.perform(administrator, issueApiToken, null, { ...given, scopes: ['read alerts'], days: 30 });
    expect(Math.round((until.getTime() - Date.now()) / 86_400_000)).toBe(30);
    const ask = async (path: string, secret = token) => {
      const answer = await fetch(serving.url + path, { headers: { authorization: `Bearer ${secret}` } });
      return { status: answer.status, text: await answer.text() };
    };
    let refused = 0;
    for (const { method, url, config } of routes.filter(
      (own) => isOurs(own) && own.config?.api && !own.config.open && own.method === 'GET' && !own.config.stream,
    )) {
      if (!rolesFor(config).includes('monitoring-officer')) continue;
      const isIn = ['alert.list', 'alert.read'].includes(config?.action ?? '');
      const { status, text } = await ask(url.replace(/:\w+/g, '1'));
      if (isIn) expect([200, 404], `${method} ${url}`).toContain(status);
      else expect([status, text.includes('This token was not made for that')], `${method} ${url}`).toEqual([403, true]);
      refused += isIn ? 0 : 1;
    }
    expect(refused).toBeGreaterThan(8);
    // Every action that programs have over the API is in a scope, so that a narrow token can be made for it.
    const named = Object.values(tokenScopes).flat();
    const wanted = routes.flatMap(({ config }) => (config?.api && !config.open && config.action ? [config.action] : []));
    expect([...new Set(wanted)].filter((action) => !named.includes(action) && action !== 'verdict.review')).toEqual([]);
    await expect(performer.perform(administrator, issueApiToken, null, { ...given, scopes: ['send crimes'] })).rejects.toThrow(
      'cannot “send crimes” at all',
    );
    await expect(performer.perform(administrator, issueApiToken, null, { ...given, scopes: ['all'] })).rejects.toThrow('There is no “all”');
    await expect(performer.perform(administrator, issueApiToken, null, { ...given, days: 0 })).rejects.toThrow('1 to 731');
    await withPurpose(database.db, 'supervision', 'administration', (tx) =>
      tx
        .updateTable('platform.api_tokens')
        .set({ expires_at: new Date(Date.now() - 1000) })
        .where('name', '=', given.name)
        .execute(),
    );
    expect((await ask('/api/alerts')).status).toBe(401);
  });

  test('a program of the right role reads and sends, and does nothing else', async () => {
    // What a program may send, written down apart from the policy.
    const mayAsk = [
      'crime.import',
      'subject.import',
      'records.import',
      'mapping.try',
      'verdict.compute',
      'instrument.simulate',
      'audit.verify',
    ];
    const tried = new Set<string>();
    for (const route of routes.filter((own) => isOurs(own) && !own.config?.open && own.method !== 'GET')) {
      const action = route.config?.action ?? '';
      if (action === 'sign-out' || mayAsk.includes(action)) continue;
      const before = await everything();
      for (const role of rolesFor(route.config).filter((own) => own !== 'person')) {
        expect((await call(route, role)).statusCode, `${role}: ${route.url}`).toBe(403);
      }
      expect(await everything()).toBe(before);
      tried.add(action);
    }
    const decisions = [
      ...[
        'verdict.review',
        'evidence.make',
        'pack.make',
        'pack.review',
        'alert.decide',
        'reviewtest.ask',
        'zone.declare',
        'absence.authorise',
      ],
      ...['allocation.decide', 'package.answer', 'finding.decide', 'finding.undo', 'notice.approve', 'notice.delay', 'challenge.decide'],
      ...['case.answer', 'pair.decide', 'pair.undo', 'erasure.decide', 'hold.place', 'transparency.publish', 'sample.check'],
    ];
    expect([...tried]).toEqual(expect.arrayContaining(decisions));
  });

  test('a form without its token changes nothing', async () => {
    const visitor = new Visitor(serving.url);
    await visitor.signIn('mo-1');
    const before = await everything();
    const response = await visitor.request('/subjects', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'reference=S-1&name=Nobody',
    });
    expect(response.status).toBe(403);
    expect(await everything()).toBe(before);
    const csrf = await visitor.csrf('/subjects');
    const good = await visitor.request('/subjects', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ reference: 'S-1', name: '<script>alert(1)</script>', _csrf: csrf }),
    });
    expect(good.status).toBe(302);
    const page = await (await visitor.follow('/subjects')).text();
    expect(page).toContain('&lt;script&gt;');
    expect(page).not.toContain('<script>alert');
  });

  test('strict headers on pages', async () => {
    const response = await fetch(`${serving.url}/sign-in`);
    expect(response.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(response.headers.get('content-security-policy')).not.toContain('unsafe');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    // Longer than proxies keep a connection that nothing comes over.
    expect(response.headers.get('keep-alive')).toBe('timeout=72');
    expect(response.headers.get('cache-control')).toBe('no-store');
  });
});
