import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditLength } from '../src/platform/audit.ts';
import { withPurpose } from '../src/platform/database.ts';
import { declareOrder, declareSubject } from '../src/supervision/index.ts';
import { officer } from './actors.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';
import { serveForTest, Visitor } from './serve-for-test.ts';
import { toldInOrder } from './told-in-order.ts';
import { wearerForTest } from './wearer-for-test.ts';

/** Where everybody begins: what waits for each role, counted, on both databases. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

const day = 86_400_000;
const accounts = ['mo-1', 'ca-1', 'sw-1', 'sl-1', 'ds-1', 'au-1', 'ad-1'];

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'what waits on %s',
  toldInOrder,
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    const visitors = new Map<string, Visitor>();
    const textOf = async (account: string, path = '/') => (await (visitors.get(account) as Visitor).follow(path)).text();
    /** The number beside a line of the page; 0 where it stands among what nothing waits of. */
    const counted = (html: string, what: string) => {
      const found = new RegExp(`wm-waits__count">([\\d,]+)</strong> <span>${what}`).exec(html)?.[1];
      if (found === undefined) expect(html).toMatch(new RegExp(`None now:.*${what}`));
      return Number((found ?? '0').replace(',', ''));
    };

    beforeAll(async () => {
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
      for (const account of [...accounts, 'fa-1']) {
        const visitor = new Visitor(serving.url);
        await visitor.signIn(account);
        visitors.set(account, visitor);
      }
    });
    afterAll(() => serving.stop());

    test('each role begins with what waits for it, every line leads to a page of theirs, and whoever has none on their first page', async () => {
      for (const account of accounts) {
        const html = await textOf(account);
        expect(html, account).toContain('What waits for you');
        const links = [...html.matchAll(/class="(?:wm-waits__link|govuk-link govuk-link--muted)" href="([^"]+)"/g)].map(
          ([, href = '']) => href,
        );
        expect(links.length, account).toBeGreaterThan(1);
        for (const href of links) {
          const answer = await (visitors.get(account) as Visitor).request(href.replaceAll('&amp;', '&'));
          expect(answer.status, `${account}: ${href}`).toBe(200);
        }
      }
      expect(await textOf('fa-1')).not.toContain('What waits');
      expect(await textOf('fa-1', '/start')).not.toContain('What waits');
    });

    test('an order that ends soon and somebody without a tag are counted, and are those whom the lists show', async () => {
      const { performer, intake, database } = serving.waymark;
      const orderOf = async (reference: string, endsInDays: number) => {
        const { id: subjectId } = await performer.perform(officer, declareSubject, null, { reference, name: `Person ${reference}` });
        await performer.perform(
          officer,
          declareOrder,
          { intake },
          {
            subjectId,
            kind: 'licence condition',
            authority: 'Tarn Court',
            startsAt: new Date(Date.now() - day),
            endsAt: new Date(Date.now() + endsInDays * day),
          },
        );
        return subjectId;
      };
      const soon = await orderOf('W-SOON', 3);
      await orderOf('W-LATER', 30);
      const before = await auditLength(database.db, { byPeople: true });
      const html = await textOf('mo-1', '/start');
      const after = await auditLength(database.db, { byPeople: true });
      // The page itself, and the bar of what is going on.
      expect(after - before).toBe(2);
      expect(counted(html, 'people whose order ends within 7 days')).toBe(1);
      expect(counted(html, 'people under an order without a tag')).toBe(2);
      const ending = await textOf('mo-1', '/subjects?show=ending');
      expect([ending.includes('W-SOON'), ending.includes('W-LATER')]).toEqual([true, false]);
      const untagged = await textOf('mo-1', '/subjects?show=untagged');
      expect([untagged.includes('W-SOON'), untagged.includes('W-LATER')]).toEqual([true, true]);
      // Somebody with a second order and one tag wears a tag.
      const tagged = await wearerForTest(serving.waymark, 'W-TAGGED');
      await performer.perform(officer, declareOrder, null, {
        subjectId: tagged.subjectId,
        kind: 'court bail',
        authority: 'Tarn Court',
        startsAt: new Date(Date.now() - day),
        endsAt: null,
      });
      expect(counted(await textOf('mo-1', '/start'), 'people under an order without a tag')).toBe(2);
      // Nobody is the officer's own yet.
      expect(counted(await textOf('mo-1', '/start?whose=mine'), 'people under an order without a tag')).toBe(0);
      await withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
        tx
          .insertInto('supervision.own_cases')
          .values({ subject_id: soon, kind: 'something is wrong', about: '', said: 'It was not me', due_on: '2020-01-01' } as never)
          .execute(),
      );
      expect(await textOf('mo-1', '/start')).toMatch(/>1<\/strong> <span>questions to answer <strong[^>]*>late/);
    });

    test('what waits in one half is counted for nobody of the other', async () => {
      for (const account of ['sw-1', 'sl-1', 'ds-1']) expect(await textOf(account, '/start')).not.toMatch(/alerts|orders|tags|crimes/);
      for (const account of ['mo-1', 'ca-1', 'ad-1'])
        expect(await textOf(account, '/start')).not.toMatch(/proposals|pairs|agencies|challenged/);
    });
  },
);
