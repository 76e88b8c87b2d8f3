import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditor, officer, steward } from '../../../test/actors.ts';
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts';
import { serveForTest, Visitor } from '../../../test/serve-for-test.ts';
import { toldInOrder } from '../../../test/told-in-order.ts';
import { trialAgreement } from '../../../test/trial-agreement.ts';
import { declareSubject } from '../../supervision/index.ts';
import { declareAgreement } from '../../support/index.ts';
import { readTransparency } from './publish-records.ts';
import { differencesOf, readRunningConfiguration } from './running-configuration.ts';

/** What the public is told comes from what is running, and says when it no longer does. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const said: Record<string, string> = {
  organisation: 'Tarnbridge Borough',
  owner: 'Director of community safety',
  contact: 'privacy@tarnbridge.example',
  why: 'Crimes were compared with tags by hand, and help came late. Both were looked at.',
  consulted: 'Twelve people who wore a tag, and the youth council. The words of the letters were changed after it.',
  advice: 'The officer advised to publish this assessment, and that was followed.',
  risks: 'Somebody without a tag can do what a wearer is asked about. The director accepts this risk.',
  reviewOn: inDays(180),
};

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'transparency on %s',
  toldInOrder,
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    beforeAll(async () => {
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
      const { performer } = serving.waymark;
      await performer.perform(officer, declareSubject, null, { reference: 'C-77', name: 'Wilhelmina Secret' });
      await performer.perform(steward, declareAgreement, null, trialAgreement('Housing', { agency: 'Tarnbridge Homes' }));
    });
    afterAll(() => serving?.end());

    const publish = async (statement: Record<string, string>) => {
      const visitor = new Visitor(serving.url);
      await visitor.signIn('au-1');
      const _csrf = await visitor.csrf('/transparency/records');
      return visitor.request('/transparency/records', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ ...statement, _csrf }),
      });
    };
    const publicPage = async (path: string) => {
      const response = await fetch(new URL(path, serving.url));
      return { status: response.status, text: await response.text() };
    };

    test('nothing is public before somebody publishes it, and they must say what only people can', async () => {
      expect((await publicPage('/transparency')).text).toContain('Nothing has been published yet');
      expect((await publicPage('/transparency.json')).status).toBe(404);
      expect((await publicPage('/transparency/impact')).status).toBe(404);
      for (const [key, value] of [
        ['organisation', ''],
        ['advice', 'none'],
        ['reviewOn', inDays(-1)],
        ['reviewOn', inDays(500)],
        ['reviewOn', 'soon'],
      ] as const) {
        const answer = await publish({ ...said, [key]: value });
        expect(answer.status).toBe(400);
        expect(await answer.text()).toContain(`href="#${key}"`);
      }
      expect((await publicPage('/transparency')).text).toContain('Nothing has been published yet');
    });

    test('four records come from the running configuration, with a date and a hash, and about nobody', async () => {
      const before = Date.now();
      expect((await publish(said)).status).toBe(302);
      const { text } = await publicPage('/transparency.json');
      const published = JSON.parse(text) as {
        publishedAt: string;
        fingerprint: string;
        sha256: string;
        outOfDate: string[];
        records: { key: string }[];
      };
      expect(published.outOfDate).toEqual([]);
      expect(Date.parse(published.publishedAt)).toBeGreaterThanOrEqual(before);
      for (const hash of [published.fingerprint, published.sha256]) expect(hash).toMatch(/^[0-9a-f]{64}$/);
      expect(published.records.map(({ key }) => key)).toEqual(['algorithms', 'impact', 'equality', 'processing']);
      const pages = await Promise.all(['algorithms', 'impact', 'equality', 'processing'].map((key) => publicPage(`/transparency/${key}`)));
      const all = [text, ...pages.map((page) => page.text)].join('\n');
      for (const page of pages) {
        expect(page.status).toBe(200);
        expect(page.text).toContain('Tarnbridge Borough');
        expect(page.text).not.toContain('out of date');
      }
      // What runs is in it: a parameter, a rule of retention, an agreement, a purpose.
      for (const words of ['radius, m', '24 months after they were taken', 'Tarnbridge Homes', 'Comparing crimes with tags', 'presence-4'])
        expect(all).toContain(words);
      for (const name of ['Wilhelmina', 'C-77', 'Aled Price', 'Maya Okonjo', 'Ravi Menon']) expect(all).not.toContain(name);
    });

    test('a change of what is running makes them out of date, and says what has changed', async () => {
      const { performer } = serving.waymark;
      await performer.perform(steward, declareAgreement, null, trialAgreement('Health', { agency: 'Tarnbridge Surgery' }));
      for (const path of ['/transparency', '/transparency/processing'])
        expect((await publicPage(path)).text).toMatch(/out of date: 1 setting has changed since/);
      const visitor = new Visitor(serving.url);
      await visitor.signIn('au-1');
      expect(await (await visitor.follow('/transparency/records')).text()).toContain('agreements: Health, ');
      await publish(said);
      expect((await publicPage('/transparency')).text).not.toContain('out of date');
      // A renewal under the same title stands beside what is in force, and does not hide it.
      const next = { agency: 'Tarnbridge Surgery', startsOn: inDays(400), endsOn: inDays(800) };
      await performer.perform(steward, declareAgreement, null, trialAgreement('Health', next));
      await publish(said);
      const { text } = await publicPage('/transparency/processing');
      expect(text.match(/Tarnbridge Surgery/g)).toHaveLength(2);
      expect(text).toMatch(/\(in force\)[\s\S]*\(not yet in force\)/);
    });

    test('a changed parameter, policy or retention differs; a day for review that has passed is told', async () => {
      const { waymark } = serving;
      const now = await readRunningConfiguration(waymark);
      const other = structuredClone(now);
      other.presence.maxSpeedMps = 30;
      other.retention.Positions = '12 months after they were taken';
      delete other.policies[Object.keys(other.policies)[0] as string];
      expect(differencesOf(other, now).map(({ what }) => what.split(':')[0])).toEqual(['policies', 'presence', 'retention']);
      expect(differencesOf(now, structuredClone(now))).toEqual([]);
      const { published } = await waymark.performer.perform(auditor, readTransparency, { configuration: now, today: inDays(200) }, null);
      expect(published?.outOfDate).toEqual([`it was to be looked at again by ${said.reviewOn}`]);
    });

    test('what was published cannot be changed by the program, and a change beside it shows', async () => {
      const { database } = serving.waymark;
      if (database.kind === 'pglite') {
        await database.executeSql(`UPDATE oversight.transparency_records SET records = jsonb_set(records, '{0,about}', '"All is well."')`);
        expect((await publicPage('/transparency')).text).toContain('what is stored is not what was published');
      } else {
        // The owner of the tables is bound by their rules as well.
        await database.executeSql(`UPDATE oversight.transparency_records SET records = '[]'`);
        expect((await publicPage('/transparency')).text).not.toContain('out of date');
      }
    });

    test('nobody but the auditor publishes', async () => {
      for (const account of ['mo-1', 'ca-1', 'sw-1', 'sl-1', 'ad-1', 'pe-1']) {
        const visitor = new Visitor(serving.url);
        await visitor.signIn(account);
        expect((await visitor.request('/transparency/records')).status).toBe(403);
      }
    });
  },
);
