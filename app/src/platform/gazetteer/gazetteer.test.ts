import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/serve-for-test.ts';
import { fillGazetteer } from './fill-gazetteer.ts';
import { Gazetteer } from './gazetteer.ts';

const folder = temporaryFolder();
const path = join(folder.path, 'gazetteer.duckdb');
let gazetteer: Gazetteer;
const fill = (...sources: string[]) => fillGazetteer(path, sources, 256, () => undefined);

/** A row of OS Open Names as it is published: 34 columns, no headings. */
function openName(
  name: string,
  name2: string,
  type: string,
  local: string,
  x: number,
  y: number,
  district: string,
  town: string,
  borough: string,
) {
  const cells = Array.from({ length: 34 }, () => '');
  for (const [at, value] of [
    [0, 'osgb1'],
    [2, name],
    [4, name2],
    [6, type],
    [7, local],
    [8, x],
    [9, y],
    [16, district],
    [18, town],
    [21, borough],
  ] as const)
    cells[at] = String(value);
  return cells.map((cell) => (cell.includes(',') ? `"${cell}"` : cell)).join(',');
}

beforeAll(async () => {
  const names = join(folder.path, 'names');
  mkdirSync(names);
  writeFileSync(
    join(names, 'TB00.csv'),
    `${[
      openName('Mill Lane', '', 'transportNetwork', 'Named Road', 411_400, 465_300, 'TB1', 'Tarnbridge', 'Fellshire'),
      openName('Mill Lane', '', 'transportNetwork', 'Named Road', 420_000, 470_000, 'TB9', 'Weirham', 'Fellshire'),
      openName('Millbank', '', 'populatedPlace', 'Village', 421_000, 470_000, 'TB9', '', 'Fellshire'),
      openName('TB1 4QX', '', 'other', 'Postcode', 411_500, 465_400, 'TB1', 'Tarnbridge', 'Fellshire'),
      openName('Tarnbridge', 'Pont-y-tarn', 'populatedPlace', 'Town', 411_000, 465_000, 'TB1', '', 'Fellshire'),
      openName('Nowhere', '', 'populatedPlace', 'Town', -5, 465_000, 'TB1', '', 'Fellshire'),
    ].join('\r\n')}\r\n`,
  );
  expect(await fill(names)).toMatchObject({
    files: 1,
    places: 6,
    unread: 1,
    problems: [expect.stringContaining('line 6: “Nowhere” has no place')],
  });
  gazetteer = new Gazetteer(path);
});
afterAll(async () => {
  await gazetteer.close();
  folder.remove();
});

const found = async (text: string) => (await gazetteer.find(text)).map(({ name, within }) => [name, within.split(', ')[0]].join(', '));

describe('finding an address', () => {
  test.each([
    ['mill lane', ['Mill Lane, Tarnbridge', 'Mill Lane, Weirham']],
    ['mill l', ['Mill Lane, Tarnbridge', 'Mill Lane, Weirham']],
    ['Mill Lane, Weir', ['Mill Lane, Weirham']],
    ['12 Mill Lane Tarnbridge', ['Mill Lane, Tarnbridge']],
    ['12a mill lane weirham', ['Mill Lane, Weirham']],
    ['mill', ['Mill Lane, Tarnbridge', 'Mill Lane, Weirham', 'Millbank, Fellshire']],
    ['tb1 4q', ['TB1 4QX, Tarnbridge']],
    ['TB14QX', ['TB1 4QX, Tarnbridge']],
    ['pont y tarn', ['Pont-y-tarn, Fellshire']],
    ['PONT-Y-TÂRN', ['Pont-y-tarn, Fellshire']],
    ['xyzzy', []],
    ['m', []],
    ["'; DROP TABLE places; --", []],
    ['100%', []],
  ])('“%s” finds %j', async (text, wanted) => {
    expect(await found(text)).toEqual(wanted);
  });

  test('a place is told in words, with how far and where to; far from everything nothing is', async () => {
    const [lane] = await gazetteer.find('mill lane, tarnbridge');
    const { lon = 0, lat = 0 } = lane ?? {};
    // The grid's own figures for 411400, 465300, within the five metres of the shift.
    expect(lat).toBeCloseTo(54.0834, 3);
    expect(lon).toBeCloseTo(-1.8272, 3);
    expect(await gazetteer.inWords(lon, lat)).toBe('Mill Lane, Tarnbridge');
    expect(await gazetteer.inWords(lon, lat + 40 / 111_195)).toBe('40 m north of Mill Lane, Tarnbridge');
    expect(await gazetteer.inWords(lon + 100 / 65_200, lat - 100 / 111_195)).toBe('150 m south-east of Mill Lane, Tarnbridge');
    expect(await gazetteer.inWords(lon + 1, lat)).toBeNull();
  });
});

describe('filling it', () => {
  test('Open UPRN, and any CSV with a name and a place; a new file is taken with the next question', async () => {
    const own = join(folder.path, 'own.csv');
    writeFileSync(
      own,
      '\uFEFFAddress;Town;Latitude;Longitude\n12 Weir Street;Tarnbridge;53.0901;-1.8301\n;Tarnbridge;53;-1\n14 Weir Street;Tarnbridge;north;-1\n',
    );
    const uprn = join(folder.path, 'osopenuprn.csv');
    writeFileSync(uprn, 'UPRN,X_COORDINATE,Y_COORDINATE,LATITUDE,LONGITUDE\n100012345678,411400,465300,54.0834,-1.8272\n');
    const filled = await fill(own, uprn);
    expect(filled).toMatchObject({ files: 2, places: 2, unread: 2 });
    expect(filled.problems.join('\n')).toMatch(/own\.csv, line 3: it has no name[\s\S]*line 4: “14 Weir Street” has no place/);
    expect(await found('12 weir')).toEqual(['12 Weir Street, Tarnbridge']);
    expect(await found('100012345678')).toEqual(['100012345678, ']);
    expect(await found('mill lane')).toEqual([]);
  });

  test('a file of something else is refused in words, and what was there stays', async () => {
    const other = join(folder.path, 'other.csv');
    writeFileSync(other, 'colour,size\nred,3\n');
    await expect(fill(other)).rejects.toThrow('has no headings that name places');
    writeFileSync(other, 'name,lat,lon\n,1,2\n');
    await expect(fill(other)).rejects.toThrow('No place could be read');
    await expect(fill(join(folder.path, 'nothing'))).rejects.toThrow('There is no file or folder');
    expect(await found('12 weir')).toEqual(['12 Weir Street, Tarnbridge']);
  });

  test('where no gazetteer is, nothing is found and nothing fails', async () => {
    const none = new Gazetteer(join(folder.path, 'none.duckdb'));
    expect(await none.find('mill lane')).toEqual([]);
    expect(await none.inWords(0, 0)).toBeNull();
    await none.close();
  });
});
