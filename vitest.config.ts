import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['app/**/*.test.ts', 'packages/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'app/test/browser/**'],
    globalSetup: 'app/test/migrated-template.ts',
    // Commands that tests run begin sooner.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'waymark-compile-cache') },
    pool: 'forks',
    maxWorkers: 2,
    // No test is bound to a clock: these end what hangs.
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});
