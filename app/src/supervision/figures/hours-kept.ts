import { type Characteristic, characteristics } from './equality-tables.ts';
import { everybody, type FigureLine, type FigureTable } from './figure-table.ts';
import { type CountedRow, foldGroups, orderOf } from './fold-groups.ts';
import { leastForMedian } from './medians.ts';
import type { HoursRow, PersonRow } from './questions.ts';

/** Hours are told in whole hundreds, and shares of them in whole hundredths; that all were always there, or nobody ever, is told of nobody. */
const hoursStep = 100;
const shareStep = 0.01;
/** Where one person has more of the hours than this, what is told would be theirs. */
const onesShareAtMost = 0.2;

/** What part of the hours is told. */
const parts: { key: string; title: string; caution: string; of(row: HoursRow): number }[] = [
  {
    key: 'time-kept',
    title: 'Time at which people were where they had to be',
    caution:
      'Of all hours asked. In those of which the tag told too little they may have been there too. Leave is not asked for. Who had to be in two places counts in both. 99 % stands for more as well, and 1 % for less.',
    of: ({ kept }) => kept,
  },
  {
    key: 'time-unknown',
    title: 'Time of which the tag told too little',
    caution:
      'An empty battery, no signal, a tag that was cut off: it counts neither for the person nor against them. 1 % stands for less as well.',
    of: ({ unknown }) => unknown,
  },
];

/**
 * How much of the time at which people had to be in a place they were there, by each characteristic: hours of all of them together, so that a
 * few who were never there weigh as long as they were away. A group is told where ten of it have such hours; smaller ones are folded.
 */
export function hoursKeptOf({ people, hours }: { people: readonly PersonRow[]; hours: readonly HoursRow[] }): FigureTable[] {
  const asked = new Map(hours.filter((row) => allOf(row) > 0).map((row) => [row.person, row]));
  const isCounted = hours.length > 0 && hours.every((row) => row.isCounted);
  const told = (members: readonly PersonRow[]) => (isCounted ? members.flatMap(({ person }) => asked.get(person) ?? []) : []);
  return (Object.entries(characteristics) as [Characteristic, string][]).flatMap(([key, by]) => {
    const all = people.map((row): CountedRow => ({ person: row.person, group: row[key], yes: false, count: 1 }));
    // In the order of every table over these people, see foldGroups; of those of whom there are any hours.
    const order = orderOf(all);
    const those = all.filter(({ person }) => asked.has(person));
    const folded = foldGroups(those, order, false, {}, leastForMedian);
    const alone = new Set(folded?.filter(({ folds }) => folds === 1).map(({ group }) => group));
    return parts.map(({ key: name, title, caution, of }): FigureTable => {
      const lines = folded?.map(({ group, folds }) => {
        const members = folds === 1 ? [group] : order.filter((own) => !alone.has(own));
        return shareOfHours(group, told(people.filter((row) => members.includes(row[key]))), of);
      });
      return {
        about: 'hours',
        question: 'hours',
        by,
        key: `${name}-by-${key}`,
        title,
        ofWords: 'hours at which people had to be in a place',
        unit: 'share of hours',
        caution,
        lines: lines?.every((line) => line !== null) ? lines : null,
        whole: shareOfHours(everybody, told(people), of),
        ...(isCounted
          ? {}
          : { notTold: hours.length === 0 ? 'no hours were counted in this time' : 'hours were not counted on every day of this time' }),
      };
    });
  });
}

const allOf = ({ kept, broken, unknown }: HoursRow): number => kept + broken + unknown;

/**
 * A part of some people's hours, with its 95 % interval from how they differ from one another (of a ratio of sums: Cochran, Sampling
 * Techniques, 1977, section 2.11); null of too few people, and where it is one person’s above all.
 */
function shareOfHours(group: string, rows: readonly HoursRow[], of: (row: HoursRow) => number): FigureLine | null {
  if (rows.length < leastForMedian) return null;
  const all = rows.reduce((sum, row) => sum + allOf(row), 0);
  if (rows.some((row) => allOf(row) > onesShareAtMost * all)) return null;
  const share = rows.reduce((sum, row) => sum + of(row), 0) / all;
  const squares = rows.reduce((sum, row) => sum + (of(row) - share * allOf(row)) ** 2, 0);
  const half = (1.96 * Math.sqrt((squares * rows.length) / (rows.length - 1))) / all;
  // How much a few differ from one another would tell of them.
  const isWide = rows.length >= 4 * leastForMedian;
  const inSteps = (value: number) =>
    Number((Math.round(Math.min(1 - shareStep, Math.max(shareStep, value)) / shareStep) * shareStep).toFixed(2));
  return {
    group,
    of: Math.round(all / hoursStep) * hoursStep,
    yes: null,
    value: inSteps(share),
    low: isWide ? inSteps(share - half) : null,
    high: isWide ? inSteps(share + half) : null,
  };
}
