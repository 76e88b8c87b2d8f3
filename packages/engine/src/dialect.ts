/**
 * The few SQL fragments that differ between analytical engines.
 *
 * Queries elsewhere keep to common table expressions, joins, windows, CASE and aggregates; what is not in that
 * portable core is asked for here by meaning, so that another engine can answer it in its own words.
 */
export interface SqlDialect {
  /** The integer cell that a number falls into when the line is cut in steps of `size`. */
  cell(expression: string, size: string): string;
  /** The value of `value` in the row where `by` is smallest. */
  valueAtLeast(value: string, by: string): string;
  /** Rows of one integer column `n` from `from` to `to`, both included. */
  integers(from: string, to: string): string;
}

export const duckdbDialect: SqlDialect = {
  cell: (expression, size) => `CAST(floor((${expression}) / (${size})) AS INTEGER)`,
  valueAtLeast: (value, by) => `arg_min(${value}, ${by})`,
  integers: (from, to) => `SELECT CAST(range AS INTEGER) AS n FROM range(${from}, (${to}) + 1)`,
};
