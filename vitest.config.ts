import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { spaceInMemory } from './app/test/temporary-space.ts';

// Commands and threads that tests run begin sooner; this outlives a run.
const compiled = join(tmpdir(), 'waymark-compile-cache');
process.env.TMPDIR = spaceInMemory() ?? tmpdir();

/** What `npm test` runs. The API, fuzz and kills have their short forms beside it: `vitest.short-forms.config.ts`. */
export default defineConfig({
  test: {
    include: ['app/**/*.test.ts', 'packages/**/*.test.ts'],
    exclude: [
      '**/node_modules/**',
      'app/test/browser/**',
      'app/test/api/**',
      'app/test/fuzz/**',
      'app/test/kill/**',
      'app/test/cluster/**',
      'app/test/lake/**',
      'app/test/backup/backup.test.ts',
    ],
    globalSetup: 'app/test/migrated-template.ts',
    env: { NODE_COMPILE_CACHE: compiled, TMPDIR: process.env.TMPDIR },
    pool: 'forks',
    isolate: false,
    // One more than the cores that there are at least: some tests wait for a broker or a browser's moment.
    maxWorkers: 3,
    // No test is bound to a clock: these end what hangs.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
