import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWaymark } from '../../src/waymark.ts';
import { configOf, count, firstAt, prepare, startServer, tags } from './kill-test.ts';

export interface FullDiskResult {
  acknowledged: number;
  /** Answers to what could not be stored. */
  refusals: { status: number; text: string }[];
  /** Of readiness while there was no room. */
  ready: number;
  missing: number;
  doubled: number;
  receiptsTwice: number;
  auditProblems: number;
}

/** A place that is soon full. */
interface SmallDisk {
  data: string;
  /** How the server is started there. */
  run: string[];
  /** How it is started once there is room. */
  later: string[];
  makeRoom(): void;
  remove(): void;
}

const refusedTimes = 3;
const perBatch = 2000;

/**
 * Fills a small disk under load until the server refuses, kills it there, makes room, and goes on: what was acknowledged is there
 * once, what was refused is not, and no receipt is given twice.
 */
export async function fillTheDisk(disk: SmallDisk): Promise<FullDiskResult> {
  const acknowledged = new Set<string>();
  const receipts: number[] = [];
  const refusals: FullDiskResult['refusals'] = [];
  let next = 0;
  try {
    const secret = await prepare(disk.data);
    const send = async (url: string) => {
      const batch: string[] = [];
      const keys: string[] = [];
      for (let i = 0; i < perBatch; i++) {
        const n = next++;
        const at = firstAt + 1000 * (1 + Math.floor(n / tags));
        keys.push(`K${n % tags}@${at}`);
        const [lat, lon] = [53.1 + ((n * 7919) % 10_007) * 1e-9, -1.8 - ((n * 104_729) % 10_007) * 1e-9];
        batch.push(`{"tag":"K${n % tags}","at":"${new Date(at).toISOString()}","lat":${lat},"lon":${lon},"accuracy":8}`);
      }
      const response = await fetch(`${url}/ingest/waymark`, {
        method: 'POST',
        headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/x-ndjson' },
        body: batch.join('\n'),
      });
      const text = await response.text();
      if (response.status !== 200) return refusals.push({ status: response.status, text });
      receipts.push((JSON.parse(text) as { receipt: number }).receipt);
      for (const key of keys) acknowledged.add(key);
    };
    const killed = async (child: Awaited<ReturnType<typeof startServer>>['child']) => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    };
    const full = await startServer(disk.data, disk.run);
    while (refusals.length < refusedTimes) await send(full.url);
    const { status: ready } = await fetch(`${full.url}/readyz`);
    await killed(full.child);
    disk.makeRoom();
    const roomy = await startServer(disk.data, disk.later);
    for (let i = 0; i < refusedTimes; i++) await send(roomy.url);
    await killed(roomy.child);
    const counted = await count(disk.data, acknowledged);
    const waymark = await openWaymark(configOf(disk.data));
    const { columns, count: rows } = await waymark.fixes.query('SELECT receipt FROM receipts', { receipt: 'time' });
    await waymark.close();
    const { missing, doubled, auditProblems } = counted;
    const receiptsTwice = receipts.length - new Set(receipts).size + rows - new Set(columns.receipt.subarray(0, rows)).size;
    return { acknowledged: acknowledged.size, refusals, ready, missing, doubled, receiptsTwice, auditProblems };
  } finally {
    disk.remove();
  }
}

/** As a small disk looks to a program: no file of its own grows beyond so many kilobytes. Every machine can do this. */
export function limitedFiles(kilobytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-full-'));
  return {
    data: join(folder, 'data'),
    run: ['bash', '-c', `trap '' XFSZ; ulimit -f ${kilobytes}; exec "$0" "$@"`, process.execPath],
    later: [process.execPath],
    makeRoom: () => undefined,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A disk in memory of so many megabytes, part of which is taken until room is made; null where this machine allows no mounting. */
export function smallDisk(megabytes: number, ballastMb: number): SmallDisk | null {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-full-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    rmSync(folder, { recursive: true });
    return null;
  }
  const ballast = join(folder, 'ballast');
  writeFileSync(ballast, Buffer.alloc(ballastMb * 1024 * 1024));
  return {
    data: join(folder, 'data'),
    run: [process.execPath],
    later: [process.execPath],
    makeRoom: () => rmSync(ballast),
    remove: () => {
      execFileSync('umount', [folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
