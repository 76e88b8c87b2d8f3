import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './install.mjs';

/**
 * `npm run check:production`: what is installed without what only development needs runs. A copy of this tree is installed with
 * `npm ci --omit=dev`; `waymark --help` speaks, and a server answers with a page, its style sheet and the description of its API.
 */
const folder = mkdtempSync(join(tmpdir(), 'waymark-production-'));
try {
  const tree = join(folder, 'tree');
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: root, encoding: 'utf8' });
  for (const file of listed.split('\0').filter(Boolean)) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    cpSync(join(root, file), join(tree, file));
  }
  execFileSync('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: tree, stdio: 'inherit' });
  const program = join(tree, 'app/bin/waymark.js');
  const help = execFileSync(process.execPath, [program, '--help'], { encoding: 'utf8' });
  if (!help.includes('verdicts')) throw new Error(`waymark --help says ${help}`);
  const env = { ...process.env, NODE_ENV: 'test', WAYMARK_DEMO: 'no', WAYMARK_LOG: 'silent', WAYMARK_MQTT_PORT: '0' };
  const server = spawn(process.execPath, [program, 'serve', '--port', '0', '--data', join(folder, 'data')], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exit = once(server, 'exit');
  try {
    const url = await addressOf(server);
    const page = await (await fetch(`${url}/sign-in`)).text();
    const style = /href="(\/assets\/waymark-[^"]+)"/.exec(page)?.[1];
    for (const path of ['/livez', style, '/api/docs/json']) {
      const { status } = await fetch(`${url}${path}`);
      if (status !== 200) throw new Error(`${path} answers ${status}`);
    }
  } finally {
    server.kill('SIGTERM');
    await exit;
  }
  console.log('Installed without what only development needs, waymark speaks and its server answers.');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function addressOf(server) {
  return new Promise((resolve, reject) => {
    let words = '';
    server.stderr.on('data', (chunk) => {
      words += chunk;
      const at = /is ready at (\S+)/.exec(words)?.[1];
      if (at) resolve(at);
    });
    server.once('exit', () => reject(new Error(`The server ended: ${words}`)));
  });
}
