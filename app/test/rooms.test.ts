import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { pictureOf } from '../../scripts/shape/draw-picture.ts';
import { doorsOf, orderOf, readSources } from '../../scripts/shape/read-folders.ts';
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

describe('folders', () => {
  test('whoever goes round a door, and a server that knows a feature, are found and refused', () => {
    const put = (path: string, text: string) => {
      mkdirSync(dirname(join(folder.path, 'doors', path)), { recursive: true });
      writeFileSync(join(folder.path, 'doors', path), text);
    };
    put('app/src/supervision/zones/store.ts', 'export const zones = 1;\n');
    put('app/src/supervision/zones/routes.ts', 'export const zoneRoutes = 1;\n');
    put('app/src/supervision/zones/index.ts', "export { zones } from './store.ts';\n");
    put('app/src/supervision/alerts/round.ts', "export { zones } from '../zones/store.ts';\n");
    put('app/src/supervision/alerts/mounts.ts', "export { zoneRoutes } from '../zones/routes.ts';\n");
    put('app/src/supervision/alerts/by-the-door.ts', "export { zones } from '../zones/index.ts';\n");
    put('app/src/web/kit.ts', "export { zones } from '../supervision/zones/index.ts';\n");
    const { status, text } = cruise(join(folder.path, 'doors'), 'app/src');
    expect(status).not.toBe(0);
    expect(text).toMatch(/folders-by-their-door: app\/src\/supervision\/alerts\/round\.ts/);
    expect(text).toMatch(/routes-are-mounted-by-their-half: app\/src\/supervision\/alerts\/mounts\.ts/);
    expect(text).toMatch(/web-knows-no-feature: app\/src\/web\/kit\.ts/);
    expect(text).not.toContain('by-the-door.ts');
  });

  test('they build on each other in one order, without a circle; one is found where it is', () => {
    const files = (imports: Record<string, string[]>) =>
      Object.entries(imports).map(([path, to]) => ({ path, text: '', lines: 1, imports: to }));
    const plain = files({ 'app/src/a/x.ts': ['app/src/b/y.ts'], 'app/src/b/y.ts': ['app/src/c/z.ts'], 'app/src/c/z.ts': [] });
    expect(orderOf(doorsOf(plain))).toEqual({ order: ['app/src/c', 'app/src/b', 'app/src/a'], circles: [] });
    const round = files({ 'app/src/a/x.ts': ['app/src/b/y.ts'], 'app/src/b/y.ts': ['app/src/a/other.ts'], 'app/src/a/other.ts': [] });
    expect(orderOf(doorsOf(round)).circles).toEqual([['app/src/a', 'app/src/b']]);
    const own = readSources(root);
    expect(own.length).toBeGreaterThan(300);
    expect(orderOf(doorsOf(own)).circles).toEqual([]);
  });

  test('the picture of the rooms is drawn from the imports as they are', () => {
    expect(readFileSync(join(root, 'docs/architecture.svg'), 'utf8'), 'run: npm run picture').toBe(pictureOf(root));
  });

  test('every file that the documents name is there', () => {
    const documents = [...readdirSync(join(root, 'docs')).map((name) => join('docs', name)), 'README.md', 'CONTRIBUTING.md'].filter(
      (path) => path.endsWith('.md'),
    );
    const missing: string[] = [];
    let links = 0;
    for (const path of documents) {
      const text = readFileSync(join(root, path), 'utf8');
      for (const [, to = ''] of text.matchAll(/\]\(([^)#\s]+)\)/g)) {
        if (/^[a-z]+:/.test(to)) continue;
        links++;
        if (!existsSync(join(root, dirname(path), to))) missing.push(`${path}: ${to}`);
      }
    }
    expect(missing).toEqual([]);
    expect(links).toBeGreaterThan(30);
  });
});
