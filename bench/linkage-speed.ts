import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '@waymark/engine';
import { agencyRecords } from '@waymark/town';
import { type Report, say } from './report.ts';

/** The records as a Parquet file that both read. */
async function writeRecords(path: string, seed: number, wanted: number): Promise<number> {
  const engine = await Engine.open(':memory:', { memoryMb: 2048 });
  const db = await engine.connect();
  const columns = [
    'record',
    'source',
    'person',
    'forename',
    'surname',
    'date_of_birth',
    'sex',
    'address',
    'postcode',
    'phone',
    'email',
    'nhs_number',
    'upn',
  ] as const;
  await db.run(`CREATE TABLE records (${columns.map((column) => `${column} VARCHAR`).join(', ')})`);
  const shape = Object.fromEntries(columns.map((column) => [column, 'text' as const]));
  let rows: Record<string, (string | null)[]> = Object.fromEntries(columns.map((column) => [column, []]));
  let count = 0;
  const flush = async () => {
    await db.append('records', shape, rows, rows.record?.length ?? 0);
    rows = Object.fromEntries(columns.map((column) => [column, []]));
  };
  for (const record of agencyRecords({ seed, people: wanted })) {
    for (const column of columns) rows[column]?.push(record[column]);
    count++;
    if (count % 50_000 === 0) {
      await flush();
      say(`writing records: ${count} of ${wanted}`);
    }
    if (count >= wanted) break;
  }
  await flush();
  await db.run(`COPY records TO '${path}' (FORMAT parquet)`);
  db.close();
  engine.close();
  return count;
}

interface Timed {
  training: number;
  scoring: number;
  clustering: number;
  memoryMb: number;
  /** Pairs at or above −10 bits, and clusters. */
  kept: number;
  clusters: number;
}

interface Ours extends Timed {
  reading: number;
  pairs: number;
  incremental: { p50: number; p95: number; adding: { p50: number; p95: number } };
}

/**
 * A large population linked here and by Splink on DuckDB, one after the other, each in a process of its own; and how long one
 * new record takes against all of them.
 */
export async function benchLinkageSpeed({ seed, size = 1_000_000 }: { seed: number; size?: number }): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-'));
  try {
    const path = join(folder, 'records.parquet');
    const records = await writeRecords(path, seed, size);
    const ours = await runJson<Ours>(process.execPath, [join(import.meta.dirname, 'linkage-worker.ts'), path]);
    const python = findPython();
    say(python ? 'Splink is linking the same records' : 'Splink is not installed here');
    const theirs = python ? await runJson<Timed>(python, [join(import.meta.dirname, 'linkage-peer.py'), path, '8192']) : null;
    const total = ({ training, scoring, clustering }: Timed) => training + scoring + clustering;
    const row = (what: string, timed: Timed) => ({
      what,
      training: Number(timed.training.toFixed(1)),
      scoring: Number(timed.scoring.toFixed(1)),
      clustering: Number(timed.clustering.toFixed(1)),
      'in all, s': Number(total(timed).toFixed(1)),
      'pairs/s': Math.round(ours.pairs / total(timed)),
      kept: timed.kept,
      clusters: timed.clusters,
      'peak MB': Math.round(timed.memoryMb),
    });
    return {
      bench: `linkage-speed (${records.toLocaleString('en-GB')} records, ${ours.pairs.toLocaleString('en-GB')} candidate pairs)`,
      table: [row('Waymark', ours), ...(theirs ? [row('Splink on DuckDB', theirs)] : [])],
      notes: [
        `Reading and standardising the file here: ${ours.reading.toFixed(1)} s, not in the table; Splink's loading of it is not either, and it standardises nothing.`,
        `One new record against all: p50 ${ours.incremental.p50.toFixed(2)} ms, p95 ${ours.incremental.p95.toFixed(2)} ms to score; p50 ${ours.incremental.adding.p50.toFixed(2)} ms, p95 ${ours.incremental.adding.p95.toFixed(2)} ms to add and settle.`,
        ...(theirs
          ? [
              'Same blocking rules; comparisons alike in kind and number of levels. Pairs per second: candidate pairs over training, scoring and clustering together.',
            ]
          : ['The peer was skipped: no Python with Splink was found. Name one with WAYMARK_PYTHON.']),
      ],
      bars: [
        ...(theirs
          ? [
              {
                name: "times Splink's pairs per second, end to end",
                figure: total(theirs) / total(ours),
                limit: 3,
                sense: 'least' as const,
                unit: 'x',
              },
              {
                name: "peak memory, share of Splink's",
                figure: ours.memoryMb / theirs.memoryMb,
                limit: 1,
                sense: 'most' as const,
                unit: '',
              },
            ]
          : []),
        { name: 'one new record, p95', figure: ours.incremental.p95, limit: 50, sense: 'most', unit: 'ms' },
        { name: 'one new record added and settled, p95', figure: ours.incremental.adding.p95, limit: 50, sense: 'most', unit: 'ms' },
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function findPython(): string | null {
  const found = [process.env.WAYMARK_PYTHON, 'python3', 'python'].find(
    (python) => python && spawnSync(python, ['-c', 'import splink, duckdb'], { stdio: 'ignore' }).status === 0,
  );
  return found ?? null;
}

/** Runs a program that prints one line of JSON; its progress goes to stderr. */
function runJson<T>(program: string, args: string[]): Promise<T> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (data: Buffer) => {
      text += data.toString();
    });
    child.on('error', reject);
    child.on('close', (status) => {
      const line = text.trim().split('\n').at(-1) ?? '';
      if (status === 0 && line.startsWith('{')) resolve(JSON.parse(line) as T);
      else reject(new Error(`${program} ${args[0]} ended with ${status}; what went wrong stands above.`));
    });
  });
}
