import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { node, root } from '../install.mjs';

/** Those that are used alone, in the order in which they build on each other. */
export const packages = ['engine', 'presence', 'linkage'];

/**
 * Builds a package into its `dist`, with types, licence and what stands in its package.json, and packs it.
 * @param {string} name
 * @param {string} into folder for the packed file
 * @returns {string} the packed file
 */
export function pack(name, into) {
  const folder = join(root, 'packages', name);
  const dist = join(folder, 'dist');
  rmSync(dist, { recursive: true, force: true });
  execFileSync(node, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], { stdio: 'inherit' });
  const { private: _, exports: __, ...manifest } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const exports = { '.': { types: './index.d.ts', default: './index.js' } };
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ ...manifest, exports }, null, 2)}\n`);
  copyFileSync(join(folder, 'README.md'), join(dist, 'README.md'));
  copyFileSync(join(root, 'LICENSE'), join(dist, 'LICENSE'));
  const packed = execFileSync('npm', ['pack', dist, '--pack-destination', into, '--silent'], { encoding: 'utf8' }).trim();
  rmSync(dist, { recursive: true, force: true });
  return join(into, packed.split('\n').at(-1));
}
