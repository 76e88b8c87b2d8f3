import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { Visitor } from '../app/test/serve-for-test.ts';
import { node, root } from './install.mjs';

/**
 * `npm run same-bytes -- OTHER`: whether this tree and another give the same bytes, for moves that are to change nothing. A fictional
 * town is imported once, by the other tree; each then works on a copy of that data folder. Compared are verdict digests, a run worked
 * out again, what programs read, exports of reviewed verdicts, an evidence pack as page and as data and worked out again, the pages of
 * each role but for what changes with every answer, the description of the API, addresses with their guards, and the words of the
 * command line.
 */
const [given] = process.argv.slice(2);
if (!given || given.startsWith('-') || !existsSync(join(resolve(given), 'app/src/cli.ts'))) {
  console.error('Name the folder of the other tree, with its dependencies installed: npm run same-bytes -- ../other');
  process.exit(2);
}
const other = resolve(given);
/** Pages that are compared, by who sees them. Those about the record of looks differ with every look. */
const pages = {
  'mo-1': ['/caseload', '/alerts', '/subjects', '/subjects/1', '/subjects/1/zones', '/door', '/tags', '/tags/1', '/zones', '/quarantine'],
  'ca-1': ['/crimes', '/crimes/1', '/crimes/1/wearers/1', '/imports', '/runs', '/evidence/1', '/crimes/1/export?format=csv'],
  'ad-1': ['/credentials', '/delivery'],
  'sl-1': ['/day', '/finding', '/people', '/allocation', '/services', '/challenges', '/decisions', '/instrument'],
  'ds-1': ['/sources', '/review'],
  'fa-1': ['/fairness'],
  'au-1': ['/worth', '/retention'],
};
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

/** A tree's server on a data folder. */
async function served(tree, data) {
  const child = spawn(node, [join(tree, 'app/src/cli.ts'), 'serve', '--data', data, '--port', '0'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const url = await new Promise((done, failed) => {
    let words = '';
    child.stderr.on('data', (chunk) => {
      words += chunk;
      const at = /is ready at (\S+)/.exec(words)?.[1];
      if (at) done(at);
    });
    child.once('exit', () => failed(new Error(words)));
  });
  const stop = async () => {
    child.kill('SIGTERM');
    await new Promise((done) => child.once('exit', done));
  };
  return { url, stop };
}

/** A page without what is another with every answer or every build: tokens of forms, where style sheets and scripts are. */
function lastingPart(html) {
  return html
    .replace(/name="_csrf" value="[^"]*"/g, 'name="_csrf"')
    .replace(/<script[^>]*src="\/assets\/[^"]*"[^>]*><\/script>/g, '')
    .replace(/(src|href)="\/assets\/[^"]*"/g, '$1')
    .replace(/\b\d+ s(econds?)? ago/g, 'ago');
}

/** A verdict reviewed and a pack made of it, by a person of the trial. */
async function reviewAndPack(url) {
  const analyst = new Visitor(url);
  await analyst.signIn('ca-1');
  const post = async (path, body) => {
    const form = new URLSearchParams({ ...body, _csrf: await analyst.csrf('/crimes/1/wearers/1') });
    const answer = await analyst.request(path, { method: 'POST', body: form });
    if (answer.status !== 302 && answer.status !== 303) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  await post('/crimes/1/wearers/1/reviews', { decision: 'agree', reason: 'I looked at every fix.' });
  await post('/crimes/1/wearers/1/evidence', {});
}

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
  const { url, stop } = await served(tree, data);
  try {
    const authorization = `Bearer ${token}`;
    for (const path of ['/api/verdicts', '/api/crimes', '/api/crimes/1', '/api/crimes/2', '/api/crimes/1/wearers/1'])
      found.set(path, await (await fetch(`${url}${path}`, { headers: { authorization } })).text());
    const { info, ...api } = await (await fetch(`${url}/api/docs/json`)).json();
    const sorted = Object.fromEntries(Object.entries(api.paths).sort(([a], [b]) => (a < b ? -1 : 1)));
    for (const [path, own] of Object.entries(sorted)) found.set(`OpenAPI ${path}`, JSON.stringify(own));
    found.set('OpenAPI, the rest', JSON.stringify({ ...api, paths: undefined }));
    for (const [account, paths] of Object.entries(pages)) {
      const visitor = new Visitor(url);
      await visitor.signIn(account);
      for (const path of paths) found.set(`${account} ${path}`, lastingPart(await (await visitor.follow(path)).text()));
    }
    const analyst = new Visitor(url);
    await analyst.signIn('ca-1');
    for (const format of ['html', 'json']) {
      const pack = await (await analyst.follow(`/evidence/1/file?format=${format}`)).text();
      found.set(`evidence pack, ${format}`, pack);
      writeFileSync(join(data, `../pack-${sha(data)}.${format}`), pack);
    }
  } finally {
    await stop();
  }
  for (const format of ['html', 'json']) {
    const file = join(data, `../pack-${sha(data)}.${format}`);
    found.set(`evidence rerun, ${format}`, cli(tree, 'evidence', 'rerun', file, '--data', data, '--json').replaceAll(file, 'FILE'));
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
  const first = await served(other, data);
  await reviewAndPack(first.url).finally(first.stop);
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
