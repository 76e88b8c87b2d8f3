import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { type Static, Type } from 'typebox';
import Value from 'typebox/value';
import { parse } from 'yaml';
import { type Action, InvalidError } from '../../platform/action.ts';
import { type Database, type Tx, withPurpose } from '../../platform/database.ts';
import type { GeneratedTables } from '../schema/generated-tables.ts';

/** What a cost is of. */
export const costGroups = ['prison on average', 'tag', 'one prisoner fewer', 'support'] as const;
export type CostGroup = (typeof costGroups)[number];

const only = { additionalProperties: false };
const Text = Type.String({ minLength: 3, maxLength: 500 });
const Figures = Type.Object(
  {
    costs: Type.Array(
      Type.Object(
        {
          key: Text,
          group: Type.Union(costGroups.map((group) => Type.Literal(group))),
          name: Text,
          low: Type.Optional(Type.Number({ minimum: 0 })),
          high: Type.Optional(Type.Number({ minimum: 0 })),
          priceYear: Type.Optional(Type.Integer({ minimum: 1990, maximum: 2100 })),
          source: Type.Optional(Text),
          note: Type.Optional(Text),
        },
        only,
      ),
    ),
    effects: Type.Array(
      Type.Object(
        {
          name: Text,
          /** Per cent of people, without and with. */
          without: Type.Optional(Type.Number()),
          with: Type.Optional(Type.Number()),
          cases: Type.Optional(Type.Integer()),
          strength: Text,
          source: Text,
        },
        only,
      ),
    ),
  },
  only,
);
export type Effect = Static<typeof Figures>['effects'][number];

/** What one person costs in one year, pounds of the price year. */
export interface Cost {
  key: string;
  group: CostGroup;
  name: string;
  note: string | null;
  /** Null where no figure with a source is known. */
  figure: { low: number; high: number; priceYear: number; source: string } | null;
  /** Who entered it and when; null for what comes with the product. */
  entered: { by: string; at: Date } | null;
}

declare module '../../platform/database.ts' {
  interface Tables extends Pick<GeneratedTables, 'oversight.cost_figures'> {}
}

let seed: Static<typeof Figures> | undefined;

function published(): Static<typeof Figures> {
  if (seed) return seed;
  const found: unknown = parse(readFileSync(join(import.meta.dirname, 'figures.yaml'), 'utf8'));
  if (!Value.Check(Figures, found)) throw new Error('figures.yaml does not fit its form');
  seed = found;
  return seed;
}

export const effects = (): Effect[] => published().effects;

/** The figures that count now: the latest that was entered, else what was published. They are nobody's data. */
export async function costsNow(db: Database): Promise<Cost[]> {
  return withPurpose(db, 'oversight', 'oversight', readCosts);
}

async function readCosts(tx: Tx): Promise<Cost[]> {
  const { rows } = await sql<{ key: string; low: number; high: number; price_year: number; source: string; by_name: string; at: Date }>`
    SELECT DISTINCT ON (key) key, low::float8 AS low, high::float8 AS high, price_year, source, by_name, at
      FROM oversight.cost_figures ORDER BY key, id DESC`.execute(tx);
  const entered = new Map(rows.map((row) => [row.key, row]));
  return published().costs.map(({ key, group, name, low, high, priceYear, source, note = null }) => {
    const own = entered.get(key);
    if (own) {
      const figure = { low: own.low, high: own.high, priceYear: own.price_year, source: own.source };
      return { key, group, name, note, figure, entered: { by: own.by_name, at: own.at } };
    }
    const isWhole = low !== undefined && high !== undefined && priceYear !== undefined && source !== undefined;
    return { key, group, name, note, figure: isWhole ? { low, high, priceYear, source } : null, entered: null };
  });
}

export interface EnteredCost {
  key: string;
  low: string;
  high: string;
  priceYear: string;
  source: string;
}

/** Enters a newer figure. What was there before stays on record. */
export const enterCost: Action<null, EnteredCost, null> = {
  name: 'worth.enter',
  room: 'oversight',
  purpose: 'oversight',
  async run({ tx, actor, note }, _services, { key, low, high, priceYear, source }) {
    if (!published().costs.some((own) => own.key === key)) throw new InvalidError('Choose what the figure is about.', 'key');
    const pounds = (text: string, field: string) => {
      const value = Number(text.replace(/[£,\s]/g, ''));
      if (text.trim() === '' || !Number.isFinite(value) || value < 0 || value > 10_000_000)
        throw new InvalidError(`“${text.slice(0, 20)}” is no amount. Enter pounds for one person and one year, such as 4500.`, field);
      return value;
    };
    const [from, to] = [pounds(low, 'low'), pounds(high.trim() === '' ? low : high, 'high')];
    if (to < from) throw new InvalidError('The higher figure is below the lower one.', 'high');
    const year = Number(priceYear);
    if (!Number.isInteger(year) || year < 1990 || year > new Date().getFullYear())
      throw new InvalidError('Enter the year whose prices it is in, such as 2024.', 'priceYear');
    if (source.trim().length < 10) throw new InvalidError('Say where the figure comes from: who published what, and when.', 'source');
    await tx
      .insertInto('oversight.cost_figures')
      .values({ key, low: from, high: to, price_year: year, source: source.trim().slice(0, 500), by_name: actor.name })
      .execute();
    note({ kind: 'cost figure', id: key }, { low: from, high: to, priceYear: year });
    return null;
  },
};
