import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CountedRow, foldGroups, leastShown, orderOf, othersTogether, wholeOf } from './fold-groups.ts';

/** A linear equation over unknown counts that somebody can read off published tables: weights by unknown, and the sum. */
interface Equation {
  weights: Map<string, number>;
  sum: number;
}

/**
 * Everything that follows from published tables by adding and taking away: the equations in echelon form, with exact fractions kept as
 * doubles (all weights are whole and small). Gives the unknowns whose value follows.
 */
function recovered(equations: readonly Equation[], unknowns: readonly string[]): Map<string, number> {
  const index = new Map(unknowns.map((name, i) => [name, i]));
  const rows = equations.map(({ weights, sum }) => {
    const row = new Array<number>(unknowns.length + 1).fill(0);
    for (const [name, weight] of weights) row[index.get(name) as number] = weight;
    row[unknowns.length] = sum;
    return row;
  });
  let at = 0;
  for (let column = 0; column < unknowns.length && at < rows.length; column++) {
    const pivot = rows.findIndex((row, i) => i >= at && Math.abs(row[column] as number) > 1e-9);
    if (pivot < 0) continue;
    [rows[at], rows[pivot]] = [rows[pivot] as number[], rows[at] as number[]];
    const own = rows[at] as number[];
    const lead = own[column] as number;
    for (let c = column; c <= unknowns.length; c++) own[c] = (own[c] as number) / lead;
    for (const [i, row] of rows.entries()) {
      const factor = row[column] as number;
      if (i === at || Math.abs(factor) < 1e-12) continue;
      for (let c = column; c <= unknowns.length; c++) row[c] = (row[c] as number) - factor * (own[c] as number);
    }
    at++;
  }
  const found = new Map<string, number>();
  for (const row of rows) {
    const left = unknowns.flatMap((name, i) => (Math.abs(row[i] as number) > 1e-9 ? [name] : []));
    if (left.length === 1) found.set(left[0] as string, row[unknowns.length] as number);
  }
  return found;
}

/** Somebody: their group by each characteristic, and what each measure says of them. */
interface Person {
  groups: Record<string, string>;
  says: Record<string, boolean>;
}

const characteristics = ['ethnicity', 'sex', 'age', 'disability'];
const measures = ['curfew', 'alert', 'breach', 'false alert'];

/** Measures that are of some people alone: of those with an alert, who had one that was false. */
const baseOf: Record<string, string> = { 'false alert': 'alert' };

/** All tables of these people, and what an attacker can write down from them. */
function publish(people: readonly Person[], fold: typeof foldGroups, { hasOwnOrders = false } = {}) {
  const equations: Equation[] = [];
  const unknowns = new Map<string, number>();
  for (const characteristic of characteristics) {
    const rowsFor = (measure: string | null): CountedRow[] =>
      people.flatMap(({ groups, says }, person) => {
        const base = measure === null ? undefined : baseOf[measure];
        if (base !== undefined && !says[base]) return [];
        return [{ person, group: groups[characteristic] as string, yes: measure !== null && says[measure] === true, count: 1 }];
      });
    const order = orderOf(rowsFor(null));
    // What is unknown of a group: how many there are, and of how many each measure says yes. A measure of some is of those of whom another says yes.
    const named = (what: string, group: string) => `${characteristic}/${what}/${group}`;
    const ofAll = (measure: string | null) => (measure === null ? 'all' : (baseOf[measure] ?? 'all'));
    for (const measure of [null, ...measures]) {
      const rows = rowsFor(measure);
      for (const group of order) {
        const own = rows.filter((row) => row.group === group);
        if (measure === null) unknowns.set(named('all', group), own.length);
        else {
          const yes = own.filter((row) => row.yes).length;
          unknowns.set(named(measure, group), yes);
          unknowns.set(named(`not ${measure}`, group), own.length - yes);
          const sides: [string, number][] = [
            [named(measure, group), 1],
            [named(`not ${measure}`, group), 1],
            [named(ofAll(measure), group), -1],
          ];
          equations.push({ weights: new Map(sides), sum: 0 });
        }
      }
      const told = (members: readonly string[], of: number, yes: number) => {
        equations.push({ weights: new Map(members.map((group) => [named(ofAll(measure), group), 1])), sum: of });
        if (measure !== null) equations.push({ weights: new Map(members.map((group) => [named(measure, group), 1])), sum: yes });
      };
      const published = fold(rows, hasOwnOrders ? orderOf(rows) : order, measure !== null);
      const alone = new Set(published?.filter(({ folds }) => folds === 1).map(({ group }) => group));
      for (const { folds, group, of, yes } of published ?? [])
        told(folds === 1 ? [group] : order.filter((own) => !alone.has(own)), of, yes);
      const whole = wholeOf(rows, measure !== null);
      if (whole) told(order, whole.of, whole.yes);
    }
  }
  const found = recovered(equations, [...unknowns.keys()]);
  const small = [...found].filter(([name]) => (unknowns.get(name) as number) < leastShown);
  for (const [name, value] of found) expect(value, name).toBeCloseTo(unknowns.get(name) as number, 6);
  return { small, recovered: found.size };
}

const someone = fc.record({
  groups: fc.record({
    ethnicity: fc.oneof(
      { weight: 12, arbitrary: fc.constant('a') },
      { weight: 3, arbitrary: fc.constant('b') },
      { weight: 2, arbitrary: fc.constant('c') },
      { weight: 1, arbitrary: fc.constantFrom('d', 'e', 'not said') },
    ),
    sex: fc.oneof({ weight: 9, arbitrary: fc.constant('m') }, { weight: 1, arbitrary: fc.constant('f') }),
    age: fc.constantFrom('under 25', '25 to 34', '35 to 44', '45 and over'),
    disability: fc.oneof({ weight: 4, arbitrary: fc.constant('no') }, { weight: 1, arbitrary: fc.constantFrom('yes', 'not said') }),
  }),
  says: fc.record({
    curfew: fc.boolean(),
    alert: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    'false alert': fc.boolean(),
    breach: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  }),
});

describe('small numbers in published figures', () => {
  test('no cell under five can be had by adding and taking away published tables, whatever the people', () => {
    let recoveredInAll = 0;
    fc.assert(
      fc.property(fc.array(someone, { minLength: 30, maxLength: 200 }), (people) => {
        const { small, recovered: found } = publish(people as Person[], foldGroups);
        recoveredInAll += found;
        expect(small).toEqual([]);
      }),
      { numRuns: 300, seed: 20_261_128 },
    );
    // The attack reads what is published: it is not that it finds nothing at all.
    expect(recoveredInAll).toBeGreaterThan(3000);
  });

  test('the same attack has the small cells where they are only left out, one by one', () => {
    /** What is done so often: a number under five is left out of the table, and the total is told. */
    const leftOut: typeof foldGroups = (rows, order, withYes) =>
      order.flatMap((group) => {
        const own = rows.filter((row) => row.group === group);
        const yes = own.filter((row) => row.yes).length;
        if (own.length < leastShown || (withYes && (yes < leastShown || own.length - yes < leastShown))) return [];
        return [{ group, folds: 1, of: own.length, yes: withYes ? yes : 0 }];
      });
    let smallFound = 0;
    fc.assert(
      fc.property(fc.array(someone, { minLength: 60, maxLength: 160 }), (people) => {
        smallFound += publish(people as Person[], leftOut).small.length;
      }),
      { numRuns: 100, seed: 20_261_128 },
    );
    expect(smallFound).toBeGreaterThan(100);
  });

  test('tables over the same people fold one order of groups: with an order of its own for each, a small cell would be a difference', () => {
    const some = (ethnicity: string, count: number, says: Partial<Person['says']>): Person[] =>
      Array.from({ length: count }, () => ({ groups: { ethnicity, sex: 'm', age: 'x', disability: 'no' }, says: says as Person['says'] }));
    const people = [
      ...some('a', 10, { alert: true, 'false alert': true }),
      ...some('a', 10, { alert: true }),
      ...some('a', 20, {}),
      ...some('b', 3, { alert: true, 'false alert': true }),
      ...some('b', 3, { alert: true }),
      ...some('b', 14, {}),
      ...some('c', 5, { alert: true, 'false alert': true }),
      ...some('c', 5, { alert: true }),
      ...some('c', 2, {}),
      ...some('d', 2, { alert: true, 'false alert': true }),
      ...some('d', 2, { alert: true }),
      ...some('d', 4, {}),
    ];
    expect(publish(people, foldGroups, { hasOwnOrders: true }).small).toContainEqual(['ethnicity/alert/d', 4]);
    expect(publish(people, foldGroups).small).toEqual([]);
  });

  test('the largest groups stand by themselves, the others together; one that is small takes the next with it', () => {
    const rows = (counts: Record<string, [yes: number, no: number]>): CountedRow[] => {
      let person = 0;
      return Object.entries(counts).flatMap(([group, [yes, no]]) =>
        Array.from({ length: yes + no }, (_, i) => ({ person: person++, group, yes: i < yes, count: 1 })),
      );
    };
    const four = rows({ a: [20, 20], b: [10, 10], c: [6, 6], d: [1, 1] });
    expect(foldGroups(four, orderOf(four), true)).toEqual([
      { group: 'a', folds: 1, of: 40, yes: 20 },
      { group: 'b', folds: 1, of: 20, yes: 10 },
      { group: othersTogether, folds: 2, of: 14, yes: 7 },
    ]);
    // Two groups of which one is small: nothing by group, and the whole alone.
    const two = rows({ a: [20, 20], b: [1, 1] });
    expect(foldGroups(two, orderOf(two), true)).toBeNull();
    expect(wholeOf(two, true)).toEqual({ of: 42, yes: 21 });
    // Nobody at all of one side is a small number too.
    expect(wholeOf(rows({ a: [0, 50] }), true)).toBeNull();
    // Many alerts of few people are few.
    const ofTwo: CountedRow[] = [1, 2].map((person) => ({ person, group: 'a', yes: true, count: 40 }));
    expect(wholeOf(ofTwo, false)).toBeNull();
  });
});
