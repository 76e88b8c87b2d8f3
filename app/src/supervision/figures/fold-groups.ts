/** Fewer than this, of people or of what is counted, are never published, nor a difference that tells so few. */
export const leastShown = 5;

/** What is counted of somebody: so many of one group, that a measure says yes or no of. Whose they are is for the size of a cell alone. */
export interface CountedRow {
  person: number;
  group: string;
  yes: boolean;
  /** How many: 1 where people are counted. */
  count: number;
  /** Counted in another table over the same people, and not in this one: the measure is of the others alone. */
  isBeside?: boolean;
  /** A finer part of its side, which follows from this table and others together. */
  atom?: string;
}

/** What tables over the same people tell together, by the atoms of their rows: each is large enough, or may be nobody as well. */
export type Atoms = Readonly<Record<string, 'enough' | 'enough or none'>>;

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

const isEnough = ({ count, people }: Cell, least = leastShown) => count >= least && people.size >= least;

/**
 * Groups by size, and as many of them each by itself as can be: the largest first, and all others folded into one. Every cell that is
 * published, yes and no alike, has at least five people and five of what is counted in it.
 *
 * Nothing smaller can be had by taking published tables from one another. All tables over the same people fold one order of groups from its
 * end, so the cells of one are unions of the cells of another, and any difference of sums is a sum of cells that are published somewhere; of what
 * is folded at least two groups share one cell. Where the whole is too small for two cells, nothing is published.
 *
 * What follows from two tables of one group (had an alert, less a false one; had none, by the alerts of the table beside) is a cell as well: its
 * rows name it as their atom.
 *
 * @param order groups of the base table, largest first; of a table over the same people the same order
 * @param measures whether `yes` is published too, or how many there are alone
 * @param least people in a cell, where what is told of them takes more than to count them
 */
export function foldGroups(
  rows: readonly CountedRow[],
  order: readonly string[],
  measures: boolean,
  atoms: Atoms = {},
  least = leastShown,
): PublishedGroup[] | null {
  const groups = order.map((group) => cellsOf(group, rows, atoms));
  const isShown = (part: readonly GroupCells[]) => {
    const cells = measures ? [together(part, ({ yes }) => yes), together(part, ({ no }) => no)] : [together(part, ({ all }) => all)];
    return cells.every((cell) => isEnough(cell, least)) && areEnough(part, atoms);
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
      of: together(part, ({ all }) => all).count,
      yes: measures ? together(part, ({ yes }) => yes).count : 0,
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

interface GroupCells {
  group: string;
  all: Cell;
  yes: Cell;
  no: Cell;
  atoms: Record<string, Cell>;
}

function cellsOf(group: string, rows: readonly CountedRow[], atoms: Atoms): GroupCells {
  const own = rows.filter((row) => row.group === group);
  const measured = own.filter(({ isBeside }) => !isBeside);
  return {
    group,
    all: cellOf(measured),
    yes: cellOf(measured.filter(({ yes }) => yes)),
    no: cellOf(measured.filter(({ yes }) => !yes)),
    atoms: Object.fromEntries(Object.keys(atoms).map((name) => [name, cellOf(own.filter(({ atom }) => atom === name))])),
  };
}

const cellOf = (rows: readonly CountedRow[]): Cell => ({
  count: rows.reduce((all, { count }) => all + count, 0),
  people: new Set(rows.map(({ person }) => person)),
});

const areEnough = (part: readonly GroupCells[], atoms: Atoms): boolean =>
  Object.entries(atoms).every(([name, rule]) => {
    const cell = together(part, (own) => own.atoms[name] as Cell);
    return isEnough(cell) || (rule === 'enough or none' && cell.count === 0);
  });

function together(part: readonly GroupCells[], which: (own: GroupCells) => Cell): Cell {
  return {
    count: part.reduce((all, own) => all + which(own).count, 0),
    people: new Set(part.flatMap((own) => [...which(own).people])),
  };
}

/** The whole of a table, where it may be told: every side of it is large enough. */
export function wholeOf(rows: readonly CountedRow[], measures: boolean, atoms: Atoms = {}): { of: number; yes: number } | null {
  const whole = cellsOf(
    '',
    rows.map((row) => ({ ...row, group: '' })),
    atoms,
  );
  if (!(measures ? [whole.yes, whole.no] : [whole.all]).every((cell) => isEnough(cell)) || !areEnough([whole], atoms)) return null;
  return { of: whole.all.count, yes: measures ? whole.yes.count : 0 };
}
