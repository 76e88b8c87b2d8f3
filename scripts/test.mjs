import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installIfNeeded } from './install.mjs';
import { nodeExit } from './run.mjs';

/** `npm test`: the whole suite, and after it which safeguards its tests hold. `npm test -- ARGS…` runs a part, without the latter. */
installIfNeeded();
const args = process.argv.slice(2);
const vitest = ['node_modules/vitest/vitest.mjs', 'run', ...args];
const folder = mkdtempSync(join(tmpdir(), 'waymark-results-'));
const results = join(folder, 'results.json');
try {
  const isWhole = args.length === 0;
  process.exitCode = await nodeExit(
    isWhole ? [...vitest, '--reporter=default', '--reporter=json', `--outputFile.json=${results}`] : vitest,
  );
  if (isWhole && process.exitCode === 0)
    process.exitCode = await nodeExit(['app/test/safeguards/check-safeguards.ts', '--brief', '--results', results]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
