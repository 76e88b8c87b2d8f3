import { weekAt } from '@waymark/presence';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts';
import { serveForTest, temporaryFolder, Visitor } from '../../../test/serve-for-test.ts';
import { fillWithSmallTown } from '../../../test/small-town.ts';
import { toldInOrder } from '../../../test/told-in-order.ts';
import type { Actor } from '../../platform/access.ts';
import { withPurpose } from '../../platform/database.ts';
import { makeAppointment } from '../diary/index.ts';
import { declareTag } from '../tags/tags.ts';
import { listProposals } from './read-proposal.ts';

const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'releases on a tag on %s',
  toldInOrder,
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    const town = temporaryFolder();
    const visitor = () => new Visitor(serving.url);
    let governor: Visitor;
    let csrf = '';
    beforeAll(async () => {
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
      await fillWithSmallTown(serving.waymark, town.path);
      const officer: Actor = { id: 'mo-1', name: 'Maya Okonjo', role: 'monitoring-officer', purpose: 'monitoring' };
      await serving.waymark.performer.perform(officer, declareTag, null, { serial: 'STOCK-1', model: '' });
      await serving.waymark.performer.perform(officer, makeAppointment, null, {
        subjectId: 1,
        kind: 'fit a tag',
        startsAt: new Date(Date.now() + 7 * 86_400_000),
        minutes: 30,
        place: 'The office',
        note: '',
        officer: '',
        now: Date.now(),
      });
      await visitor().signIn('mo-1');
      governor = visitor();
      await governor.signIn('go-1');
      csrf = await governor.csrf('/proposals/new');
    });
    afterAll(async () => {
      await serving?.end();
      town.remove();
    });
    const send = (path: string, fields: Record<string, string>) =>
      governor.request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ _csrf: csrf, ...fields }),
      });
    const soon = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10);
    const good = {
      ...{ reference: 'A1234BC', kind: 'licence condition', releaseOn: soon, months: '6' },
      ...{ home: '12 Mill Lane', homeLat: '53.09', homeLon: '-1.815', signal: '61', power: 'yes', curfewFrom: '19:00', curfewTo: '07:00' },
      ...{ work: 'Bakery', workLat: '53.10', workLon: '-1.815', workFrom: '08:00', workTo: '16:30' },
      keepOut: 'Market square; 53.095; -1.815; 200',
    };

    test('each wrong field is told where it stands, and nothing is kept', async () => {
      for (const [more, words] of [
        [{ reference: 'Ann Example, born 1990' }, 'No name.'],
        [{ kind: '' }, 'kind of order'],
        [{ releaseOn: 'soon' }, 'day of the release'],
        [{ months: '0' }, 'from 1 to 60'],
        [{ home: 'Nowhere Road', homeLat: '', homeLon: '' }, 'Nothing on record is called that'],
        [{ signal: '130' }, 'from 0 to 100'],
        [{ curfewTo: '' }, 'both hours'],
        [{ workFrom: '', workTo: '' }, 'hours of the work'],
        [{ keepOut: 'Market square; 53.095; west; 200' }, 'Line 1'],
      ] as const) {
        const answer = await send('/proposals', { ...good, ...more });
        expect(answer.status).toBe(400);
        expect(await answer.text(), words).toContain(words);
      }
      expect(await (await governor.follow('/proposals')).text()).toContain('No release has been proposed yet.');
    });

    test('visits of the week that runs count whole, those that are over among them; those called off do not', async () => {
      const { db } = serving.waymark.database;
      const [from] = weekAt(Date.now(), 'Europe/London');
      await withPurpose(db, 'supervision', 'monitoring', async (tx) => {
        for (const [state, day] of [
          ['kept', 0],
          ['planned', 6],
          ['called off', 6],
          // The Sunday before is another week's.
          ['kept', -0.5],
        ] as const) {
          const at = new Date(from + day * 86_400_000 + 3_600_000);
          await sql`
            INSERT INTO supervision.appointments (subject_id, kind, place, starts_at, ends_at, state, officer, officer_name, made_by)
              VALUES (1, 'check a tag', 'The office', ${at}, ${new Date(at.getTime() + 1_800_000)}, ${state}, 'mo-1', 'Maya Okonjo', 'mo-1')`.execute(
            tx,
          );
        }
      });
      const planner: Actor = { id: 'go-1', name: 'Iris Calloway', role: 'governor', purpose: 'release-planning' };
      const { weeks } = await serving.waymark.performer.perform(
        planner,
        listProposals,
        { timeZone: 'Europe/London', visitsAWeek: 20 },
        { limit: 10, offset: 0, now: Date.now() },
      );
      expect(weeks.map(({ visitsPlanned }) => visitsPlanned).slice(0, 3)).toEqual([2, 1, 0]);
    });

    test('says what would be asked, what stands in the way and what it costs; and that there is no score, and why', async () => {
      const made = await send('/proposals', good);
      const at = made.headers.get('location') ?? '';
      expect(at).toMatch(/^\/proposals\/\d+$/);
      const page = await (await governor.follow(at)).text();
      expect(page).toContain('Be at 12 Mill Lane every day from 19:00 to 07:00.');
      expect(page).toContain('Keep out of Market square, within 200 metres, at all times.');
      expect(page).toContain('Heard for 61 % of a day');
      expect(page).toContain('crosses Market square');
      expect(page).toMatch(/£1,500 to £3,000/);
      expect(page).toContain('An average is not cash saved');
      expect(page).toContain('There is no score of this person, and why');
      const list = await (await governor.follow('/proposals')).text();
      expect(list).toContain('A1234BC');
      expect(list).toContain('1 officer at work here');
      // Of nine tags eight are worn.
      expect(list).toMatch(/data-label="Tags left">1</);
      expect(list).toMatch(/data-label="To fit a tag">1</);
      const changed = await send(at, { ...good, signal: '98' });
      expect(changed.status).toBe(302);
      expect(await (await governor.follow(at)).text()).toContain('Heard for 98 % of a day');
      expect((await send(`${at}/withdraw`, { because: 'no' })).status).toBe(400);
      await send(`${at}/withdraw`, { because: 'Released without a tag.' });
      expect(await (await governor.follow(at)).text()).toContain('It was withdrawn: Released without a tag.');
    });

    test('whoever plans reads nobody who is under an order, in any table', async () => {
      const { rows: tables } = (await serving.waymark.database.executeSql(
        "SELECT DISTINCT tablename AS name FROM pg_policies WHERE schemaname = 'supervision' ORDER BY 1",
      )) as { rows: { name: string }[] };
      const readable: string[] = [];
      for (const { name } of tables) {
        const { rows } = await withPurpose(serving.waymark.database.db, 'supervision', 'release-planning', (tx) =>
          tx
            .selectFrom(`supervision.${name}` as 'supervision.tags')
            .selectAll()
            .limit(1)
            .execute()
            .then((found) => ({ rows: found })),
        );
        if (rows.length > 0) readable.push(name);
      }
      expect(readable.filter((name) => !['teams', 'team_members'].includes(name)).sort()).toEqual(['release_proposals']);
    });
  },
);
