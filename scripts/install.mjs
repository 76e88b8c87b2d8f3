import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The pinned Node that everything runs on, whatever Node started this script. */
export const node = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');

/** Packages by their place, as a lock file has them. */
const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages ?? {};

/**
 * Whether what is installed is what the lock file says, whoever installed it: npm leaves a lock file of its own beside what it installed.
 * @param needsDev whether what only development needs must be there too
 */
export function isInstalled({ needsDev = true, from = root } = {}) {
  const installed = join(from, 'node_modules', '.package-lock.json');
  if (!existsSync(installed) || !existsSync(join(from, 'node_modules', '.bin', 'node'))) return false;
  const there = packagesOf(installed);
  return Object.entries(packagesOf(join(from, 'package-lock.json'))).every(
    ([place, { version, integrity, optional, dev, devOptional }]) => {
      if (place === '') return true;
      const found = there[place];
      // What is for another machine is left out by npm itself.
      if (!found) return Boolean(optional || devOptional || (dev && !needsDev));
      return found.version === version && found.integrity === integrity;
    },
  );
}

/** Installs the locked dependencies when they are missing or the lock file has changed since. */
export function installIfNeeded(needs = {}) {
  if (isInstalled(needs)) return;
  console.error('Installing dependencies (once) …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const done = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: 'inherit' });
  if (done.status !== 0) {
    console.error('npm ci failed; see the messages above. Waymark needs Node 20 or later, npm, and a package registry.');
    process.exit(done.status ?? 1);
  }
}
