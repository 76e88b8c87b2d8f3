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
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: connectMs,
    statement_timeout: statementMs,
    types: asText as unknown as pg.CustomTypesConfig,
  });
  // A connection that breaks shows in the query that was under way.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw new FileFault(
      `The agency's database cannot be reached: ${plain(error, url)}. Ask the agency whether it is up and lets Waymark in.`,
    );
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
          `The agency's database broke off after ${place} rows: ${plain(error, url)}. What was read is kept; it is read again next time.`,
        );
      } finally {
        await client.end().catch(() => undefined);
      }
    }
    return { columns, rows: rows(), problems: [], digest: () => hash.digest('hex'), close: () => client.end().catch(() => undefined) };
  } catch (error) {
    await client.end().catch(() => undefined);
    throw new FileFault(`The agency's database does not take the query of the mapping "${mapping.name}": ${plain(error, url)}.`);
  }
}

function fetchRows(client: pg.Client): Promise<pg.QueryArrayResult<(string | null)[]>> {
  return client.query<(string | null)[]>({ text: `FETCH FORWARD ${rowsTogether} FROM sent`, rowMode: 'array' });
}

/** What went wrong, without the sign-in. */
function plain(error: unknown, url: string): string {
  const message = error instanceof Error ? error.message || (error as NodeJS.ErrnoException).code || error.name : String(error);
  let password = '';
  try {
    password = decodeURIComponent(new URL(url).password);
  } catch {
    // An address that cannot be read has no password that could show.
  }
  return (password ? message.replaceAll(password, '…') : message).replaceAll(url, 'its address').slice(0, 300).replace(/\.$/, '');
}
