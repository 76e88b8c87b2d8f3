import { defineConfig } from 'vitest/config';

/** Pages in a real browser: Chromium from the system, or CHROMIUM=path. */
export default defineConfig({
  test: {
    include: ['app/test/browser/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    // No test is bound to a clock: these end what hangs.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
