import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agencyRecords } from '@waymark/town';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kindOfColumn } from './guess-model.ts';
import {
  block,
  calibration,
  compareModels,
  composeModel,
  dateOfBirth,
  fitRules,
  guessModel,
  InputFiles,
  identifier,
  type LinkageModel,
  Linker,
  ModelError,
  name,
  Population,
  type Row,
  readModel,
  recalibrate,
  recalibrated,
  text,
  weightsChart,
} from './index.ts';

const people = [...agencyRecords({ seed: 5, people: 700 })];
const model = composeModel({
  comparisons: [
    name('forename', { swappedWith: 'surname' }),
    name('surname', { swapIsCountedBy: 'forename' }),
    dateOfBirth(),
    text('address'),
    text('postcode'),
    identifier('nhs', { from: 'nhs_number', kind: 'nhs' }),
  ],
  blocking: [
    block('date_of_birth'),
    block('nhs'),
    block({ fields: ['forename', 'surname'] }),
    block('surname', 'postcode'),
    block('address', 'postcode'),
  ],
});
const training = { randomPairs: 60_000 };
const rows = people as unknown as Row[];
const truth = people.map(({ person }) => person);

/** Clusters as sets of record ids. */
function groupsOf(linker: Linker): string[] {
  return linker
    .cluster()
    .clusters.map((members) =>
      members
        .map((row) => linker.records.ids[row])
        .sort()
        .join(),
    )
    .sort();
}

describe('linking generated agencies', () => {
  const linker = Linker.fromRows(rows, model, { id: 'record' });
  const report = linker.train(training);

  test('finds nearly all, and hardly anyone who is not', () => {
    const { pairs, clusters } = linker.evaluate(truth);
    expect(pairs.precision).toBeGreaterThan(0.93);
    expect(pairs.recall).toBeGreaterThan(0.93);
    expect(clusters.bCubed.f1).toBeGreaterThan(0.96);
  });

  test('training says what it rests on', () => {
    expect(report.sessions.every(({ converged }) => converged)).toBe(true);
    expect(report.expectedMatches).toBeGreaterThan(0.8 * linker.evaluate(truth).pairs.truePairs);
    expect(linker.model.household?.value).toBeGreaterThan(0);
    const same = linker.model.comparisons[0]?.levels[0];
    expect(same?.m?.origin).toBe('estimated');
    expect(same?.m?.value).toBeGreaterThan(0.6);
    expect(same?.u?.value).toBeLessThan(0.05);
  });

  test('a household shares birth dates more often than strangers do, and one person has one number', () => {
    const level = (comparison: string, label: string) =>
      linker.model.comparisons.find(({ name }) => name === comparison)?.levels.find((found) => found.label === label);
    const born = level('date_of_birth', 'same');
    expect(born?.h?.value).toBeGreaterThan(10 * (born?.u?.value ?? 1));
    expect(level('nhs', 'different')?.m?.value).toBeLessThan(0.06);
  });

  test('a model that comes back from a store with its keys in another order links the same', () => {
    const turned = JSON.parse(JSON.stringify(linker.model), (_, value) =>
      value && typeof value === 'object' && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).reverse()) : value,
    );
    const other = Linker.fromRows(rows, readModel(turned), { id: 'record' });
    expect(groupsOf(other)).toEqual(groupsOf(linker));
  });

  test("a pair's parts add up to its weight", () => {
    const scored = linker.score();
    const weigh = linker.weigher();
    for (let p = 0; p < scored.count; p += 37) {
      const [i, j] = [scored.left[p] as number, scored.right[p] as number];
      const told = linker.explainPair(i, j);
      const sum = told.steps.reduce((all, { bits }) => all + bits, 0);
      expect(sum).toBe(told.bits);
      expect(told.bits).toBe(scored.bits[p]);
      expect(weigh(j, i)).toBe(scored.bits[p]);
      expect(told.text).toMatch(/bits, a probability of/);
    }
  });

  test('chunks of any size give the same clusters', () => {
    const before = groupsOf(linker);
    linker.score({ chunkPairs: 7 });
    expect(groupsOf(linker)).toEqual(before);
  });

  test('rows in any order give the same clusters', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(rows, { minLength: rows.length }), (shuffled) => {
        const other = Linker.fromRows(shuffled, linker.model, { id: 'record' });
        expect(groupsOf(other)).toEqual(groupsOf(linker));
      }),
      { seed: 20_261_121, numRuns: 3 },
    );
  });

  test('tells the story of a cluster, and every missed pair has a cause', () => {
    const largest = linker.cluster().clusters.reduce((a, b) => (b.length > a.length ? b : a));
    const story = linker.explainCluster(largest);
    expect(story.links).toHaveLength(largest.length - 1);
    const missed = linker.missedPairs(truth);
    const { clusters } = linker.evaluate(truth);
    expect(missed).toHaveLength(clusters.pairs.truePairs - clusters.pairs.rightPairs);
    expect(missed.filter(({ cause }) => cause === 'not blocked').length).toBeLessThan(missed.length + 1);
  });

  test('tells apart how well groups are served', () => {
    const bySource = Linker.fromRows(
      rows,
      { ...model, fields: [...model.fields, { name: 'source', from: ['source'], standard: 'text' }] },
      { id: 'record' },
    );
    bySource.train(training);
    const groups = bySource.evaluateByGroup(truth, 'source');
    expect([...groups.keys()]).toEqual(['health', 'housing', 'school', 'social care', 'youth justice']);
    const { truePairs } = bySource.evaluate(truth).clusters.pairs;
    for (const { recall, truePairs: own } of groups.values()) {
      expect(recall).toBeGreaterThan(0.85);
      expect(own).toBeLessThan(truePairs);
    }
  });

  test('per-source m adds up to one and changes few decisions', () => {
    const apart = Linker.fromRows(rows, model, { id: 'record', source: 'source' });
    apart.train({ ...training, perSource: true });
    for (const { mBySources, levels } of apart.model.comparisons) {
      for (const { m } of mBySources ?? []) {
        expect(m).toHaveLength(levels.length);
        expect(m.reduce((all, value) => all + value, 0)).toBeCloseTo(1, 6);
      }
    }
    expect(apart.evaluate(truth).clusters.bCubed.f1).toBeGreaterThan(0.95);
  });

  test('a model survives JSON, and its differences are named', () => {
    const copy = readModel(JSON.parse(JSON.stringify(linker.model)));
    expect(compareModels(linker.model, copy)).toEqual([]);
    const changed = { ...copy, thresholds: { ...copy.thresholds, linkBits: 3 } };
    expect(compareModels(copy, changed)).toEqual([{ path: 'thresholds.linkBits', before: copy.thresholds.linkBits, after: 3 }]);
    expect(weightsChart(copy).$schema).toMatch(/vega-lite/);
  });

  test('the guessed model needs no help', () => {
    const columns = Object.keys(people[0] as object);
    const sample = new Map(columns.map((column) => [column, people.map((row) => row[column as keyof typeof row])]));
    const guess = guessModel(sample, ['person']);
    expect(guess.idColumn).toBe('record');
    const guessed = Linker.fromRows(rows, guess.model, { id: 'record' });
    const fitted = new Linker(guessed.records, fitRules(guessed.records, guess.model));
    fitted.train(training);
    expect(fitted.evaluate(truth).clusters.bCubed.f1).toBeGreaterThan(0.96);
  });
});

test('what stands of parents, guardians and whom to call is not the person’s own', () => {
  const of = (column: string, values: string[]) => kindOfColumn(column, values);
  const names = ['Anna', 'Ben', 'Carla', 'Dmitri'];
  for (const column of [
    'father_first_name',
    'mother_last_name',
    'MotherSurname',
    'Guardian Forename',
    'next of kin name',
    'NextOfKinSurname',
    'emergency_contact_name',
    'carer first name',
    'GP surname',
    'key worker name',
  ])
    expect([column, of(column, names)]).toEqual([column, 'nothing']);
  expect(of('mother_dob', ['1980-01-02', '1981-02-03'])).toBe('nothing');
  expect(of('parent_phone', ['07700 900123', '07700 900124'])).toBe('nothing');
  for (const column of ['first_name', 'Forename', 'given name']) expect(of(column, names)).toBe('forename');
  for (const column of ['last_name', 'family_name', 'Surname']) expect(of(column, names)).toBe('surname');
  expect(of('dob', ['1980-01-02', '1981-02-03'])).toBe('date');
});

test('a lower threshold finds the pairs that scoring for a higher one had left out', () => {
  const linker = Linker.fromRows(rows, model, { id: 'record' });
  linker.train(training);
  const trained = linker.model;
  const strict = new Linker(linker.records, { ...trained, thresholds: { ...trained.thresholds, linkBits: 30, reviewBits: 25 } });
  strict.score();
  const low = { ...trained.thresholds, linkBits: -5, reviewBits: -5 };
  const lenient = new Linker(linker.records, { ...trained, thresholds: low });
  expect(strict.cluster({}, { linkBits: -5 }).clusterOf).toEqual(lenient.cluster().clusterOf);
});

describe('a population that changes', () => {
  const base = Linker.fromRows(rows, model, { id: 'record' });
  base.train(training);
  const start = () => {
    const linker = Linker.fromRows(rows, base.model, { id: 'record' });
    return Population.from(linker.records, linker.model, linker.cluster());
  };
  const groups = (population: Population) => {
    const found = new Map<string, string[]>();
    for (const { record } of people) {
      const person = population.personOf({ id: record });
      if (person) found.set(person, [...(found.get(person) ?? []), record]);
    }
    return [...found.values()].map((group) => group.sort().join()).sort();
  };

  test('a record scored against it is not kept', () => {
    const population = start();
    const before = population.records.count;
    const row = rows.find((own) => own.forename && own.surname && own.date_of_birth && own.nhs_number) as Row;
    const [first] = population.score(row);
    expect(first?.person).toBe(population.personOf({ id: row.record as string }));
    expect(population.records.count).toBe(before);
    expect(population.records.find('\u0000asked')).toBe(-1);
  });

  test('taking records out and putting them back ends where it began, with the same ids', () => {
    const population = start();
    const before = groups(population);
    const persons = new Map(people.map(({ record }) => [record, population.personOf({ id: record })]));
    const some = people.filter((_, i) => i % 40 === 0);
    population.remove(some.map(({ record }) => ({ id: record })));
    expect(population.personOf({ id: (some[0] as (typeof people)[number]).record })).toBeNull();
    population.add(some.map((row) => ({ id: row.record, row: row as unknown as Row })));
    expect(groups(population)).toEqual(before);
    const kept = people.filter(({ record }) => population.personOf({ id: record }) === persons.get(record)).length;
    expect(kept / people.length).toBeGreaterThan(0.95);
  });

  test('only the persons concerned are looked at', () => {
    const population = start();
    const row = people[10] as (typeof people)[number];
    const change = population.add([{ id: row.record, row: { ...row, forename: 'Zebedee' } as unknown as Row }]);
    expect(change.concerned).toBeLessThan(40);
  });

  test('"not the same person" persists, and is undone only by a person', () => {
    const population = start();
    const person = people
      .map(({ record }) => population.personOf({ id: record }))
      .find((own) => own && population.personsRecords(own).length === 2);
    const [left, right] = population.personsRecords(person as string) as [{ id: string }, { id: string }];
    const { events } = population.decide([{ left, right, same: false }]);
    expect(events.some(({ kind }) => kind === 'split' || kind === 'created')).toBe(true);
    expect(population.personOf(left)).not.toBe(population.personOf(right));
    const again = people.find(({ record }) => record === left.id) as (typeof people)[number];
    population.add([{ id: left.id, row: again as unknown as Row }]);
    expect(population.personOf(left)).not.toBe(population.personOf(right));
    population.decide([{ left, right, same: true }]);
    expect(population.personOf(left)).toBe(population.personOf(right));
  });

  const alone = (population: Population) => {
    const row = people.find(({ record }) => population.personsRecords(population.personOf({ id: record }) as string).length === 1);
    return row as (typeof people)[number];
  };

  test('a record that changes keeps its person', () => {
    const population = start();
    const row = alone(population);
    const person = population.personOf({ id: row.record });
    const changed = { ...row, email: 'another@example.org' } as unknown as Row;
    const { events } = population.add([{ id: row.record, row: changed }]);
    expect(population.personOf({ id: row.record })).toBe(person);
    expect(events.filter(({ kind }) => kind === 'created' || kind === 'ended')).toEqual([]);
  });

  test('removing tells which persons lost a record and which ended', () => {
    const population = start();
    const row = alone(population);
    const single = population.personOf({ id: row.record }) as string;
    const several = people
      .map(({ record }) => population.personOf({ id: record }) as string)
      .find((own) => population.personsRecords(own).length === 3) as string;
    const [first] = population.personsRecords(several) as [{ id: string; source: string }];
    const { events } = population.remove([{ id: row.record }, first]);
    expect(events).toContainEqual({ kind: 'ended', person: single });
    expect(events).toContainEqual({ kind: 'lost', person: several, records: [`\u0000${first.id}`] });
  });

  test('a record that stands twice in what is added counts as it stands last', () => {
    const population = start();
    const row = alone(population) as unknown as Row & { record: string };
    const size = population.records.size;
    population.add([
      { id: 'new', row: {} },
      { id: 'new', row },
    ]);
    expect(population.records.size).toBe(size + 1);
    expect(population.personOf({ id: 'new' })).toBe(population.personOf({ id: row.record }));
  });

  test('one record without an id, and none is added', () => {
    const population = start();
    const size = population.records.size;
    const [first, second] = people as unknown as [Row, Row];
    expect(() =>
      population.add([
        { id: 'new', row: first },
        { id: '', row: second },
      ]),
    ).toThrow(/Record 2 .* has no id/);
    expect(population.records.size).toBe(size);
  });

  test('is the same after it was stored and opened', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'waymark-test-'));
    try {
      const population = start();
      await population.save(join(folder, 'population.duckdb'));
      const opened = await Population.open(join(folder, 'population.duckdb'));
      expect(groups(opened)).toEqual(groups(population));
      for (const row of rows.slice(0, 25)) expect(opened.score(row)).toEqual(population.score(row));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('bad input', () => {
  const simple = composeModel({ comparisons: [name('name')], blocking: [block('name')] });
  const link = (given: Row[], own: LinkageModel = simple) => {
    const linker = Linker.fromRows(given, own);
    linker.train({ randomPairs: 1000 });
    return linker.cluster().clusters.length;
  };

  test.each([
    ['no records', [], 0],
    ['one record', [{ name: 'ann' }], 1],
    ['a column all null', [{ name: null }, { name: null }, { name: null }], 3],
    ['non-Latin names', [{ name: '王小明' }, { name: 'Мария' }], 2],
  ])('%s', (_, given, clusters) => {
    expect(link(given as Row[])).toBe(clusters);
  });

  test('a column all equal, and 100 % duplicates, give an answer', () => {
    const rowsAlike = Array.from({ length: 300 }, () => ({ name: 'ann', born: '2001-02-03' }));
    const own = composeModel({ comparisons: [name('name'), dateOfBirth('born')], blocking: [block('name'), block('born')] });
    expect(link(rowsAlike, own)).toBeGreaterThan(0);
  });

  test('a block of 100,000 equal values is refused with the rule and the count, unless allowed', () => {
    const linker = Linker.fromRows(
      (function* () {
        for (let i = 0; i < 100_000; i++) yield { name: 'ann' };
      })(),
      simple,
    );
    expect(() => linker.score()).toThrow(/"name" puts 100,000 records with "ann".*blockAtMost/);
    expect(linker.countPairs(1)[0]).toMatchObject({ rule: 'name', pairs: 4_999_950_000, largest: [{ value: 'ann', records: 100_000 }] });
  });

  test('unknown columns are named, with those there are', () => {
    expect(() => Linker.fromRows([{ nom: 'ann' }], simple)).toThrow(/"name".*they have nom/);
  });

  test('a model that does not fit itself tells every fault', () => {
    const broken = { ...simple, blocking: [block('surname')], comparisons: [...simple.comparisons, ...simple.comparisons] };
    expect(() => readModel(broken)).toThrow(ModelError);
    try {
      readModel(broken);
    } catch (error) {
      expect((error as ModelError).faults).toHaveLength(2);
    }
    expect(() => readModel({ format: 'waymark-linkage-1' })).toThrow(ModelError);
    expect(() => readModel('nonsense')).toThrow(ModelError);
  });

  test('two sources may have the same ids; one source may not', () => {
    const two = [
      { id: '1', source: 'a', name: 'ann' },
      { id: '1', source: 'b', name: 'ann' },
    ];
    expect(Linker.fromRows(two, simple, { id: 'id', source: 'source' }).records.size).toBe(2);
    expect(() => Linker.fromRows(two, simple, { id: 'id' })).toThrow(/"1" stands twice/);
  });

  test('a value of 10 MB neither chokes nor crashes', () => {
    expect(link([{ name: 'x'.repeat(10_000_000) }, { name: 'x'.repeat(10_000_000) }, { name: 'ann' }])).toBeGreaterThan(1);
  });
});

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-test-'));
  const path = (file: string) => join(folder, file);
  beforeAll(() => {
    writeFileSync(path('a.csv'), '\ufeffid, name,born\r\n1, Ann ,2001-02-03\r\n2,"Bob, the",04/05/2002\r\n');
    writeFileSync(path('b.csv'), 'id;name;born\n1;Anne;20010203\n');
    writeFileSync(path('twice.csv'), 'name, name\na,b\n');
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const own = composeModel({ comparisons: [name('name'), dateOfBirth('born')], blocking: [block('born')] });

  test('a byte-order mark, spaces, Windows line ends and another separator are no matter', async () => {
    const { records } = await Linker.fromFiles([path('a.csv'), path('b.csv')], own, { id: 'id' });
    expect(records.size).toBe(3);
    expect(records.value(0, 'name')).toBe('ann');
    expect(records.value(1, 'born')).toBe('2002-05-04');
    expect(records.value(2, 'born')).toBe('2001-02-03');
  });

  test('what cannot be read says why', async () => {
    await expect(InputFiles.open([path('nowhere.csv')])).rejects.toThrow(/nowhere.csv cannot be read/);
    await expect(Linker.fromFiles(path('a.csv'), own, { id: 'number' })).rejects.toThrow(/no column "number"; it has id, name, born/);
  });
});

test('recalibration from reviewed pairs makes a boastful probability honest', () => {
  let state = 7;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
  // The truth has half the bits that are told.
  const draw = () => {
    const bits = 20 * next() - 10;
    return { bits, same: next() < 1 / (1 + 2 ** (-bits / 2)) };
  };
  const unseen = Array.from({ length: 20_000 }, draw);
  const reviewed = Array.from({ length: 200 }, draw);
  const before = calibration(unseen).error;
  const after = calibration(unseen, recalibrated(recalibrate(reviewed))).error;
  expect(before).toBeGreaterThan(0.08);
  expect(after).toBeLessThan(0.6 * before);
});
