import { defineConfig } from 'vitest/config';
import usual from './vitest.config.ts';

/** It measures how fast servers take over, so nothing else may run beside it. */
const alone = 'app/test/cluster/cluster.test.ts';

const group = (name: string, groupOrder: number, include: string[], exclude: string[]) => ({
  ...usual,
  test: { ...usual.test, name, include, exclude: ['**/node_modules/**', ...exclude], sequence: { groupOrder } },
});

/** The short forms of what takes long: every operation of the API, requests that nobody would send, and servers that are killed. */
export default defineConfig({
  test: {
    projects: [
      group(
        'together',
        0,
        [
          'app/test/api/**/*.test.ts',
          'app/test/fuzz/**/*.test.ts',
          'app/test/kill/**/*.test.ts',
          'app/test/backup/backup.test.ts',
          'app/test/cluster/**/*.test.ts',
          'app/test/lake/**/*.test.ts',
        ],
        [alone],
      ),
      group('alone', 1, [alone], []),
    ],
  },
});
