/** Fewer than this, of people or of what is counted, are never published, nor a difference that tells so few. */
export const leastShown = 5;

/** What is counted of somebody: so many of one group, that a measure says yes or no of. Whose they are is for the size of a cell alone. */
export interface CountedRow {
  person: number;
  group: string;
  yes: boolean;
  /** How many: 1 where people are counted. */
  count: number;
}

/** A cell of a published table: a group, or several that were folded into one. */
export interface PublishedGroup {
  group: string;
  /** How many groups were folded into it; 1: it is itself. */
  folds: number;
  of: number;
  yes: number;
}

/** What small groups are folded into. */
export const othersTogether = 'others together';

interface Cell {
  count: number;
  people: Set<number>;
}

const isEnough = ({ count, people }: Cell) => count >= leastShown && people.size >= leastShown;

/**
 * Groups by size, and as many of them each by itself as can be: the largest first, and all others folded into one. Every cell that is
 * published, yes and no alike, has at least five people and five of what is counted in it.
 *
 * Nothing smaller can be had by taking published tables from one another. All tables over the same people fold one order of groups from its
 * end, so the cells of one are unions of the cells of another, and any difference of sums is a sum of cells that are published somewhere; of what
 * is folded at least two groups share one cell. Where the whole is too small for two cells, nothing is published.
 *
 * @param order groups of the base table, largest first; of a table over the same people the same order
 * @param measures whether `yes` is published too, or how many there are alone
 */
export function foldGroups(rows: readonly CountedRow[], order: readonly string[], measures: boolean): PublishedGroup[] | null {
  const groups = order.map((group) => ({
    group,
    all: cellOf(rows, group),
    yes: cellOf(rows, group, true),
    no: cellOf(rows, group, false),
  }));
  const isShown = (part: typeof groups) => {
    const cells = measures ? [together(part, 'yes'), together(part, 'no')] : [together(part, 'all')];
    return cells.every(isEnough);
  };
  for (let alone = groups.length; alone >= 1; alone--) {
    const rest = groups.slice(alone);
    // One group that is folded alone is not folded: it stands under its own name, which the next step tries.
    if (rest.length === 1) continue;
    const parts = [...groups.slice(0, alone).map((own) => [own]), ...(rest.length > 0 ? [rest] : [])];
    if (parts.length < 2 || !parts.every(isShown)) continue;
    return parts.map((part) => ({
      group: part.length === 1 ? (part[0]?.group ?? '') : othersTogether,
      folds: part.length,
      of: together(part, 'all').count,
      yes: measures ? together(part, 'yes').count : 0,
    }));
  }
  return null;
}

/** Groups from the largest, by how many people are in each; alike ones by name. */
export function orderOf(rows: readonly CountedRow[]): string[] {
  const people = new Map<string, Set<number>>();
  for (const { group, person } of rows) people.set(group, (people.get(group) ?? new Set()).add(person));
  return [...people].sort(([a, x], [b, y]) => y.size - x.size || (a < b ? -1 : 1)).map(([group]) => group);
}

function cellOf(rows: readonly CountedRow[], group: string, yes?: boolean): Cell {
  const own = rows.filter((row) => row.group === group && (yes === undefined || row.yes === yes));
  return { count: own.reduce((all, { count }) => all + count, 0), people: new Set(own.map(({ person }) => person)) };
}

function together(part: readonly { all: Cell; yes: Cell; no: Cell }[], which: 'all' | 'yes' | 'no'): Cell {
  return {
    count: part.reduce((all, own) => all + own[which].count, 0),
    people: new Set(part.flatMap((own) => [...own[which].people])),
  };
}

/** The whole of a table, where it may be told: both sides of it are large enough. */
export function wholeOf(rows: readonly CountedRow[], measures: boolean): { of: number; yes: number } | null {
  const one = rows.map((row) => ({ ...row, group: '' }));
  const [all, yes, no] = [cellOf(one, ''), cellOf(one, '', true), cellOf(one, '', false)];
  if (!(measures ? [yes, no] : [all]).every(isEnough)) return null;
  return { of: all.count, yes: measures ? yes.count : 0 };
}
