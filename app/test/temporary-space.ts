import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

const memory = '/dev/shm';
const ours = 'waymark-tests-';
const neededBytes = 6 * 2 ** 30;

/**
 * Where tests keep their folders: in memory where Linux offers room there, since a test's stores are some 1,500 small files each;
 * otherwise the system's own temporary folder. What an earlier run left behind when it was killed is removed.
 * @returns the folder for this run, or null for the system's own
 */
export function spaceInMemory(): string | null {
  if (!existsSync(memory)) return null;
  for (const name of readdirSync(memory).filter((entry) => entry.startsWith(ours))) {
    if (!isAlive(Number(name.slice(ours.length)))) rmSync(join(memory, name), { recursive: true, force: true });
  }
  const { bavail, bsize } = statfsSync(memory);
  if (bavail * bsize < neededBytes) return null;
  const folder = join(memory, `${ours}${process.pid}`);
  try {
    mkdirSync(folder, { recursive: true });
  } catch {
    return null;
  }
  // PostgreSQL runs as a user of its own where the tests run as root.
  chmodSync(folder, 0o711);
  return folder;
}

/** Whether a folder is one that `spaceInMemory` made. */
export const isSpaceInMemory = (folder: string): boolean => folder === join(memory, `${ours}${process.pid}`);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
