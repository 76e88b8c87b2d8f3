import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts';
import { serveForTest, temporaryFolder, Visitor } from '../../../test/serve-for-test.ts';
import { fillWithSmallTown } from '../../../test/small-town.ts';
import { toldInOrder } from '../../../test/told-in-order.ts';
import type { Actor } from '../../platform/access.ts';
import { withPurpose } from '../../platform/database.ts';
import { addTeam } from '../case-access/teams.ts';
import { supervisionAccess } from '../own/index.ts';
import { halfOf, orderOfTeams } from './draw-lot.ts';
import { agreeToExport, exportOutcomes } from './export-outcomes.ts';
import { powerOf, steppedDesign, steppedVariance } from './power.ts';
import { type EvaluationWish, listEvaluations, registerEvaluation, stopEvaluation, usualScript } from './register.ts';

const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

describe('power', () => {
  test('of two shares, as tables of it say', () => {
    // 0.20 against 0.10 with 199 in each arm: 80 % (normal approximation, two-sided 5 %).
    expect(powerOf('waiting list', { without: 0.2, with: 0.1, people: 199, teams: 0, icc: 0 })).toBeCloseTo(0.8, 1);
    expect(powerOf('waiting list', { without: 0.2, with: 0.2, people: 199, teams: 0, icc: 0 })).toBeCloseTo(0.025, 3);
    expect(powerOf('waiting list', { without: 0.5, with: 0.3, people: 10, teams: 0, icc: 0 })).toBeLessThan(0.2);
  });

  test('of a stepped design: the formula gives what generalised least squares over the whole design gives', () => {
    for (const [teams, people, icc] of [
      [3, 20, 0.02],
      [6, 50, 0.1],
      [12, 8, 0],
    ] as const) {
      const design = steppedDesign(teams);
      const closed = steppedVariance(design, { mean: 0.3, people, icc });
      expect(closed).toBeCloseTo(leastSquaresVariance(design, { mean: 0.3, people, icc }), 8);
    }
  });

  /** The variance of the effect by inverting the normal equations of cell means: fixed periods, one effect, teams that share an error. */
  function leastSquaresVariance(design: number[][], { mean, people, icc }: { mean: number; people: number; icc: number }): number {
    const one = mean * (1 - mean);
    const [tau2, sigma2] = [icc * one, ((1 - icc) * one) / people];
    const periods = design[0]?.length ?? 0;
    const size = periods + 1;
    const information = Array.from({ length: size }, () => new Array<number>(size).fill(0));
    // Of one team: σ²I + τ²J, of which the inverse is (I − τ²/(σ² + Tτ²) J)/σ².
    const share = tau2 / (sigma2 + periods * tau2);
    for (const row of design) {
      const columns = Array.from({ length: size }, (_, c) =>
        Array.from({ length: periods }, (__, t) => (c < periods ? (c === t ? 1 : 0) : (row[t] as number))),
      );
      for (let a = 0; a < size; a++)
        for (let b = 0; b < size; b++) {
          const [x, y] = [columns[a] as number[], columns[b] as number[]];
          const dot = x.reduce((all, own, t) => all + own * (y[t] as number), 0);
          const sums = x.reduce((all, own) => all + own, 0) * y.reduce((all, own) => all + own, 0);
          (information[a] as number[])[b] = ((information[a] as number[])[b] as number) + (dot - share * sums) / sigma2;
        }
    }
    const matrix = information.map((row, i) => [...row, ...Array.from({ length: size }, (_, j) => (i === j ? 1 : 0))]);
    for (let i = 0; i < size; i++) {
      const pivot = matrix.findIndex((row, r) => r >= i && Math.abs(row[i] as number) > 1e-12);
      [matrix[i], matrix[pivot]] = [matrix[pivot] as number[], matrix[i] as number[]];
      const own = matrix[i] as number[];
      const lead = own[i] as number;
      for (let c = 0; c < 2 * size; c++) own[c] = (own[c] as number) / lead;
      for (const [r, row] of matrix.entries()) {
        const factor = row[i] as number;
        if (r !== i) for (let c = 0; c < 2 * size; c++) row[c] = (row[c] as number) - factor * (own[c] as number);
      }
    }
    return (matrix[size - 1] as number[])[2 * size - 1] as number;
  }

  test('the lot is the same for the same seed, halves people about evenly, and depends on nobody else', () => {
    const halves = Array.from({ length: 2000 }, (_, i) => halfOf('seed', i));
    expect(Math.abs(halves.filter((own) => own === 1).length - 1000)).toBeLessThan(120);
    expect(halves.slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, i) => halfOf('seed', i)));
    expect(orderOfTeams('seed', ['1', '2', '3', '4'])).toEqual(orderOfTeams('seed', ['4', '2', '1', '3']));
    expect(new Set(Array.from({ length: 40 }, (_, i) => orderOfTeams(`seed ${i}`, ['1', '2', '3']).join())).size).toBe(6);
  });
});

const hasPython = (() => {
  try {
    return Boolean(execFileSync('python3', ['--version']));
  } catch {
    return false;
  }
})();

test.runIf(hasPython)(
  'the usual analysis finds an effect that is there, and seldom one that is not',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'waymark-analysis-'));
    try {
      writeFileSync(join(folder, 'analyse.py'), usualScript);
      let state = 7;
      const random = () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state / 4_294_967_296;
      };
      const analysed = (effect: number) => {
        const lines = ['person,group,period,exposed,outcome,days'];
        for (let person = 0; person < 300; person++)
          for (const period of [1, 2]) {
            const exposed = period === 2 || person % 2 === 0 ? 1 : 0;
            lines.push(`p${person},G1,${period},${exposed},${random() < 0.4 + effect * exposed ? 1 : 0},28`);
          }
        writeFileSync(join(folder, 'outcomes.csv'), `${lines.join('\n')}\n`);
        const said = execFileSync('python3', ['analyse.py', 'outcomes.csv'], { cwd: folder, encoding: 'utf8' });
        return { effect: Number(/effect ([+-][\d.]+)/.exec(said)?.[1]), p: Number(/^p ([\d.]+)/m.exec(said)?.[1]) };
      };
      const real = analysed(-0.25);
      expect(real.effect).toBeLessThan(-0.1);
      expect(real.p).toBeLessThan(0.01);
      expect(analysed(0).p).toBeGreaterThan(0.05);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  120_000,
);

const [aled, bea]: Actor[] = ['Aled Price', 'Bea Lloyd'].map((name, i) => ({
  id: `au-${i + 1}`,
  name,
  role: 'auditor',
  purpose: 'oversight',
}));

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'an evaluation on %s',
  toldInOrder,
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    const town = temporaryFolder();
    let id: number;
    beforeAll(async () => {
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
      await fillWithSmallTown(serving.waymark, town.path);
    });
    afterAll(async () => {
      await serving?.end();
      town.remove();
    });
    const perform: typeof serving.waymark.performer.perform = (...given) => serving.waymark.performer.perform(...given);
    const wish = (more: Partial<EvaluationWish> = {}): EvaluationWish => ({
      title: 'Reminders to charge',
      question: 'Do reminders to charge the tag lead to fewer alerts?',
      tried: 'A message each evening when the battery is low; the others get it one period later.',
      design: 'waiting list',
      outcome: 'alert',
      startsOn: '2026-09-08',
      periodDays: '7',
      without: '60',
      with: '40',
      people: '150',
      teams: '',
      icc: '',
      script: '',
      today: '2026-08-20',
      ...more,
    });
    const register = (more: Partial<EvaluationWish> = {}) => perform(aled as Actor, registerEvaluation, null, wish(more));

    test('is registered before it begins, with a question, a design, and enough people to find what is expected', async () => {
      for (const [more, words] of [
        [{ question: 'Why?' }, 'what is to be found out'],
        [{ design: 'before and after' }, 'Choose the design'],
        [{ outcome: 'guilt' }, 'what is counted'],
        [{ startsOn: '2026-08-20' }, 'begins after today'],
        [{ periodDays: '3' }, 'from 7 to 366'],
        [{ without: '150' }, 'in percent'],
        [{ people: '8' }, 'would be found in'],
        [{ design: 'stepped', teams: '2' }, 'from 3 to 50'],
        [{ design: 'stepped', teams: '3', people: '900', icc: '0.01' }, 'There are 0 teams on record'],
      ] as const)
        await expect(register(more)).rejects.toThrow(words);
      ({ id } = await register());
      const page = await (await fetch(`${serving.url}/transparency/evaluations`)).text();
      expect(page).toContain('Do reminders to charge the tag lead to fewer alerts?');
      // What was drawn is not told before; that it was, is.
      const seed = await inRoom('oversight', (tx) => tx.selectFrom('supervision.evaluations').select('seed').executeTakeFirstOrThrow());
      expect(page).not.toContain(seed.seed);
      // Nothing of what was registered can be changed.
      await expect(
        inRoom('oversight', (tx) => tx.updateTable('supervision.evaluations').set({ script: 'another' }).execute()),
      ).rejects.toThrow('permission denied');
    });
    const inRoom = <T>(purpose: string, work: Parameters<typeof withPurpose<T>>[3]) =>
      withPurpose(serving.waymark.database.db, 'supervision', purpose, work);

    test('leaves once, when it is over and a second auditor agrees: of those who take part alone, by pseudonyms', async () => {
      const take = (today: string, actor = aled as Actor) => perform(actor, exportOutcomes, { timeZone: 'Europe/London' }, { id, today });
      // Seven of the eight join as they would on their own page; one of them leaves again.
      await serving.waymark.database.executeSql('ALTER TABLE supervision.evaluation_members NO FORCE ROW LEVEL SECURITY');
      await serving.waymark.database.executeSql(
        `INSERT INTO supervision.evaluation_members (evaluation_id, subject_id, joined_at, left_at) SELECT ${id}, id, CASE WHEN id = 6 THEN timestamptz '2026-09-10' ELSE timestamptz '2026-09-01' END, CASE WHEN id = 7 THEN now() END FROM generate_series(1, 7) AS id`,
      );
      await serving.waymark.database.executeSql('ALTER TABLE supervision.evaluation_members FORCE ROW LEVEL SECURITY');
      // Of whoever does not take part, an auditor reads no alert.
      const alerts = await inRoom('oversight', (tx) =>
        tx
          .selectFrom('supervision.alerts as a')
          .innerJoin('supervision.wearings as w', 'w.id', 'a.wearing_id')
          .select('w.subject_id')
          .distinct()
          .execute(),
      );
      expect(alerts.every(({ subject_id }) => subject_id < 7)).toBe(true);
      await expect(take('2026-09-10')).rejects.toThrow('over on 2026-09-22');
      await expect(take('2026-09-25')).rejects.toThrow('Another auditor has to agree');
      await expect(perform(aled as Actor, agreeToExport, null, { id })).rejects.toThrow('another auditor agrees');
      await perform(bea as Actor, agreeToExport, null, { id });
      expect((await perform(bea as Actor, listEvaluations, null, null))[0]).toMatchObject({ people: 6, agreedBy: 'Bea Lloyd' });
      const { rows, seed, left } = await take('2026-09-25');
      expect(new Set(rows.map(({ person }) => person)).size).toBe(6);
      expect(left).toEqual({ groups: 0, people: 0 });
      const text = JSON.stringify(rows);
      const names = await inRoom('monitoring', (tx) => tx.selectFrom('supervision.subjects').select(['name', 'reference']).execute());
      for (const { name, reference } of names) {
        expect(text).not.toContain(name);
        expect(text).not.toContain(reference);
      }
      expect(Object.keys(rows[0] ?? {}).sort()).toEqual(['days', 'exposed', 'group', 'outcome', 'period', 'person']);
      // Who has it when follows from the lot, whose fingerprint was published.
      const exposedAtOnce = new Set(rows.filter(({ period, exposed }) => period === 1 && exposed === 1).map(({ person }) => person)).size;
      // Of who joined in the middle of the first period, nothing of it leaves.
      expect(rows.filter(({ period }) => period === 1)).toHaveLength(5);
      expect(rows.filter(({ period }) => period === 2)).toHaveLength(6);
      expect(exposedAtOnce).toBe([1, 2, 3, 4, 5].filter((subject) => halfOf(seed, subject) === 1).length);
      await expect(take('2026-09-25')).rejects.toThrow('left already');
    });

    test('a week in which clocks change has seven days, and a team that comes later moves nobody in the lot', async () => {
      const asAdministrator: Actor = { id: 'ad-1', name: 'Ines Duarte', role: 'administrator', purpose: 'administration' };
      const makeTeam = (name: string) => perform(asAdministrator, addTeam, null, { name, isClosed: false });
      for (const name of ['North', 'South', 'West']) await makeTeam(name);
      const { id: own } = await register({
        title: 'Over a change of clocks',
        design: 'stepped',
        teams: '3',
        people: '900',
        icc: '0.01',
        startsOn: '2027-03-22',
        today: '2027-03-01',
      });
      const drawn = await inRoom('oversight', (tx) =>
        tx.selectFrom('supervision.evaluations').select(['seed', 'teams']).where('id', '=', own).executeTakeFirstOrThrow(),
      );
      expect(drawn.teams).toHaveLength(3);
      const [team] = drawn.teams;
      await serving.waymark.database.executeSql('ALTER TABLE supervision.evaluation_members NO FORCE ROW LEVEL SECURITY');
      await serving.waymark.database.executeSql(
        `INSERT INTO supervision.evaluation_members (evaluation_id, subject_id, joined_at, team_id) SELECT ${own}, id, timestamptz '2027-03-02', ${team} FROM generate_series(1, 8) AS id`,
      );
      await serving.waymark.database.executeSql('ALTER TABLE supervision.evaluation_members FORCE ROW LEVEL SECURITY');
      for (const name of ['East', 'Coast', 'Hills']) await makeTeam(name);
      await perform(bea as Actor, agreeToExport, null, { id: own });
      const { rows } = await perform(aled as Actor, exportOutcomes, { timeZone: 'Europe/London' }, { id: own, today: '2027-06-01' });
      expect(rows.length).toBeGreaterThan(0);
      expect(new Set(rows.map(({ days }) => days))).toEqual(new Set([7]));
      const turn = orderOfTeams(drawn.seed, drawn.teams.map(String)).indexOf(String(team)) + 2;
      for (const { period, exposed } of rows) expect(exposed).toBe(period >= turn ? 1 : 0);
    });

    test('from page to page: registered, taken part in by the person, stopped with a reason', async () => {
      const auditor = new Visitor(serving.url);
      await auditor.signIn('au-1');
      const csrf = await auditor.csrf('/evaluations');
      const send = (path: string, fields: Record<string, string>) =>
        auditor.request(path, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({ _csrf: csrf, ...fields }),
        });
      const soon = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10);
      const { today: _, ...fields } = wish({ startsOn: soon });
      expect((await send('/evaluations', { ...fields, people: '6' })).status).toBe(400);
      expect((await send('/evaluations', fields)).headers.get('location')).toBe('/evaluations');
      const page = await (await auditor.follow('/evaluations')).text();
      expect(page).toContain('Begins on');
      const [latest] = await perform(aled as Actor, listEvaluations, null, null);
      await expect(perform(aled as Actor, stopEvaluation, null, { id: latest?.id ?? 0, because: 'no' })).rejects.toThrow('why it stops');
      await send(`/evaluations/${latest?.id}/stop`, { because: 'The supplier changed.' });
      expect(await (await auditor.follow('/evaluations')).text()).toContain('Stopped: The supplier changed.');
    });

    test('the person takes part and leaves on their own page, and nobody else can for them', async () => {
      const officer: Actor = { id: 'mo-1', name: 'Maya Okonjo', role: 'monitoring-officer', purpose: 'monitoring' };
      const soon = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10);
      const { id: own } = await register({ title: 'A third one', startsOn: soon });
      const { code } = await perform(officer, supervisionAccess.invite, null, { id: 8 });
      const person = new Visitor(serving.url);
      await person.signIn('pe-1');
      const send = async (path: string, fields: Record<string, string>) =>
        person.request(path, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({ _csrf: await person.csrf('/me'), ...fields }),
        });
      await send('/me/code', { code });
      expect(await (await person.follow('/me/research')).text()).toContain('A third one');
      const takingPart = async () => (await perform(aled as Actor, listEvaluations, null, null)).find((one) => one.id === own)?.people;
      expect(await takingPart()).toBe(0);
      await send(`/me/research/${own}`, {});
      // One alone is fewer than five, which is all that an auditor is told.
      expect(await takingPart()).toBeNull();
      const page = await (await person.follow('/me/research')).text();
      expect(page).toContain('You take part.');
      expect(page).toMatch(/You get it from/);
      await send(`/me/research/${own}`, { leaves: 'yes' });
      expect(await takingPart()).toBe(0);
      expect((await send('/me/research/999', {})).status).toBe(404);
    });

    test('the file has outcomes, protocol and the very analysis that was registered', async () => {
      const { id: own } = await register({ title: 'A second one' });
      await perform(bea as Actor, agreeToExport, null, { id: own });
      const auditor = new Visitor(serving.url);
      await auditor.signIn('au-1');
      const answer = await auditor.request(`/evaluations/${own}/outcomes`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ _csrf: await auditor.csrf('/evaluations') }),
      });
      expect(answer.headers.get('content-type')).toBe('application/zip');
      const files = unzipSync(new Uint8Array(await answer.arrayBuffer()));
      expect(Object.keys(files).sort()).toEqual(['analyse.py', 'outcomes.csv', 'protocol.json']);
      expect(strFromU8(files['analyse.py'] as Uint8Array)).toBe(usualScript);
      expect(JSON.parse(strFromU8(files['protocol.json'] as Uint8Array))).toMatchObject({ protocol: { title: 'A second one' } });
    });
  },
);
