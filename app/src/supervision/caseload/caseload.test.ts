import { afterAll, beforeAll, expect, test } from 'vitest';
import { officer } from '../../../test/actors.ts';
import { serveForTest } from '../../../test/serve-for-test.ts';
import { wearerForTest } from '../../../test/wearer-for-test.ts';
import { listCaseload } from './read-caseload.ts';

/** Who wears a tag now: the most urgent first, in pages, found by name, reference or tag. */
let serving: Awaited<ReturnType<typeof serveForTest>>;
let dayOld: number;
const list = (input: Partial<Parameters<typeof listCaseload.run>[2]> = {}) => {
  const { positions, performer } = serving.waymark;
  const aged = (wearing: number) => {
    const position = positions.of(wearing);
    // What was received a day ago cannot be sent now.
    return position && wearing === dayOld ? { ...position, receivedAt: position.at } : position;
  };
  return performer.perform(officer, listCaseload, { positions: { of: aged } as typeof positions }, { limit: 10, offset: 0, ...input });
};
const named = async (input: Parameters<typeof list>[0]) => (await list(input)).rows.map(({ reference }) => reference);

beforeAll(async () => {
  serving = await serveForTest({});
  for (const reference of ['C-1', 'C-2', 'C-3', 'C-4']) {
    const { fix } = await wearerForTest(serving.waymark, reference);
    // The second has not been heard of for a day, the fourth never sent anything.
    if (reference === 'C-1') await fix({ battery: 0.05 });
    if (reference === 'C-2') await fix({ at: Date.now() - 86_400_000 });
    if (reference === 'C-3') await fix();
  }
  const { rows } = await serving.waymark.performer.perform(officer, listCaseload, serving.waymark, { search: 'C-2', limit: 1, offset: 0 });
  dayOld = (rows[0] as (typeof rows)[0]).wearing;
  // Whatever was raised is closed; of the third one is open.
  await serving.waymark.database.executeSql(
    `UPDATE supervision.alerts SET state = 'closed', outcome = 'equipment';
     INSERT INTO supervision.alerts (wearing_id, kind, severity, from_at, confirmed_at, facts, state, version)
       SELECT w.id, 'battery', 'high', now(), now(), '{}', 'raised', 1
         FROM supervision.wearings w JOIN supervision.subjects s ON s.id = w.subject_id WHERE s.reference = 'C-3'`,
  );
}, 120_000);
afterAll(() => serving.stop());

test('the most urgent come first, then who is silent, then by reference, whatever the page', async () => {
  expect(await named({})).toEqual(['C-3', 'C-2', 'C-1', 'C-4']);
  expect(await named({ limit: 2 })).toEqual(['C-3', 'C-2']);
  expect(await named({ limit: 2, offset: 2 })).toEqual(['C-1', 'C-4']);
  expect(await named({ offset: 4 })).toEqual([]);
});

test('counts are of all, whoever is on the page', async () => {
  const { total, counts } = await list({ limit: 1 });
  expect(total).toBe(4);
  expect(counts).toEqual({ worn: 4, inAlert: 1, silent: 1, low: 1 });
});

test('a row says how its wearer stands', async () => {
  const { rows } = await list();
  const [alert, silent, worn, fitted] = rows;
  expect(alert).toMatchObject({ reference: 'C-3', alerts: 1, severity: 'high', standing: 'worn', silent: false });
  expect(silent).toMatchObject({ subject: 'Person C-2', severity: null, silent: true });
  expect(worn?.position?.battery).toBeCloseTo(0.05);
  expect(fitted).toMatchObject({ tag: 'T-C-4', standing: 'fitted', position: null });
});

test.each([
  ['person c-2', ['C-2']],
  [' c-1 ', ['C-1']],
  ['T-C', ['C-3', 'C-2', 'C-1', 'C-4']],
  ['t-c-4', ['C-4']],
  ['100 %', []],
  ['_', []],
])('"%s" finds %j', async (search, expected) => {
  const { rows, total, counts } = await list({ search });
  expect(rows.map(({ reference }) => reference)).toEqual(expected);
  expect(total).toBe(expected.length);
  expect(counts.worn).toBe(4);
});
