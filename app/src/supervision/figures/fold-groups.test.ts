import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FigureTable } from './figure-table.ts';
import { type CountedRow, foldGroups, leastShown, orderOf, othersTogether, wholeOf } from './fold-groups.ts';
import type { AlertRow, PersonRow } from './questions.ts';
import { workOutFigures } from './work-out.ts';

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

/** Of a group: numbers that a table tells of it, and numbers that follow from those. Each is the sum of the others in its line. */
const follows: [whole: string, ...parts: string[]][] = [
  ['people', 'had an alert', 'had none'],
  ['had an alert', 'had a false one', 'had alerts and no false one'],
  ['had an alert', 'had a breach', 'had alerts and no breach'],
  ['people', 'asked', 'did not ask'],
  ['asked', 'were let', 'were not let'],
  ['people', 'finished', 'go on'],
  ['finished', 'to the end', 'not to the end'],
  ['people', 'keep out', 'no place to keep out of'],
  ['people', 'have hours', 'no hours'],
];
const toldBy: Record<string, [of: string, yes: string | null]> = {
  who: ['people', null],
  'keeps-out': ['people', 'keep out'],
  hours: ['people', 'have hours'],
  alert: ['people', 'had an alert'],
  'false-alert': ['had an alert', 'had a false one'],
  breach: ['people', 'had a breach'],
  let: ['asked', 'were let'],
  'to-the-end': ['finished', 'to the end'],
};
const becameFollows: [whole: string, ...parts: string[]][] = [
  ['all', 'taken back', 'left'],
  ['left', 'undecided', 'decided'],
  ['decided', 'breach', 'false', 'excused'],
];
const becameToldBy: Record<string, [of: string, yes: string | null]> = {
  'alerts-by-cause': ['all', null],
  'taken-back-by-cause': ['all', 'taken back'],
  'false-by-cause': ['decided', 'false'],
  'breach-by-cause': ['decided', 'breach'],
};

/** What follows of each group from the tables that are published, by adding and taking away. */
function attack(
  tables: readonly FigureTable[],
  order: readonly string[],
  toldOf: (table: FigureTable) => [of: string, yes: string | null] | undefined,
  rules: typeof follows,
): Map<string, number> {
  const named = (what: string, group: string) => `${what} / ${group}`;
  const equations: Equation[] = order.flatMap((group) =>
    rules.map(([whole, ...parts]) => ({
      weights: new Map([[named(whole, group), -1], ...parts.map((part): [string, number] => [named(part, group), 1])]),
      sum: 0,
    })),
  );
  for (const table of tables) {
    const told = toldOf(table);
    if (!told) continue;
    const alone = new Set(table.lines?.map(({ group }) => group).filter((group) => group !== othersTogether));
    for (const line of [...(table.lines ?? []), ...(table.whole ? [table.whole] : [])]) {
      const members =
        line === table.whole ? order : line.group === othersTogether ? order.filter((group) => !alone.has(group)) : [line.group];
      const say = (what: string, sum: number) => equations.push({ weights: new Map(members.map((group) => [named(what, group), 1])), sum });
      say(told[0], line.of);
      if (told[1] !== null && line.yes !== null) say(told[1], line.yes);
    }
  }
  const unknowns = order.flatMap((group) => [...new Set(rules.flat())].map((what) => named(what, group)));
  return recovered(equations, unknowns);
}

/** Numbers from 0 to 1, the same for the same seed. */
function lotOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

describe('what is published, all of it together', () => {
  const share = fc.constantFrom(0.02, 0.1, 0.3, 0.7, 0.9, 0.98);
  const rates = fc.record({ alert: share, false: share, breach: share, asked: share, let: share, finished: share, end: share, out: share });

  test('of no group a number of people under five follows, whatever is nested in what', () => {
    let found = 0;
    fc.assert(
      fc.property(rates, fc.integer({ min: 20, max: 240 }), fc.nat(), (rate, count, seed) => {
        const draw = lotOf(seed);
        const lot = (of: number) => draw() < of;
        const people = Array.from({ length: count }, (_, person): PersonRow => {
          const [hadAlert, asked, finished] = [lot(rate.alert), lot(rate.asked), lot(rate.finished)];
          return {
            person,
            ethnicity: lot(0.7) ? 'a' : lot(0.6) ? 'b' : lot(0.6) ? 'c' : 'd',
            sex: lot(0.8) ? 'm' : 'f',
            disability: lot(0.5) ? 'no' : 'not said',
            age: lot(0.4) ? 'x' : lot(0.5) ? 'y' : 'z',
            kind: 'court bail',
            keepsOut: lot(rate.out),
            hasHours: lot(rate.out),
            hadAlert,
            hadFalseAlert: hadAlert && lot(rate.false),
            hadBreach: hadAlert && lot(rate.breach),
            asked,
            wasLet: asked && lot(rate.let),
            finished,
            woreToTheEnd: finished && lot(rate.end),
            days: 1,
          };
        });
        const { tables } = workOutFigures({ people, hours: [], alerts: [], worn: [], seen: [], requests: [], reviews: [] });
        for (const by of ['ethnicity', 'sex', 'age'] as const) {
          const order = orderOf(people.map((row) => ({ person: row.person, group: row[by], yes: false, count: 1 })));
          const own = tables.filter(({ key }) => key.endsWith(`-by-${by}`));
          const known = attack(own, order, ({ key }) => toldBy[key.slice(0, -`-by-${by}`.length)], follows);
          found += known.size;
          expect([...known].filter(([, number]) => number < leastShown - 1e-6)).toEqual([]);
        }
      }),
      { numRuns: 400, seed: 20_261_128 },
    );
    expect(found).toBeGreaterThan(5000);
  });

  test('of no kind of alert a number from one to four follows, of what became of them', () => {
    let found = 0;
    // How many of a row became of what: of some hardly any in all.
    const cap = fc.constantFrom(0, 0.05, 0.2, 1, 10);
    const caps = fc.record({ back: cap, open: cap, breach: cap, false: cap, excused: cap });
    fc.assert(
      fc.property(caps, fc.integer({ min: 20, max: 120 }), fc.nat(), (most, count, seed) => {
        const lot = lotOf(seed);
        const some = (of: number) => (of < 1 ? (lot() < of ? 1 : 0) : Math.floor(lot() * (of + 1)));
        const alerts = Array.from({ length: count }, (_, person): AlertRow => {
          const own = {
            back: some(most.back),
            open: some(most.open),
            breach: some(most.breach),
            false: some(most.false),
            excused: some(most.excused),
          };
          return {
            person,
            kind: lot() < 0.5 ? 'a' : lot() < 0.5 ? 'b' : lot() < 0.7 ? 'c' : 'd',
            model: 'm',
            all: own.back + own.open + own.breach + own.false + own.excused,
            takenBack: own.back,
            decided: own.breach + own.false + own.excused,
            breach: own.breach,
            false: own.false,
          };
        });
        const { tables } = workOutFigures({ people: [], hours: [], alerts, worn: [], seen: [], requests: [], reviews: [] });
        const order = orderOf(
          alerts.filter(({ all }) => all > 0).map(({ person, kind }) => ({ person, group: kind, yes: false, count: 1 })),
        );
        const known = attack(tables, order, ({ key }) => becameToldBy[key], becameFollows);
        found += known.size;
        expect([...known].filter(([, number]) => number > 1e-6 && number < leastShown - 1e-6)).toEqual([]);
      }),
      { numRuns: 400, seed: 20_261_128 },
    );
    expect(found).toBeGreaterThan(1000);
  });

  test('a middle is told of ten people at least, and never to the second of one of them', () => {
    const requests = Array.from({ length: 11 }, (_, i) => ({ person: 1, inTime: true, hours: 7.3456789 + i }));
    const table = (rows: typeof requests) =>
      workOutFigures({ people: [], hours: [], alerts: [], worn: [], seen: [], requests: rows, reviews: [] }).tables.find(
        ({ key }) => key === 'hours-to-answer',
      );
    expect(table(requests)?.whole).toBeNull();
    const whole = table(requests.map((own, person) => ({ ...own, person })))?.whole;
    expect(whole).toMatchObject({ of: 11, value: 12 });
    // Of several requests of one, how many there are in all is told in tens.
    expect(table([...requests.map((own, person) => ({ ...own, person })), ...requests.slice(0, 2)])?.whole?.of).toBe(10);
  });
});

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
