import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Records } from '../records/records.ts';
import { cluster } from './cluster.ts';
import type { Constraints } from './constraints.ts';
import { carryIdentities } from './identities.ts';

const sources = ['school', 'health'];
const size = 9;

/** A random weighted graph over a few records of two sources, in a random order of rows. */
const graphs = fc.record({
  order: fc.shuffledSubarray(
    Array.from({ length: size }, (_, i) => i),
    { minLength: size },
  ),
  weights: fc.array(fc.integer({ min: -20, max: 20 }), { minLength: (size * (size - 1)) / 2, maxLength: (size * (size - 1)) / 2 }),
  scored: fc.array(fc.boolean(), { minLength: (size * (size - 1)) / 2, maxLength: (size * (size - 1)) / 2 }),
  notSame: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 4 }),
});

type Graph = typeof graphs extends fc.Arbitrary<infer G> ? G : never;

function pairIndex(i: number, j: number): number {
  const [a, b] = i < j ? [i, j] : [j, i];
  return (a * (2 * size - a - 1)) / 2 + (b - a - 1);
}

/** Clusters of a graph as sets of record numbers, rows laid out in the given order. */
function run({ weights, scored, notSame }: Graph, order: number[], extra: Constraints): { groups: string[]; review: string[] } {
  const fields = (['forename', 'surname', 'born', 'address', 'nhs'] as const).map((name) => ({
    name,
    from: [name],
    standard: 'as it is' as const,
  }));
  const records = new Records(fields);
  for (const i of order) {
    // Records 0 to 2 could be twins of each other, 3 and 4 have other numbers and birth dates; the rest have nothing known.
    const known: Record<string, string> =
      i < 3
        ? { forename: ['anna', 'belinda', 'christopher'][i] as string, surname: 's', born: 'd', address: 'a' }
        : i < 5
          ? { born: `d${i}`, nhs: `n${i}` }
          : {};
    records.add(`r${i}`, sources[i % 2] as string, (column) => known[column] ?? null);
  }
  const rowOf = (i: number) => order.indexOf(i);
  const weigh = (x: number, y: number) => weights[pairIndex(order[x] as number, order[y] as number)] as number;
  const pairs = { left: [] as number[], right: [] as number[], bits: [] as number[], count: 0 };
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++) {
      if (!scored[pairIndex(i, j)]) continue;
      pairs.left.push(rowOf(i));
      pairs.right.push(rowOf(j));
      pairs.bits.push(weights[pairIndex(i, j)] as number);
      pairs.count++;
    }
  }
  const apart = notSame.filter(([a, b]) => a !== b).map(([a, b]): [number, number] => [rowOf(a), rowOf(b)]);
  const result = cluster(records, pairs, { notSame: apart, ...extra }, { linkBits: 2, reviewBits: -2, weigh });
  const name = (row: number) => records.ids[row] as string;
  return {
    groups: result.clusters.map((rows) => rows.map(name).sort().join()).sort(),
    review: result.review.map(({ left, right, reason }) => `${[name(left), name(right)].sort().join()} ${reason}`).sort(),
  };
}

const twins = { forename: 'forename', surname: 'surname', dateOfBirth: 'born', address: ['address'], identifiers: ['nhs'] };

const apart = { dateOfBirth: 'born', identifiers: ['nhs'] };

describe('over random graphs', () => {
  test('no cluster holds a pair decided not the same, twins, two of a clean source, or two with other numbers and birth dates', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const { groups } = run(graph, graph.order, { cleanSources: ['health'], twins, apart });
        for (const group of groups) {
          const members = group.split(',').map((id) => Number(id.slice(1)));
          expect(members.filter((i) => i % 2 === 1).length).toBeLessThanOrEqual(1);
          expect(members.filter((i) => i < 3).length).toBeLessThanOrEqual(1);
          expect(members.includes(3) && members.includes(4)).toBe(false);
          for (const [a, b] of graph.notSame) if (a !== b) expect(members.includes(a) && members.includes(b)).toBe(false);
        }
        expect(groups.flatMap((group) => group.split(',')).length).toBe(size);
      }),
      { seed: 20_261_121, numRuns: 1000 },
    );
  });

  test('clusters and reviews do not depend on the order of rows and pairs', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const straight = Array.from({ length: size }, (_, i) => i);
        expect(run(graph, graph.order, { twins, apart })).toEqual(run(graph, straight, { twins, apart }));
      }),
      { seed: 20_261_122, numRuns: 1000 },
    );
  });

  test('what a person decided to be the same is one, unless another decision forbids it', () => {
    fc.assert(
      fc.property(graphs, fc.nat(size - 2), (graph, i) => {
        const straight = Array.from({ length: size }, (_, k) => k);
        const { groups } = run({ ...graph, notSame: [] }, straight, { same: [[i, i + 1]] });
        expect(groups.some((group) => group.split(',').includes(`r${i}`) && group.split(',').includes(`r${i + 1}`))).toBe(true);
      }),
      { seed: 20_261_123, numRuns: 300 },
    );
  });
});

test('a chain that holds strong evidence against itself is not one person', () => {
  const weights: Record<string, number> = { '0,1': 8, '1,2': 6, '0,2': -30 };
  const records = new Records([{ name: 'x', from: ['x'], standard: 'as it is' }]);
  for (const id of ['a', 'b', 'c']) records.add(id, '', () => null);
  const weigh = (i: number, j: number) => weights[[i, j].sort().join()] as number;
  const result = cluster(records, { left: [0, 1], right: [1, 2], bits: [8, 6], count: 2 }, {}, { linkBits: 0, reviewBits: -4, weigh });
  expect(result.clusters.map((rows) => rows.map((row) => records.ids[row]).join('')).sort()).toEqual(['ab', 'c']);
  expect(result.review.map(({ reason }) => reason)).toEqual(['evidence against']);
});

describe('ids of persons', () => {
  let next = 0;
  const newId = () => `new-${next++}`;

  test('stay when nothing changes, whatever the order', () => {
    const before = new Map([
      ['a', 'p1'],
      ['b', 'p1'],
      ['c', 'p2'],
    ]);
    const { personOf, events } = carryIdentities(before, [['c'], ['b', 'a']], newId);
    expect(personOf).toEqual(before);
    expect(events).toEqual([]);
  });

  test('a merge keeps the larger id and says what went into it; a split keeps the larger part', () => {
    const before = new Map(Object.entries({ a: 'p1', b: 'p1', c: 'p2', d: 'p3', e: 'p3', f: 'p3' }));
    const { personOf, events } = carryIdentities(before, [['a', 'b', 'c'], ['d', 'e'], ['f']], () => 'p4');
    expect(Object.fromEntries(personOf)).toEqual({ a: 'p1', b: 'p1', c: 'p1', d: 'p3', e: 'p3', f: 'p4' });
    expect(events).toContainEqual({ kind: 'merged', person: 'p2', into: 'p1' });
    expect(events).toContainEqual({ kind: 'split', person: 'p3', into: ['p3', 'p4'] });
    expect(events).toContainEqual({ kind: 'created', person: 'p4', records: ['f'] });
  });

  test('no id is ever given to two groups', () => {
    const records = Array.from({ length: 12 }, (_, i) => `r${i}`);
    const parts = fc.array(fc.nat(4), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(parts, parts, (was, is) => {
        const before = new Map(records.map((key, i) => [key, `p${was[i]}`]));
        const groups = [...new Set(is)].map((g) => records.filter((_, i) => is[i] === g));
        const { personOf } = carryIdentities(before, groups, newId);
        const ids = groups.map((group) => new Set(group.map((key) => personOf.get(key))));
        expect(ids.every((own) => own.size === 1)).toBe(true);
        expect(new Set(ids.map((own) => [...own][0])).size).toBe(groups.length);
      }),
      { seed: 20_261_121 },
    );
  });
});
