import { defineConfig } from 'vitest/config';

/** Pages in a real browser: Chromium from the system, or CHROMIUM=path. */
export default defineConfig({
  test: {
    include: ['app/test/browser/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
