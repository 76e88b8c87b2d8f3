import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waymark } from '../../test/command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'waymark-test-'));
const file = (name: string) => join(folder, name);

describe('waymark link', () => {
  let linked: Awaited<ReturnType<typeof waymark>>;
  beforeAll(async () => {
    expect((await waymark('people', '--people', '400', '--out', file('people.csv'))).code).toBe(0);
    linked = await waymark(
      'link',
      file('people.csv'),
      '--truth',
      'person',
      '--out',
      file('persons.csv'),
      '--save-model',
      file('model.json'),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('guesses a model, prints clusters, and compares with the truth', async () => {
    const { code, stdout, stderr } = linked;
    expect(stderr).toMatch(/record as id.*forename as forename/);
    expect(code).toBe(0);
    const lines = stdout.trim().split('\n');
    const told = JSON.parse(lines.at(-1) as string);
    expect(told.pairs.f1).toBeGreaterThan(0.9);
    expect(told.best.f1).toBeGreaterThanOrEqual(told.pairs.f1);
    expect(lines.length).toBeGreaterThan(100);
    const persons = readFileSync(file('persons.csv'), 'utf8').trim().split('\n');
    expect(persons[0]).toBe('person,id');
    expect(persons.length).toBe(readFileSync(file('people.csv'), 'utf8').trim().split('\n').length);
  });

  test('uses a saved model again, and prints JSON', async () => {
    const { code, stdout } = await waymark(
      'link',
      file('people.csv'),
      '--model',
      file('model.json'),
      '--id',
      'record',
      '--truth',
      'person',
      '--threshold',
      '4',
      '--json',
    );
    expect(code).toBe(0);
    const result = JSON.parse(stdout);
    expect(result.model.thresholds.linkBits).toBe(4);
    expect(result.training).toBeNull();
    expect(result.pairs.precision).toBeGreaterThan(0.9);
    expect(result.clusters.flat()).toContainEqual({ id: expect.any(String), source: '' });
  });

  test.each([
    ['a file that is not there', ['nowhere.csv'], /nowhere.csv cannot be read/],
    ['a header alone', ['empty.csv'], /there are no records/],
    ['a broken model', ['people.csv', '--model', 'broken.json'], /broken.json cannot be read as JSON/],
    ['a model that does not fit', ['people.csv', '--model', 'other.json'], /no usable linkage model/],
    ['an id that stands twice', ['people.csv', '--id', 'person'], /stands twice/],
    ['an unknown column', ['people.csv', '--truth', 'nobody'], /no column "nobody"; it has record/],
    ['a threshold that is no number', ['people.csv', '--threshold', 'high'], /Give a number/],
  ])('%s gets a clear message and exit code 1', async (_, args, message) => {
    writeFileSync(file('empty.csv'), 'id,name\n');
    writeFileSync(file('broken.json'), '{');
    writeFileSync(file('other.json'), '{"format":"waymark-linkage-1"}');
    const { code, stderr } = await waymark('link', ...args.map((arg) => (/\.(csv|json)$/.test(arg) ? file(arg) : arg)));
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/ {4}at /);
    expect(code).toBe(1);
  });
});
