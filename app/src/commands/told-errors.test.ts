import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { waymark } from '../../test/command-line.ts';
import { fillFromTemplate } from '../../test/serve-for-test.ts';

const sources = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'waymark-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Caught where they are thrown for; nobody ever reads their words. */
const inner = ['NothingGoes', 'PastLastPageError', 'StampError', 'ToldError'];

test('every error that the application defines is told in its own words, or never leaves where it is thrown', () => {
  const direct = readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .flatMap((path) => [...readFileSync(join(sources, path), 'utf8').matchAll(/class (\w+) extends Error\b/g)].map((found) => found[1]));
  expect(direct.sort()).toEqual(inner);
});

test('a mapping of one’s own that does not fit is told on the command line in words, without a stack', async () => {
  const mapping = join(folder, 'own.yaml');
  const file = join(folder, 'records.csv');
  writeFileSync(mapping, 'format: something else\n');
  writeFileSync(file, 'number,name\n1,Ada\n');
  const args = ['import', 'records', file, '--source', 'Wards', '--mapping', mapping, '--register', '--data', join(folder, 'data')];
  fillFromTemplate(join(folder, 'data'));
  const { code, stderr } = await waymark(...args);
  expect(stderr).toMatch(/^The mapping does not fit its form\./m);
  expect(stderr).not.toContain('    at ');
  expect(code).toBe(1);
});
