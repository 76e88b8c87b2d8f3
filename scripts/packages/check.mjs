import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installIfNeeded, root } from '../install.mjs';
import { pack, packages } from './pack.mjs';

/**
 * `npm run check:packages`: packs each package, installs it where nothing else of ours is, and runs the first example of its README on
 * Node 22 and 24. What is not declared is not there.
 */
installIfNeeded();
const versions = ['22', '24'];
/** As somebody has it who knows nothing of this project: without the settings that npm hands down. */
const elsewhere = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
const folder = mkdtempSync(join(tmpdir(), 'waymark-packages-'));
const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--prefix'];
try {
  const packed = packages.map((name) => pack(name, folder));
  for (const version of versions) {
    const place = join(folder, `node-${version}`);
    mkdirSync(place);
    writeFileSync(join(place, 'package.json'), '{ "private": true, "type": "module", "allowScripts": { "node": true } }\n');
    execFileSync('npm', ['install', ...quiet, place, `node@${version}`, ...packed], { stdio: 'inherit', cwd: place, env: elsewhere });
    const node = join(place, 'node_modules/.bin/node');
    for (const name of packages) {
      const example = /```js\n([\s\S]*?)```/.exec(readFileSync(join(root, 'packages', name, 'README.md'), 'utf8'))?.[1];
      if (!example) throw new Error(`packages/${name}/README.md has no example.`);
      const file = join(place, `${name}.js`);
      writeFileSync(file, example);
      const said = execFileSync(node, [file], { encoding: 'utf8', cwd: place }).trim();
      if (said === '') throw new Error(`The example of ${name} says nothing.`);
      console.log(`${name} on Node ${execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()}: ${said.split('\n')[0]}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
