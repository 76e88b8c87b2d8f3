import { createReadStream, existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection, Engine } from '@waymark/engine';
import { CsvRows } from '../csv-rows.ts';
import { ToldError } from '../told-error.ts';
import { cellOf, keyOf } from './gazetteer.ts';
import { type NamedPlace, type ReadRow, readerOf } from './read-places.ts';

/** A file that names no places. */
export class GazetteerError extends ToldError {
  override name = 'GazetteerError';
}

export interface Filled {
  files: number;
  places: number;
  unread: number;
  /** The first of those that could not be read: where, and why. */
  problems: string[];
}

const together = 50_000;
const toldAtMost = 20;
const shape = { key: 'text', name: 'text', kind: 'text', within: 'text', within_key: 'text', cell: 'f64', lon: 'f64', lat: 'f64' } as const;

/**
 * Makes a gazetteer of CSV files, or of all in a folder, and puts it in the place of the one before. Rows that cannot be read are told, and
 * the others go in.
 * @throws GazetteerError when a file has no place names that are known how to read; the gazetteer before is left as it is
 */
export async function fillGazetteer(
  path: string,
  sources: readonly string[],
  memoryMb: number,
  onRead: (read: { done: number; all: number }) => void,
): Promise<Filled> {
  const missing = sources.find((source) => !existsSync(source));
  if (missing) throw new GazetteerError(`There is no file or folder ${missing}.`);
  const files = sources.flatMap((source) =>
    statSync(source).isDirectory()
      ? readdirSync(source)
          .filter((name) => name.toLowerCase().endsWith('.csv'))
          .sort()
          .map((name) => join(source, name))
      : [source],
  );
  if (files.length === 0) throw new GazetteerError(`There is no CSV file in ${sources.join(', ')}.`);
  const draft = `${path}.filling`;
  const clear = () => {
    for (const file of [draft, `${draft}.wal`]) rmSync(file, { force: true });
  };
  clear();
  const progress = { done: 0, all: files.reduce((all, file) => all + statSync(file).size, 0) };
  const filled: Filled = { files: 0, places: 0, unread: 0, problems: [] };
  const engine = await Engine.open(draft, { memoryMb });
  try {
    const db = await engine.connect();
    await db.run(
      'CREATE TABLE read (key VARCHAR, name VARCHAR, kind VARCHAR, within VARCHAR, within_key VARCHAR, cell DOUBLE, lon DOUBLE, lat DOUBLE)',
    );
    for (const file of files) {
      await readFile(db, file, filled, (bytes) => {
        progress.done += bytes;
        onRead(progress);
      });
      filled.files++;
    }
    if (filled.places === 0) throw new GazetteerError(`No place could be read: ${filled.problems[0] ?? 'the files are empty'}.`);
    // In the order in which they are looked for: a question reads only where its names stand. A street in many parts is found once.
    await db.run(
      'CREATE TABLE places AS SELECT DISTINCT ON (key, within_key, kind) key, name, kind, within, within_key, lon, lat FROM read ORDER BY key, within_key, kind',
    );
    await db.run(
      "CREATE TABLE near AS SELECT cell::BIGINT AS cell, name, kind, within, lon, lat FROM read WHERE kind <> 'postcode' ORDER BY cell",
    );
    await db.run('DROP TABLE read');
    await db.run('CHECKPOINT');
    db.close();
  } catch (error) {
    engine.close();
    clear();
    throw error;
  }
  engine.close();
  renameSync(draft, path);
  return filled;
}

async function readFile(db: Connection, file: string, filled: Filled, onBytes: (bytes: number) => void): Promise<void> {
  const rows = new CsvRows();
  let read: ReadRow | null = null;
  let places: NamedPlace[] = [];
  const wrong = (line: number, what: string) => {
    filled.unread++;
    if (filled.problems.length < toldAtMost) filled.problems.push(`${file}, line ${line}: ${what}`);
  };
  const store = async () => {
    await append(db, places);
    filled.places += places.length;
    places = [];
  };
  const take = async (found: ReturnType<CsvRows['write']>) => {
    for (const row of found) {
      if ('problem' in row) {
        wrong(row.line, row.problem);
        continue;
      }
      if (!read) {
        const known = readerOf(row.cells);
        if (!known)
          throw new GazetteerError(
            `${file} has no headings that name places. It needs a name (name, address, street, postcode or UPRN) and latitude and longitude, or easting and northing; OS Open Names is read as published.`,
          );
        read = known.read;
        if (known.hasHeadings) continue;
      }
      for (const place of read(row.cells)) {
        if ('wrong' in place) wrong(row.line, place.wrong);
        else places.push(place);
      }
      if (places.length >= together) await store();
    }
  };
  for await (const text of createReadStream(file, 'utf8')) {
    await take(rows.write(text as string));
    onBytes((text as string).length);
  }
  await take(rows.end());
  await store();
}

async function append(db: Connection, places: readonly NamedPlace[]): Promise<void> {
  if (places.length === 0) return;
  const key = ({ name, kind }: NamedPlace) => (kind === 'postcode' ? keyOf(name).replace(/ /g, '') : keyOf(name));
  await db.append(
    'read',
    shape,
    {
      key: places.map(key),
      name: places.map(({ name }) => name.slice(0, 200)),
      kind: places.map(({ kind }) => kind),
      within: places.map(({ within }) => within.slice(0, 200)),
      within_key: places.map(({ within }) => keyOf(within)),
      cell: Float64Array.from(places, ({ lon, lat }) => cellOf(lon, lat)),
      lon: Float64Array.from(places, ({ lon }) => lon),
      lat: Float64Array.from(places, ({ lat }) => lat),
    },
    places.length,
  );
}
