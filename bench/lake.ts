import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FixStore } from '../app/src/platform/fixes/fix-store.ts';
import { startPostgres } from '../app/test/postgres.ts';
import { minutesADay, wearers } from './country.ts';
import { type Report, say } from './report.ts';

/** So many wearers' days are asked for. */
const questions = 100;
const dayMs = 86_400_000;

/** The p-th of some numbers. */
const quantile = (all: number[], p: number): number =>
  [...all].sort((a, b) => a - b)[Math.min(all.length - 1, Math.floor(p * all.length))] ?? 0;

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/**
 * A country's fixes brought into a lake: written, held against each other row by row, let go of here but for the last day, asked for there,
 * and one person's erased. `--size` is how many fixes there are to be, about.
 */
export async function benchLake(options: { seed: number; size?: number }): Promise<Report> {
  const days = Math.max(2, Math.round((options.size ?? 57_600_000) / (wearers * minutesADay)));
  const postgres = await startPostgres({}, { empty: true });
  if (!postgres) throw new Error('PostgreSQL is not installed here, which a lake’s catalogue needs.');
  const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-'));
  try {
    const path = join(folder, 'fixes.duckdb');
    const startMs = Math.floor(Date.now() / dayMs) * dayMs - days * dayMs;
    const endMs = startMs + days * dayMs;
    const script = join(import.meta.dirname, 'fill-country.ts');
    const filled = spawnSync(process.execPath, [script, path, ...[days, startMs, wearers, minutesADay].map(String)], { stdio: 'inherit' });
    if (filled.status !== 0) throw new Error('The fixes could not be stored; what went wrong stands above.');
    const ownBytes = statSync(path).size;
    const place = {
      catalogue: postgres.url,
      files: join(folder, 'lake'),
      s3: null,
      extensions: process.env.WAYMARK_LAKE_EXTENSIONS ?? null,
      ownDays: 1,
    };
    const store = await FixStore.open(path, 1536, null, { place, refusal: (words) => new Error(words) });
    const count = await store.count();
    say('lake: writing');
    const sealedS = await seconds(() => store.seal(({ receipt }, last) => say(`lake: ${receipt} of ${last} receipts written`)));
    const tidiedS = await seconds(() => store.tendLake(0));
    const { bytes, files } = await store.extentOfLake();
    say('lake: comparing');
    let check = { compared: 0, missing: -1, extra: -1 };
    const comparedS = await seconds(async () => {
      check = await store.checkLake();
    });
    const ask = async (from: number) => {
      const took: number[] = [];
      let found = 0;
      for (let i = 0; i < questions; i++)
        took.push(
          1000 *
            (await seconds(async () => {
              found += (await store.track(1 + ((i * 7919) % wearers), from, from + dayMs - 1)).count;
            })),
        );
      if (found !== questions * minutesADay) throw new Error(`${found} fixes in ${questions} wearers’ days: something is missing.`);
      return took;
    };
    const before = await ask(startMs);
    say('lake: letting go');
    let left = 0;
    const leftS = await seconds(async () => {
      left = await store.moveOut(endMs);
    });
    const [there, here] = [await ask(startMs), await ask(endMs - dayMs)];
    const erasing = {
      ordered: await seconds(() => store.forgetWearings([77])),
      followed: await seconds(() => store.seal()),
      gone: await seconds(() => store.tendLake(0)),
    };
    if ((await store.count()) !== count - days * minutesADay) throw new Error('What was erased is counted still.');
    await store.close();
    const ms = (all: number[]) => ({ 'p50 ms': quantile(all, 0.5).toFixed(0), 'p95 ms': quantile(all, 0.95).toFixed(0) });
    return {
      bench: `lake (${count.toLocaleString('en-GB')} fixes of ${wearers.toLocaleString('en-GB')} wearers over ${days} days, in ${files} files)`,
      table: [
        { what: 'written', s: sealedS.toFixed(1), 'fixes/s': Math.round(count / sealedS).toLocaleString('en-GB') },
        { what: 'put in order', s: tidiedS.toFixed(1) },
        {
          what: 'held against each other, row by row',
          s: comparedS.toFixed(1),
          'fixes/s': Math.round(check.compared / comparedS).toLocaleString('en-GB'),
        },
        { what: `let go of here: ${left.toLocaleString('en-GB')} fixes`, s: leftS.toFixed(1) },
        { what: 'a wearer’s day, all in the own file', ...ms(before) },
        { what: 'a wearer’s day, in the lake', ...ms(there) },
        { what: 'a wearer’s day, the last, in the own file', ...ms(here) },
        { what: 'one person’s erasure: gone from every answer', s: erasing.ordered.toFixed(1) },
        { what: '… the lake follows', s: erasing.followed.toFixed(1) },
        { what: '… and its files are written anew', s: erasing.gone.toFixed(1) },
        { what: 'peak MB', s: Math.round(process.resourceUsage().maxRSS / 1024) },
      ],
      notes: [`In the own file a fix takes ${(ownBytes / count).toFixed(1)} bytes.`],
      bars: [
        { name: 'bytes on disk per fix in the lake', figure: bytes / count, limit: 16, sense: 'most', unit: 'bytes' },
        { name: 'rows missing or too many after adoption', figure: check.missing + check.extra, limit: 0, sense: 'most', unit: 'rows' },
        { name: 'a wearer’s day from the lake, p95', figure: quantile(there, 0.95), limit: 300, sense: 'most', unit: 'ms' },
      ],
    };
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
