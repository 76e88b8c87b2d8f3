import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { node, root } from './install.mjs';

/**
 * `npm run same-bytes -- OTHER`: whether this tree and another give the same bytes, for moves that are to change nothing. A fictional
 * town is imported once, by the other tree; each then works on a copy of that data folder. Compared are verdict digests, a run worked
 * out again, what programs read, exports of reviewed verdicts, the description of the API, addresses with their guards, and the
 * words of the command line.
 */
const [given = ''] = process.argv.slice(2);
const other = resolve(given);
const folder = mkdtempSync(join(tmpdir(), 'waymark-same-'));
const env = {
  ...process.env,
  NODE_ENV: 'test',
  WAYMARK_DEMO: 'no',
  WAYMARK_LOG: 'silent',
  WAYMARK_MQTT_PORT: '0',
  WAYMARK_RATE_LIMIT: '100000',
};
const sha = (text) => createHash('sha256').update(text).digest('hex').slice(0, 16);
const cli = (tree, ...args) =>
  execFileSync(node, [join(tree, 'app/src/cli.ts'), ...args], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

/** What a tree gives of a copy of the data folder, by name. */
async function bytesOf(tree, data, token) {
  const found = new Map();
  for (const args of [
    ['--help'],
    ['import', 'fixes', '--help'],
    ['import', 'records', '--help'],
    ['verdicts', '--help'],
    ['link', '--help'],
  ])
    found.set(`waymark ${args.join(' ')}`, cli(tree, ...args));
  found.set('verdicts rerun 1', cli(tree, 'verdicts', '--data', data, '--json', 'rerun', '1').replace(/"tookMs":\d+/g, ''));
  found.set('verdicts', cli(tree, 'verdicts', '--data', data, '--json'));
  const child = spawn(node, [join(tree, 'app/src/cli.ts'), 'serve', '--data', data, '--port', '0'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    const url = await new Promise((done, failed) => {
      let words = '';
      child.stderr.on('data', (chunk) => {
        words += chunk;
        const at = /is ready at (\S+)/.exec(words)?.[1];
        if (at) done(at);
      });
      child.once('exit', () => failed(new Error(words)));
    });
    const authorization = `Bearer ${token}`;
    for (const path of ['/api/verdicts', '/api/crimes', '/api/crimes/1', '/api/crimes/2', '/api/crimes/1/wearers/1'])
      found.set(path, await (await fetch(`${url}${path}`, { headers: { authorization } })).text());
    const { info, ...api } = await (await fetch(`${url}/api/docs/json`)).json();
    const sorted = Object.fromEntries(Object.entries(api.paths).sort(([a], [b]) => (a < b ? -1 : 1)));
    for (const [path, own] of Object.entries(sorted)) found.set(`OpenAPI ${path}`, JSON.stringify(own));
    found.set('OpenAPI, the rest', JSON.stringify({ ...api, paths: undefined }));
  } finally {
    child.kill('SIGTERM');
    await new Promise((done) => child.once('exit', done));
  }
  const files = readdirSync(join(data, 'verdicts'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const { parentPath, name } of files) {
    const path = join(parentPath, name);
    found.set(`file ${relative(data, path)}`, readFileSync(path));
  }
  return found;
}

try {
  const data = join(folder, 'data');
  cli(other, 'town', '--wearers', '12', '--days', '7', '--crimes', '20', '--out', join(folder, 'town'));
  const town = readdirSync(join(folder, 'town'));
  const fixes = town.find((name) => /fixes|ndjson/.test(name));
  const crimes = town.find((name) => /crimes/.test(name));
  cli(other, 'import', 'fixes', join(folder, 'town', fixes), '--register', '--data', data);
  cli(other, 'import', 'crimes', join(folder, 'town', crimes), '--data', data);
  cli(other, 'verdicts', '--data', data);
  const token = cli(other, 'credential', 'token', 'same bytes', '--role', 'crime-analyst', '--data', data).trim();
  const [before, after] = await Promise.all(
    [other, root].map((tree, i) => {
      const own = join(folder, `copy-${i}`);
      cpSync(data, own, { recursive: true });
      return bytesOf(tree, own, token);
    }),
  );
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  const differ = names.filter((name) => !before.has(name) || !after.has(name) || sha(before.get(name)) !== sha(after.get(name)));
  for (const name of names)
    console.log(
      `${differ.includes(name) ? 'DIFFERS' : 'same   '} ${name} ${after.has(name) ? `${sha(after.get(name))} ${after.get(name).length} bytes` : 'is gone'}`,
    );
  console.log(`${names.length - differ.length} of ${names.length} the same.`);
  process.exitCode = differ.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
