import type { Action } from '../../platform/action.ts';
import { InvalidError } from '../../platform/action.ts';
import { agreementInForce } from '../agreements/index.ts';
import { guessMapping, type MappingGuess, type SampleColumn } from './guess-mapping.ts';
import type { Mapping } from './mapping.ts';
import { FileFault } from './raw-rows.ts';
import { readCsv } from './read-csv.ts';
import { readExcel } from './read-excel.ts';

const sampled = 200;

/**
 * Looks at a sample of a source's file and writes a mapping for it. Nothing of the sample is kept; even to look takes an
 * agreement in force.
 */
export const tryMapping: Action<null, { source: string; path: string; reads: string; headings: number; today: string }, MappingGuess> = {
  name: 'mapping.try',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, note }, _services, { source, path, reads, headings, today }) {
    const { sourceId } = await agreementInForce(tx, source, today);
    note({ kind: 'source', id: sourceId });
    if (reads !== 'csv' && reads !== 'excel')
      throw new InvalidError('Choose whether the sample is CSV or Excel. Other formats are mapped by hand.', 'reads');
    if (!Number.isInteger(headings) || headings < 1 || headings > 100)
      throw new InvalidError('Give the row with the headings, from 1 to 100.', 'headings');
    const empty: Mapping = { format: 'waymark-mapping-1', name: source, reads, headings, key: { column: '' }, identity: {} };
    try {
      const { columns, rows } = await (reads === 'csv' ? readCsv(path, empty) : readExcel(path, empty));
      const named = (columns ?? []).filter(Boolean);
      if (named.length === 0) throw new InvalidError('There are no headings in that row. Is it the right one?', 'headings');
      const found: SampleColumn[] = named.map((name) => ({ name, values: [] }));
      let read = 0;
      for await (const row of rows) {
        for (const column of found) {
          const value = row.get(column.name)?.trim();
          if (value) column.values.push(value);
        }
        if (++read >= sampled) break;
      }
      if (read === 0) throw new InvalidError('The sample has headings and no rows. Some twenty rows are enough.', 'sample');
      return guessMapping(found, { name: `${source}, from a sample`, reads, headings: reads === 'excel' ? headings : undefined });
    } catch (error) {
      if (error instanceof FileFault) throw new InvalidError(error.message, 'sample');
      throw error;
    }
  },
};
