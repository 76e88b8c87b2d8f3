import type { Action } from '../../platform/action.ts';
import type {} from '../schema/tables.ts';
import type { Columns } from './crime-headings.ts';
import type { KeptColumns } from './parsed-crime.ts';

/** How files of each system were read, the latest first: headings alone, nothing of any crime. */
export const readKeptColumns: Action<null, null, KeptColumns[]> = {
  name: 'crime.import',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }) {
    note(null, { kept: true });
    return tx
      .selectFrom('supervision.crime_columns')
      .select(['layout', 'columns', 'time_zone as timeZone', 'by_name as by'])
      .orderBy('at', 'desc')
      .limit(500)
      .execute();
  },
};

/** Keeps how a file was read, for the next one with the same headings, whoever sends it. */
export const keepColumns: Action<null, { layout: string; columns: Columns; timeZone: string }, null> = {
  name: 'crime.import',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note }, _services, { layout, columns, timeZone }) {
    note(null, { columns: Object.keys(columns).length });
    const values = { columns: JSON.stringify(columns), time_zone: timeZone, by_name: actor.name, at: new Date() };
    await tx
      .insertInto('supervision.crime_columns')
      .values({ layout: layout.slice(0, 4000), ...values })
      .onConflict((conflict) => conflict.column('layout').doUpdateSet(values))
      .execute();
    return null;
  },
};
