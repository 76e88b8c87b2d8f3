import { createHash } from 'node:crypto';
import pg from 'pg';
import type { Mapping, RawRow } from './mapping.ts';
import { FileFault, type RowSource, tableRow } from './raw-rows.ts';

const rowsTogether = 2_000;
const connectMs = 10_000;
/** An agency's database is not to be held up by a query that has gone wrong. */
const statementMs = 10 * 60_000;

/** Whatever it is, as the database writes it. */
const asText = { getTypeParser: () => (value: string) => value };

/**
 * The rows of a mapping's query on an agency's PostgreSQL, read in one read-only transaction, some thousand at a time. The
 * query is one SELECT: anything else is refused by the database itself.
 * @param url where the database is, with its sign-in; never shown in a message
 * @throws FileFault when it cannot be reached or does not take the query
 */
export async function readDatabase(url: string, mapping: Mapping): Promise<RowSource> {
  let client: pg.Client;
  try {
    client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: connectMs,
      statement_timeout: statementMs,
      types: asText as unknown as pg.CustomTypesConfig,
    });
    // A connection that breaks shows in the query that was under way.
    client.on('error', () => undefined);
    await client.connect();
  } catch (error) {
    throw new FileFault(`The agency's database cannot be reached: ${plain(error)}. Ask the agency whether it is up and lets Waymark in.`);
  }
  const hash = createHash('sha256');
  try {
    await client.query("SET datestyle TO 'ISO'");
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    // By the extended protocol a text is one statement: nothing can be hung on to it.
    await client.query({ text: `DECLARE sent NO SCROLL CURSOR FOR ${mapping.query}`, queryMode: 'extended' } as pg.QueryConfig);
    const first = await fetchRows(client);
    const columns = first.fields.map(({ name }) => name);
    const places = new Map(columns.map((name, i) => [name, i]));
    async function* rows(): AsyncGenerator<RawRow> {
      let part = first.rows;
      let place = 0;
      try {
        while (part.length > 0) {
          for (const cells of part) {
            hash.update(JSON.stringify(cells));
            yield tableRow(++place, places, cells);
          }
          part = (await fetchRows(client)).rows;
        }
      } catch (error) {
        throw new FileFault(
          `The agency's database broke off after ${place} rows: ${plain(error)}. What was read is kept; it is read again next time.`,
        );
      } finally {
        await client.end().catch(() => undefined);
      }
    }
    return { columns, rows: rows(), problems: [], digest: () => hash.digest('hex'), close: () => client.end().catch(() => undefined) };
  } catch (error) {
    await client.end().catch(() => undefined);
    throw new FileFault(`The agency's database does not take the query of the mapping "${mapping.name}": ${plain(error)}.`);
  }
}

function fetchRows(client: pg.Client): Promise<pg.QueryArrayResult<(string | null)[]>> {
  return client.query<(string | null)[]>({ text: `FETCH FORWARD ${rowsTogether} FROM sent`, rowMode: 'array' });
}

/** What went wrong, in words of ours: the database's own name hosts, sign-ins, and values that the agreement may not allow. */
function plain(error: unknown): string {
  const { code = '' } = error as { code?: string };
  const known: Record<string, string> = {
    ECONNREFUSED: 'nothing answers at its address',
    ENOTFOUND: 'there is nothing of its name',
    EAI_AGAIN: 'its name cannot be looked up just now',
    ETIMEDOUT: 'it does not answer in time',
    ECONNRESET: 'the connection was cut',
    '28P01': 'it refuses the sign-in',
    '28000': 'it refuses the sign-in',
    '3D000': 'there is no database of that name',
    '42P01': 'the query names a table that is not there',
    '42703': 'the query names a column that is not there',
    '42501': 'the sign-in may not read what the query asks for',
    '42601': 'the query is no one SELECT',
    '57014': 'it took longer than ten minutes',
    '25006': 'the query would change something',
  };
  if (known[code]) return known[code];
  if (code.startsWith('22')) return `a value does not fit the query (code ${code})`;
  if (code.startsWith('0A')) return `the query would do more than read (code ${code})`;
  if (/timeout/i.test((error as Error).message ?? '')) return 'it does not answer in time';
  return code ? `code ${code}` : 'the address in the configuration cannot be used';
}
