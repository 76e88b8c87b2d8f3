import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { type Mapping, MappingError, mappingOfName, readMapping } from '../records/index.ts';
import type {} from '../schema/tables.ts';

export interface NewFeed {
  source: number;
  /** A folder that the agency puts files in, or a database of the agency. */
  kind: string;
  /** Of a database: one of the names in the configuration. */
  database: string;
  /** The name of a mapping that comes along, or one written out. */
  mapping: string;
  atTime: string;
  /** 0 is Sunday; empty for every day. */
  weekday: string;
}

/** The databases of agencies that this installation can reach, by name; their addresses stay in the configuration. */
export interface FeedPlaces {
  databases: ReadonlyMap<string, string>;
  /** The folder in which each source has one of its own. */
  incoming: string;
}

/**
 * A mapping by its name, or written out.
 * @throws InvalidError naming each fault
 */
export function feedMapping(given: string): Mapping {
  try {
    return mappingOfName(given) ?? readMapping(given);
  } catch (error) {
    if (error instanceof MappingError) throw new InvalidError(error.message, 'feed-mapping');
    throw error;
  }
}

/** Sets up a feed: from now on it is read at its time, under the agreement in force then. */
export const declareFeed: Action<FeedPlaces, NewFeed, { id: number }> = {
  name: 'feed.declare',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, actor, note }, { databases }, { source, kind, database, mapping, atTime, weekday }) {
    note({ kind: 'source', id: source });
    const found = await tx.selectFrom('support.sources').select('id').where('id', '=', source).executeTakeFirst();
    if (!found) throw new NotFoundError('There is no such source.');
    if (kind !== 'folder' && kind !== 'database') throw new InvalidError('Choose whether files or a database are read.', 'kind');
    const own = feedMapping(mapping);
    if (kind === 'database' && !databases.has(database))
      throw new InvalidError('Choose the database. Databases are named in the configuration of the server.', 'database');
    if (kind === 'database' && own.reads !== 'sql')
      throw new InvalidError(`The mapping "${own.name}" reads files. A database needs one that reads sql, with its query.`, 'feed-mapping');
    if (kind === 'folder' && own.reads === 'sql')
      throw new InvalidError(`The mapping "${own.name}" reads a database. Choose one that reads files.`, 'feed-mapping');
    const other = await tx
      .selectFrom('support.feeds')
      .select('id')
      .where('source_id', '=', source)
      .where('kind', '=', 'folder')
      .where('ended_at', 'is', null)
      .executeTakeFirst();
    if (kind === 'folder' && other)
      throw new InvalidError("The source's folder is read by a feed already. End that one first, or make another source.", 'kind');
    if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(atTime)) throw new InvalidError('Give the time, such as 06:30.', 'atTime');
    if (!/^[0-6]?$/.test(weekday)) throw new InvalidError('Choose the day.', 'weekday');
    const { id } = await tx
      .insertInto('support.feeds')
      .values({
        source_id: source,
        kind,
        database_name: kind === 'database' ? database : null,
        mapping,
        at_time: atTime,
        weekday: weekday === '' ? null : Number(weekday),
        by_name: actor.name,
        ended_at: null,
        last_run_at: null,
        running_since: null,
        last_import: null,
        last_problem: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    return { id };
  },
};

/** Ends a feed. What it has brought stays. */
export const endFeed: Action<null, { id: number }, { source: number }> = {
  name: 'feed.end',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, note }, _services, { id }) {
    note({ kind: 'feed', id });
    const found = await tx
      .updateTable('support.feeds')
      .set({ ended_at: new Date() })
      .where('id', '=', id)
      .where('ended_at', 'is', null)
      .returning('source_id as source')
      .executeTakeFirst();
    if (!found) throw new NotFoundError('There is no such feed, or it has ended already.');
    return found;
  },
};
