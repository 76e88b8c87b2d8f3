import { spawnSync } from 'node:child_process';
import { installIfNeeded, root } from './install.mjs';

/**
 * `npm run check`: everything about the code that needs no test. Each step is an npm script of its own; all are run, and what each took
 * is told. The last two install elsewhere what a stranger would have, and take as long as that takes: `--quick` leaves them out.
 */
installIfNeeded();
const quick = ['types', 'lint', 'rooms', 'order', 'unused', 'tables', 'answers', 'settings', 'migrations'];
const installs = ['packages', 'production'];
const failed = [];
const took = new Map();
for (const step of process.argv.includes('--quick') ? quick : [...quick, ...installs]) {
  const began = performance.now();
  const done = spawnSync('npm', ['run', '--silent', `check:${step}`], { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  took.set(step, (performance.now() - began) / 1000);
  if (done.status !== 0) failed.push(step);
}
const seconds = (steps) => steps.reduce((sum, step) => sum + (took.get(step) ?? 0), 0).toFixed(1);
console.log([...took].map(([step, s]) => `${step} ${s.toFixed(1)} s`).join(', '));
console.log(
  `Checked in ${seconds(quick)} s${took.size > quick.length ? `, and in ${seconds(installs)} s what is installed elsewhere` : ''}.`,
);
if (failed.length > 0) console.log(`Not in order: ${failed.join(', ')}. Each alone: npm run check:${failed[0]}`);
process.exitCode = failed.length > 0 ? 1 : 0;
