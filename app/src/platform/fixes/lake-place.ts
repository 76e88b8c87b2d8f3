import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Connection } from '@waymark/engine';

/** Where a lake is, and how it is reached. */
export interface LakePlace {
  /** Address of the PostgreSQL database that holds its catalogue. */
  catalogue: string;
  /** Where its Parquet files lie: a folder that all servers reach, or `s3://bucket/prefix`. */
  files: string;
  /** The object store: `https://key:secret@host:port`, with `?region=` where it asks for one. */
  s3: string | null;
  /** Folder with DuckDB’s extensions of the same version; without one DuckDB fetches them itself. */
  extensions: string | null;
  /** Fixes that were taken more days ago leave a server's own file. */
  ownDays: number;
}

/** What a server knows of a lake when it opens its store. */
export interface LakeSetting {
  /** Null where there is none. */
  place: LakePlace | null;
  /** Makes the error that says why the lake cannot be used; its words never tell a password. */
  refusal: (words: string) => Error;
}

/** In the records' database, apart from every table of records. */
export const catalogueSchema = 'waymark_lake';
const extensions = ['httpfs', 'postgres_scanner', 'ducklake'] as const;
const triesToBegin = 5;

export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** What a fault says, without a password or a key. */
export function withoutSecrets(place: LakePlace, error: unknown): string {
  const said = (error instanceof Error ? error.message : String(error)).replace(/postgres(ql)?:\/\/[^\s"']*/g, 'postgres://(not shown)');
  const secrets = [place.catalogue, place.s3].flatMap((address) => {
    if (!address) return [];
    const { password, username, searchParams } = new URL(address);
    return [
      address,
      password,
      decoded(password),
      searchParams.get('password') ?? '',
      ...(address === place.s3 ? [username, decoded(username)] : []),
    ];
  });
  return secrets.filter((secret) => secret.length > 3).reduce((text, secret) => text.replaceAll(secret, '(not shown)'), said);
}

/** As it was meant; where it was not written as in addresses, as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** A database that does not answer is given up soon. */
function soon(catalogue: string): string {
  const address = new URL(catalogue);
  if (!address.searchParams.has('connect_timeout')) address.searchParams.set('connect_timeout', '5');
  return address.href;
}

/**
 * Attaches the lake as `lake` to all connections of an engine, and makes its tables where there are none.
 * @throws Error, made by `refusal`, naming what cannot be reached or loaded, and what to do
 */
export async function attachLake(connection: Connection, place: LakePlace, refusal: LakeSetting['refusal']): Promise<void> {
  await loadExtensions(connection, place, refusal);
  try {
    if (place.files.startsWith('s3://')) await connection.run(secretFor(place));
    else mkdirSync(place.files, { recursive: true, mode: 0o700 });
    await attachWhereItIs(connection, place);
    await makeTables(connection);
  } catch (error) {
    throw refusal(
      `The lake in ${place.files}, with its catalogue in DATABASE_URL, cannot be opened: ${withoutSecrets(place, error)}. Look at WAYMARK_LAKE, WAYMARK_LAKE_S3_URL and DATABASE_URL.`,
    );
  }
}

/**
 * Every catalogue has a folder of its own below the place that is named: a copy of an installation can never put another's files in order,
 * which removes what its own catalogue does not know.
 */
async function attachWhereItIs(connection: Connection, { catalogue, files }: LakePlace): Promise<void> {
  const place = `${(files.startsWith('s3://') ? files : resolve(files)).replace(/\/+$/, '')}/`;
  const attach = (path: string | null, more = '') =>
    connection.run(
      `ATTACH ${quoted(`ducklake:postgres:${soon(catalogue)}`)} AS lake (${path === null ? 'CREATE_IF_NOT_EXISTS false' : `DATA_PATH ${quoted(path)}`},
        METADATA_SCHEMA ${quoted(catalogueSchema)}, DATA_INLINING_ROW_LIMIT 0${more})`,
    );
  try {
    await attach(null);
  } catch (error) {
    if (!/creating a new DuckLake is explicitly disabled/i.test(String(error))) throw error;
    // Where another server makes it at the same time, there it is.
    return attach(`${place}${randomUUID()}/`).catch(() => attach(null));
  }
  const [stored] = await connection.rows<{ path: string }>("SELECT value AS path FROM lake.options() WHERE option_name = 'data_path'");
  const there = stored?.path ?? '';
  if (there.startsWith(place)) return;
  // The place was moved as a whole, or has another name now.
  await connection.run('DETACH lake');
  await attach(`${place}${basename(there)}/`, ', OVERRIDE_DATA_PATH true');
}

async function loadExtensions(connection: Connection, { extensions: folder }: LakePlace, refusal: LakeSetting['refusal']): Promise<void> {
  const [{ version } = { version: '' }] = await connection.rows<{ version: string }>('SELECT version() AS version');
  for (const name of extensions) {
    const file = folder === null ? null : join(folder, `${name}.duckdb_extension`);
    if (file !== null && !existsSync(file))
      throw refusal(`There is no ${file}: WAYMARK_LAKE_EXTENSIONS needs DuckDB’s extensions ${extensions.join(', ')} for ${version}.`);
    try {
      if (file === null) await connection.run(`INSTALL ${name}`);
      await connection.run(`LOAD ${file === null ? name : quoted(file)}`);
    } catch (error) {
      throw refusal(
        `DuckDB’s extension ${name} for ${version} cannot be ${file === null ? 'fetched' : `loaded from ${file}`}: ${(error as Error).message.split('\n')[0]} Put the extensions of that version into a folder and name it in WAYMARK_LAKE_EXTENSIONS, see docs/scale.md.`,
      );
    }
  }
}

function secretFor({ s3 }: LakePlace): string {
  const address = new URL(s3 ?? '');
  const part = (text: string) => quoted(decoded(text));
  return `CREATE OR REPLACE SECRET waymark_lake (TYPE s3, KEY_ID ${part(address.username)}, SECRET ${part(address.password)}, ENDPOINT ${quoted(address.host)},
    URL_STYLE 'path', USE_SSL ${address.protocol === 'https:'}, REGION ${quoted(address.searchParams.get('region') ?? 'us-east-1')})`;
}

/** Several servers may begin at the same time: who comes second finds what the first has made. */
async function makeTables(connection: Connection): Promise<void> {
  for (let tries = 1; ; tries++) {
    const there = await connection.rows<{ name: string }>("SELECT table_name AS name FROM duckdb_tables() WHERE database_name = 'lake'");
    if (there.some(({ name }) => name === 'sealed')) return;
    try {
      await connection.transaction(async () => {
        await connection.run(`CREATE TABLE lake.main.fixes (
          tag INTEGER NOT NULL, wearing INTEGER NOT NULL, at_ms BIGINT NOT NULL, received_ms BIGINT NOT NULL,
          lon DOUBLE NOT NULL, lat DOUBLE NOT NULL, accuracy_m FLOAT, speed_mps FLOAT, heading_deg FLOAT,
          method UTINYINT NOT NULL, battery FLOAT, seq DOUBLE, events VARCHAR, receipt BIGINT NOT NULL, month INTEGER NOT NULL)`);
        await connection.run('ALTER TABLE lake.main.fixes SET PARTITIONED BY (month)');
        await connection.run('ALTER TABLE lake.main.fixes SET SORTED BY (wearing ASC, at_ms ASC)');
        await connection.run('CREATE TABLE lake.main.sealed (receipt BIGINT NOT NULL, position BIGINT NOT NULL, installation VARCHAR)');
        await connection.run('INSERT INTO lake.main.sealed VALUES (0, 0, NULL)');
      });
      await connection.run("CALL lake.set_option('parquet_compression', 'zstd')");
      await connection.run("CALL lake.set_option('parquet_version', '2')");
      // One small row that changes by the minute stands in the catalogue itself.
      await connection.run("CALL lake.set_option('data_inlining_row_limit', 10, table_name => 'sealed')");
      await connection.run('UPDATE lake.main.sealed SET receipt = 0');
      await connection.rows("CALL ducklake_rewrite_data_files('lake', 'sealed', delete_threshold => 0)");
      return;
    } catch (error) {
      if (tries === triesToBegin) throw error;
    }
  }
}
