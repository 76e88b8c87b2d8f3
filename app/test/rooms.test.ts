import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from './serve-for-test.ts';

const root = join(import.meta.dirname, '../..');
const folder = temporaryFolder();
afterAll(() => folder.remove());

/** Runs the rules about who may import whom over a tree. */
function cruise(tree: string, ...paths: string[]): { status: number | null; text: string } {
  const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, '--config', join(root, '.dependency-cruiser.cjs'), ...paths], {
    cwd: tree,
    encoding: 'utf8',
  });
  return { status, text: stdout + stderr };
}

describe('the wall between supervision and support', () => {
  test('an import from one half into the other is found and refused', () => {
    const put = (path: string, text: string) => {
      mkdirSync(dirname(join(folder.path, path)), { recursive: true });
      writeFileSync(join(folder.path, path), text);
    };
    put('app/src/support/people.ts', 'export const people = 1;\n');
    put('app/src/supervision/subjects.ts', "import { people } from '../support/people.ts';\nexport const subjects = people;\n");
    put('app/src/support/peep.ts', "import { verdicts } from '../supervision/verdicts.ts';\nexport const peep = verdicts;\n");
    put('app/src/supervision/verdicts.ts', 'export const verdicts = 1;\n');
    const { status, text } = cruise(folder.path, 'app/src');
    expect(status).not.toBe(0);
    expect(text).toContain('wall-supervision-support');
    expect(text).toContain('wall-support-supervision');
  });

  test('there is none', () => {
    const { status, text } = cruise(root, 'app/src');
    expect(text).toContain('no dependency violations found');
    expect(status).toBe(0);
  });
});
