import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { defaultParameters, type SweepPart } from '@waymark/presence';
import { Town, toDegrees } from '@waymark/town';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { temporaryFolder } from '../../../test/serve-for-test.ts';
import { fixColumns } from '../../platform/fixes/fix-columns.ts';
import { FixStore } from '../../platform/fixes/fix-store.ts';
import type { CrimeVersionRow } from '../crimes/index.ts';
import { computeRun } from './compute-run.ts';
import { judgeInTurn } from './judge-in-turn.ts';
import { VerdictStore } from './verdict-store.ts';

const wearers = 30;
const town = new Town({ seed: 21, wearers, days: 10, crimes: 24, byWearers: 0.5 });
const { startMs } = town.settings;
const folder = temporaryFolder();
let fixes: FixStore;
let crimes: CrimeVersionRow[];

beforeAll(async () => {
  fixes = await FixStore.open(join(folder.path, 'fixes.duckdb'), 256);
  for (const { index, fixes: reported } of town.wearers()) {
    // One is not heard for a day and a half, another for good after five days: they are looked for beside the window.
    const rows = Array.from({ length: reported.count }, (_, i) => i).filter((i) => {
      const day = (reported.at[i] as number) / 86_400;
      return !(index === 3 && day > 4 && day < 5.5) && !(index === 4 && day > 5);
    });
    const columns = fixColumns(rows.length);
    rows.forEach((row, i) => {
      columns.tag[i] = index + 1;
      columns.wearing[i] = index + 1;
      columns.at[i] = startMs + (reported.at[row] as number) * 1000;
      columns.receivedAt[i] = columns.at[i] as number;
      columns.lon[i] = reported.lon[row] as number;
      columns.lat[i] = reported.lat[row] as number;
      columns.accuracyM[i] = reported.accuracyM[row] as number;
    });
    for (const name of ['speedMps', 'headingDeg', 'battery', 'seq'] as const) columns[name].fill(Number.NaN);
    await fixes.append({ source: 'test', receivedAt: startMs, count: rows.length, columns, quarantined: [] });
  }
  crimes = town.crimes.map(crimeOf);
});
afterAll(async () => {
  await fixes.close();
  folder.remove();
});

const crimeOf = (crime: (typeof town.crimes)[number], i: number): CrimeVersionRow => {
  const [lon, lat] = toDegrees(crime.x, crime.y);
  return {
    id: i + 1,
    crime_id: i + 1,
    force: 'Test',
    reference: crime.reference,
    version: 1,
    type: crime.type,
    from_at: new Date(startMs + crime.from * 1000),
    to_at: new Date(startMs + crime.to * 1000),
    place: { kind: 'point', lon, lat, uncertaintyM: crime.uncertaintyM },
    text: '',
    batch: null,
    changed: [],
    recorded_at: new Date(startMs),
  } as CrimeVersionRow;
};

type Row = Record<string, number>;

async function run(some: CrimeVersionRow[], reads: 'all' | 'around') {
  const rows = new Map<string, Row>();
  const put = (columns: Record<string, ArrayLike<number>>, count: number, plain: number) => {
    for (let i = 0; i < count; i++) {
      const row = Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column[i] as number]));
      rows.set(`${row.crime}/${row.wearing}`, { ...row, plain });
    }
  };
  const keep = async ({ weighed, ruledOut }: SweepPart) => {
    put(weighed.columns, weighed.rows, 0);
    put(ruledOut.columns, ruledOut.rows, 1);
  };
  return { rows, ...(await computeRun(fixes, inputsOf(some, reads), keep, undefined, 0)) };
}

function inputsOf(some: CrimeVersionRow[], reads: 'all' | 'around') {
  const wearings = Array.from({ length: wearers }, (_, i) => ({
    id: i + 1,
    from: startMs,
    to: Infinity,
    // Of some it was learnt that their clocks are out.
    ...(i % 5 === 0 ? { clockS: 130 } : {}),
  }));
  return {
    crimes: some,
    wearings,
    parameters: { ...defaultParameters },
    timeZone: 'Europe/London',
    receiptUpto: fixes.lastReceipt,
    reads,
  };
}

/** What may differ in its last digits, for a fix's likely place rests a little on fixes far away in time. */
const chances = new Set(['pWindowPpm', 'pMomentPpm', 'habitVisits', 'habitWeeks']);

describe('a few crimes answered from what they rest on', () => {
  test('verdicts are those of a run that reads everything: silences, habits and who was there by chance too', async () => {
    const all = await run(crimes, 'all');
    const kinds = new Set<number>();
    for (const [c, crime] of crimes.entries()) {
      const around = await run([crime], 'around');
      expect(around.rows.size).toBe(wearers);
      expect(around.fixes).toBeLessThan(all.fixes / 4);
      const sorted = [...crimes].sort((a, b) => a.from_at.getTime() - b.from_at.getTime() || a.id - b.id);
      const place = sorted.indexOf(crime);
      expect(around.coincidence[0]).toEqual(all.coincidence[c]);
      for (let w = 0; w < wearers; w++) {
        const [is, was] = [around.rows.get(`0/${w}`) as Row, all.rows.get(`${place}/${w}`) as Row];
        if (was.verdict !== undefined) kinds.add(was.verdict);
        for (const [name, value] of Object.entries(was)) {
          if (name === 'crime') continue;
          if (!chances.has(name)) expect([crime.reference, w, name, is[name]]).toEqual([crime.reference, w, name, value]);
          else expect(Math.abs((is[name] as number) - value)).toBeLessThanOrEqual(name.endsWith('Ppm') ? 500 : 30);
        }
      }
    }
    expect(kinds.size).toBeGreaterThanOrEqual(3);
  });

  test('it is repeated as it was, and its inputs say how they were read', async () => {
    const [first, again, all] = [
      await run(crimes.slice(0, 3), 'around'),
      await run(crimes.slice(0, 3), 'around'),
      await run(crimes.slice(0, 3), 'all'),
    ];
    expect([again.inputsHash, again.outputHash]).toEqual([first.inputsHash, first.outputHash]);
    expect(first.inputsHash).toMatch(/^around-each-[0-9a-f]{64}$/);
    expect(all.inputsHash).toMatch(/^each-[0-9a-f]{64}$/);
  });
});

describe('a fleet of which some are judged after others', () => {
  test('gives what it gives at once, byte for byte, and leaves nothing else behind', async () => {
    const verdicts = VerdictStore.open(join(folder.path, 'verdicts'));
    const inputs = inputsOf(crimes, 'all');
    const right = await verdicts.write(1, (append) => computeRun(fixes, inputs, append, undefined, 0));
    const rowsOf = async (run: number) => {
      const rows: object[] = [];
      for await (const some of verdicts.stream(crimes.map(({ id }) => ({ run, crime: id })))) rows.push(...some);
      return rows.map((row) => ({ ...row, run: 0 }));
    };
    const { tookMs: _, ...told } = right;
    for (const [i, together] of [right.fixes * 2, right.fixes, right.fixes / 2, right.fixes / 7, 1].entries()) {
      const steps: number[] = [];
      const { tookMs, ...own } = await verdicts.write(2 + i, (append) =>
        judgeInTurn(fixes, verdicts, 2 + i, inputs, append, { together, onProgress: (done) => steps.push(done) }),
      );
      expect(tookMs).toBeGreaterThan(0);
      expect(own, String(together)).toEqual(told);
      expect(await rowsOf(2 + i)).toEqual(await rowsOf(1));
      expect([steps.toSorted((a, b) => a - b), steps.at(-1)]).toEqual([steps, crimes.length]);
    }
    // Of several parts: each is put together in the room of the one before the last.
    const digests = new Set<string>();
    for (const [i, together] of [right.fixes / 2, right.fixes / 7].entries()) {
      const { outputHash, coincidence } = await verdicts.write(8 + i, (append) =>
        judgeInTurn(fixes, verdicts, 8 + i, inputs, append, { together, perPart: 3 }),
      );
      digests.add(outputHash);
      expect(coincidence).toEqual(right.coincidence);
      expect(await rowsOf(8 + i)).toEqual(await rowsOf(1));
    }
    expect(digests.size).toBe(1);
    expect(readdirSync(join(folder.path, 'verdicts')).filter((name) => !/^run-\d\.verdicts$/.test(name))).toEqual([]);
  });

  test('takes what it had judged away where it fails', async () => {
    const verdicts = VerdictStore.open(join(folder.path, 'failing'));
    let scans = 0;
    const scan = fixes.scan.bind(fixes);
    const failing = vi.spyOn(fixes, 'scan').mockImplementation((...given) => {
      if (++scans === 3) throw new Error('The disk is gone.');
      return scan(...given);
    });
    await expect(
      verdicts.write(1, (append) => judgeInTurn(fixes, verdicts, 1, inputsOf(crimes, 'all'), append, { together: 40_000 })),
    ).rejects.toThrow('The disk is gone.');
    failing.mockRestore();
    expect(readdirSync(join(folder.path, 'failing'))).toEqual([]);
  });
});
