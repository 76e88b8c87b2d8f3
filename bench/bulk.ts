import { issueApiToken } from '../app/src/platform/api-tokens.ts';
import { serveForTest, Visitor } from '../app/test/serve-for-test.ts';
import { type Report, say } from './report.ts';

const columns =
  'reference,name,born_on,phone,address,order_kind,authority,order_from,order_to,officer_name,officer_phone,tag,fitted_at,zone,zone_kind,zone_lat,zone_lon,zone_radius_m,zone_days,zone_from,zone_to'.split(
    ',',
  );
const zonesEach = 2;
const together = 1000;
const asked = 40;

/** People with an order, a tag and two zones: rows as a file or another system has them. */
function rowsOf(people: number, prefix: string): string[][] {
  return Array.from({ length: people }, (_, i) => {
    const own = [`${prefix}-${i}`, `Ann ${prefix} ${i}`, '1990-01-02', '07700 900001', `${i} Mill Lane`, 'community order', 'Tarn Court'];
    const order = ['2026-09-01 09:00', '2027-09-01 09:00', 'Maya Okonjo', '020 7946 0000', `${prefix}T${i}`, '2026-09-02 10:00'];
    const lat = (52 + (i % 1000) / 1000).toFixed(4);
    const lon = (-2 + Math.floor(i / 1000) / 100).toFixed(4);
    return [
      [...own, ...order, 'Home', 'curfew', lat, lon, '100', '1234567', '19:00', '07:00'],
      [...own, ...order, 'Station', 'exclusion', lat, lon, '300', '', '', ''],
    ];
  }).flat();
}

const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const csvOf = (rows: string[][]) => [columns, ...rows].map((row) => row.map(cell).join(',')).join('\n');

/**
 * Many people put on record by a CSV file and by the API, twice each, and how fast the lists answer with them; once more with a quarter of
 * them in a closed team, hidden from the officer who asks. `--size` is how many people each way.
 */
export async function benchBulk(options: { size?: number }): Promise<Report> {
  const people = options.size ?? 20_000;
  const serving = await serveForTest({ WAYMARK_ENGINE_MB: '512' });
  try {
    const administrator = { id: 'ad-1', name: 'Ada', role: 'administrator' as const, purpose: 'administration' as const };
    const { token } = await serving.waymark.performer.perform(administrator, issueApiToken, null, {
      name: 'Bench',
      role: 'monitoring-officer',
    });
    const headers = { authorization: `Bearer ${token}` };
    const sendFile = async () => {
      const began = performance.now();
      const body = csvOf(rowsOf(people, 'F'));
      const response = await fetch(`${serving.url}/api/subjects/import`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'text/csv' },
        body,
      });
      return { s: (performance.now() - began) / 1000, done: [(await response.json()) as Put] };
    };
    const sendRows = async () => {
      const began = performance.now();
      const rows = rowsOf(people, 'A').map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]])));
      const done: Put[] = [];
      for (let i = 0; i < rows.length; i += together) {
        const response = await fetch(`${serving.url}/api/subjects`, {
          method: 'PUT',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify({ subjects: rows.slice(i, i + together) }),
        });
        done.push((await response.json()) as Put);
      }
      return { s: (performance.now() - began) / 1000, done };
    };
    const table: Report['table'] = [];
    const bars: Report['bars'] = [];
    const putIn = async (what: string, send: typeof sendFile) => {
      for (const time of ['first', 'again'] as const) {
        say(`bulk: ${what}, ${time}`);
        const { s, done } = await send();
        const sum = (name: 'created' | 'changed' | 'same') => done.reduce((all, own) => all + own[name], 0);
        const problems = done.reduce((all, own) => all + own.problems.length, 0);
        table.push({
          what: `${what}, ${time}`,
          s: s.toFixed(1),
          new: sum('created'),
          changed: sum('changed'),
          same: sum('same'),
          problems,
        });
        if (time === 'first') {
          bars.push({ name: `${what}: ${people} people`, figure: s, limit: 300, sense: 'most', unit: 's' });
          bars.push({ name: `${what}: not put in`, figure: people - sum('created'), limit: 0, sense: 'most', unit: 'people' });
        } else bars.push({ name: `${what}, again: not the same`, figure: people - sum('same'), limit: 0, sense: 'most', unit: 'people' });
      }
    };
    await putIn('CSV file', sendFile);
    for (const [when, before] of [
      ['nobody hidden', async () => undefined],
      [
        'a quarter hidden',
        () =>
          serving.waymark.database.executeSql(`INSERT INTO supervision.teams (name, is_closed) VALUES ('Closed', true);
            INSERT INTO supervision.cases (subject_id, team_id, by_name) SELECT id, 1, 'bench' FROM supervision.subjects WHERE id % 4 = 0`),
      ],
    ] as const) {
      await before();
      const visitor = new Visitor(serving.url);
      await visitor.signIn('mo-1');
      for (const path of [
        '/subjects',
        '/subjects?search=mill&page=1',
        '/subjects?search=F-199',
        '/subjects?sort=name&page=300',
        '/start',
        '/start?whose=mine',
        '/subjects?show=ending',
        '/subjects?show=untagged',
        '/compliance',
        '/diary',
        '/absence-requests',
        '/caseload',
        '/caseload?search=F-199',
        '/alerts',
      ]) {
        const ms: number[] = [];
        for (let i = 0; i < asked; i++) {
          const began = performance.now();
          await (await visitor.follow(path)).text();
          ms.push(performance.now() - began);
        }
        const p95 = ms.sort((a, b) => a - b)[Math.floor(0.95 * asked)] ?? Number.NaN;
        say(`bulk: ${path}, ${when}: ${Math.round(p95)} ms`);
        bars.push({ name: `${path}, ${when}, p95`, figure: p95, limit: 300, sense: 'most', unit: 'ms' });
      }
    }
    await putIn('API', sendRows);
    return {
      bench: `bulk (${people.toLocaleString('en-GB')} people each way, ${zonesEach} zones each; embedded stores)`,
      table,
      notes: [`Pages were asked for ${asked} times each, one after the other, with ${people.toLocaleString('en-GB')} people on record.`],
      bars,
    };
  } finally {
    await serving.end();
  }
}

interface Put {
  created: number;
  changed: number;
  same: number;
  problems: unknown[];
}
