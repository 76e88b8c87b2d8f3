import { defineConfig } from 'vitest/config';
import usual from './vitest.config.ts';

/** The short forms of what takes long: every operation of the API, requests that nobody would send, and servers that are killed. */
export default defineConfig({
  ...usual,
  test: {
    ...usual.test,
    include: [
      'app/test/api/**/*.test.ts',
      'app/test/fuzz/**/*.test.ts',
      'app/test/kill/**/*.test.ts',
      'app/test/backup/backup.test.ts',
      'app/test/cluster/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**'],
  },
});
