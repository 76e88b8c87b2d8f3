import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../../src/config.ts';
import { verifyAudit } from '../../src/platform/audit.ts';
import { openWaymark } from '../../src/waymark.ts';
import { temporaryFolder } from '../serve-for-test.ts';

export interface KillResult {
  kills: number;
  acknowledged: number;
  missing: number;
  doubled: number;
  auditProblems: number;
}

const cli = join(import.meta.dirname, '../../src/cli.ts');
const tags = 20;
const firstAt = Date.UTC(2026, 0, 1);

/**
 * Kills the server with SIGKILL at random moments under load, again and again, and then counts: every fix that was
 * acknowledged must be there once.
 *
 * @param seed decides the moments
 */
export async function killAgainAndAgain(times: number, seed: number, say: (text: string) => void = () => undefined): Promise<KillResult> {
  const folder = temporaryFolder();
  const data = join(folder.path, 'data');
  const acknowledged = new Set<string>();
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
  let next = 0;
  let secret = '';
  try {
    for (let kill = 0; kill < times; kill++) {
      const { child, url } = await startServer(data);
      if (secret === '') secret = await prepare(url, data, folder.path);
      let alive = true;
      const clients = Array.from({ length: 6 }, async () => {
        while (alive) {
          const batch: string[] = [];
          const keys: string[] = [];
          for (let i = 0; i < 50; i++) {
            const n = next++;
            const at = firstAt + 1000 * (1 + Math.floor(n / tags));
            keys.push(`K${n % tags}@${at}`);
            batch.push(`{"tag":"K${n % tags}","at":"${new Date(at).toISOString()}","lat":53.1,"lon":-1.8}`);
          }
          try {
            const response = await fetch(`${url}/ingest/waymark`, {
              method: 'POST',
              headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/x-ndjson' },
              body: batch.join('\n'),
            });
            if (response.status === 200 && ((await response.json()) as { accepted: number }).accepted === 50)
              for (const key of keys) acknowledged.add(key);
          } catch {
            // Killed in the middle: nothing was promised.
          }
        }
      });
      await new Promise((resolve) => setTimeout(resolve, 150 + 1200 * random()));
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
      alive = false;
      await Promise.all(clients);
      say(`killed ${kill + 1} of ${times}, ${acknowledged.size.toLocaleString('en-GB')} acknowledged`);
    }
    return { kills: times, acknowledged: acknowledged.size, ...(await count(data, acknowledged)) };
  } finally {
    folder.remove();
  }
}

async function startServer(data: string): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [cli, 'serve', '--data', data, '--port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, WAYMARK_LOG: 'silent', WAYMARK_DEMO: 'no', NODE_ENV: 'test' },
  });
  let words = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr?.on('data', (chunk) => {
      words += chunk;
      const ready = /is ready at (\S+)/.exec(words)?.[1];
      if (ready) resolve(ready);
    });
    child.once('exit', () => reject(new Error(`The server did not start: ${words}`)));
  });
  return { child, url };
}

/** Tags, wearings and a gateway to send through. */
async function prepare(url: string, data: string, folder: string): Promise<string> {
  const { DataFolder } = await import('../../src/platform/data-folder.ts');
  const token = new DataFolder(data).control()?.token ?? '';
  const control = async (command: string, args: object) => {
    const response = await fetch(`${url}/control/${command}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-waymark-control': token },
      body: JSON.stringify(args),
    });
    const lines = (await response.text()).trim().split('\n');
    return (JSON.parse(lines[lines.length - 1] as string) as { value: { secret: string } }).value;
  };
  const file = join(folder, 'tags.ndjson');
  writeFileSync(
    file,
    Array.from({ length: tags }, (_, i) => `{"tag":"K${i}","at":"${new Date(firstAt).toISOString()}","lat":53.1,"lon":-1.8}\n`).join(''),
  );
  await control('import-fixes', { file, register: true });
  return (await control('credential', { kind: 'gateway', name: 'kill test' })).secret;
}

async function count(data: string, acknowledged: Set<string>): Promise<Pick<KillResult, 'missing' | 'doubled' | 'auditProblems'>> {
  const waymark = await openWaymark(readConfig({ NODE_ENV: 'test', WAYMARK_DATA: data, WAYMARK_DEMO: 'no' }));
  try {
    const names = await waymark.database.executeSql('SELECT id, serial FROM supervision.tags');
    const serial = new Map((names.rows as { id: number; serial: string }[]).map((row) => [row.id, row.serial]));
    const { count: rows, columns } = await waymark.fixes.query('SELECT tag, at_ms FROM fixes', { tag: 'i32', at: 'time' });
    const seen = new Map<string, number>();
    for (let i = 0; i < rows; i++) {
      const key = `${serial.get(columns.tag[i] as number)}@${columns.at[i]}`;
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    let missing = 0;
    for (const key of acknowledged) if (!seen.has(key)) missing++;
    const doubled = [...seen.values()].filter((times) => times > 1).length;
    return { missing, doubled, auditProblems: (await verifyAudit(waymark.database.db)).problems.length };
  } finally {
    await waymark.close();
  }
}
