import type { ColumnType } from 'kysely';

/** A column of JSON: read as it was, written as text. */
export type Json<T> = ColumnType<T, string, string>;

/** Days as `YYYY-MM-DD`. The database's own dates would take on a time of day and a zone. */
export type Day = ColumnType<string | Date, string, string>;

/** Decimal numbers of any length: read as text, so that no digit is lost. */
export type Numeric = ColumnType<string, number | string, number | string>;

/**
 * Tables as the database has them, with some columns told more exactly: which words a text may be, what a JSON column holds.
 * A column or table that the database does not have does not compile.
 */
export type Narrowed<
  All,
  Own extends { [T in keyof Own]: T extends keyof All ? { [C in keyof Own[T]]: C extends keyof All[T] ? unknown : never } : never },
> = { [T in keyof All]: T extends keyof Own ? Omit<All[T], keyof Own[T]> & Own[T] : All[T] };
