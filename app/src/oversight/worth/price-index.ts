import { sql } from 'kysely';
import { type Action, InvalidError } from '../../platform/action.ts';
import { type Database, withPurpose } from '../../platform/database.ts';
import type { GeneratedTables } from '../schema/generated-tables.ts';
import type { Cost } from './figures.ts';

declare module '../../platform/database.ts' {
  interface Tables extends Pick<GeneratedTables, 'oversight.price_indices'> {}
}

/** What prices were in one year, against any base. */
export interface PriceIndex {
  year: number;
  index: number;
  source: string;
}

/** No series stands higher against any base. */
const highest = 1_000_000;

/** The latest that was entered for each year; nothing of it comes with the product, as such series are revised. */
export async function priceIndices(db: Database): Promise<PriceIndex[]> {
  return withPurpose(db, 'oversight', 'oversight', async (tx) => {
    const { rows } = await sql<PriceIndex>`
      SELECT year, index::float8 AS index, source FROM (
        SELECT DISTINCT ON (year) year, index, source FROM oversight.price_indices WHERE index < ${highest} ORDER BY year, id DESC) AS latest ORDER BY year`.execute(
      tx,
    );
    return rows;
  });
}

/** Enters what prices were in some years: a line each, year and index with a space between; all of one series. */
export const enterPrices: Action<null, { lines: string; source: string }, { years: number }> = {
  name: 'worth.enter',
  room: 'oversight',
  purpose: 'oversight',
  async run({ tx, actor, note }, _services, { lines, source }) {
    note(null);
    const from = source.trim().slice(0, 500);
    if (from.length < 10)
      throw new InvalidError(
        'Say which series it is and who published it when, such as “GDP deflator, HM Treasury, June 2026”.',
        'indexSource',
      );
    const rows = lines
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    if (rows.length < 2) throw new InvalidError('Give at least two years, a line each: 2016 80.9', 'lines');
    if (rows.length > 200) throw new InvalidError('Give at most 200 years.', 'lines');
    for (const [i, row] of rows.entries()) {
      const [year = '', index = ''] = row.split(/[\s;,=]+/);
      if (!/^(199\d|20\d\d)$/.test(year)) throw new InvalidError(`Line ${i + 1}: “${year.slice(0, 20)}” is no year such as 2016.`, 'lines');
      if (!/^\d{1,7}(\.\d{1,12})?$/.test(index) || !(Number(index) > 0 && Number(index) < highest))
        throw new InvalidError(`Line ${i + 1}: “${index.slice(0, 20)}” is no number from 0 to a million, such as 80.9.`, 'lines');
      await tx
        .insertInto('oversight.price_indices')
        .values({ year: Number(year), index, source: from, by_name: actor.name })
        .execute();
    }
    note({ kind: 'price index', id: rows.length });
    return { years: rows.length };
  },
};

export interface CostInYear extends Cost {
  /** The figure in the prices of the year asked for; null where prices of its own year or of that one are not known. */
  inYear: { low: number; high: number } | null;
}

/** Each cost in the prices of one year: low and high times the index of that year over the index of its own. */
export function inPricesOf(costs: readonly Cost[], year: number | null, indices: readonly PriceIndex[]): CostInYear[] {
  const of = (own: number) => indices.find((known) => known.year === own)?.index;
  const wanted = year === null ? undefined : of(year);
  return costs.map((cost) => {
    const own = cost.figure && of(cost.figure.priceYear);
    if (!cost.figure || !own || !wanted) return { ...cost, inYear: null };
    return { ...cost, inYear: { low: (cost.figure.low * wanted) / own, high: (cost.figure.high * wanted) / own } };
  });
}
