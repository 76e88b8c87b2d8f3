import type { Connection } from '@waymark/engine';
import { atHome, type Homes } from './fix.ts';

/** The position of a home in place of one in it; null where it is not in the home after all. */
export type Coarser = (home: number, lon: number, lat: number, accuracyM: number) => { lon: number; lat: number; accuracyM: number } | null;

/** A position that becomes its home's. Found by tag, time and the position that it had. */
export interface CoarseFix {
  tag: number;
  at: number;
  wasLon: number;
  wasLat: number;
  lon: number;
  lat: number;
  accuracyM: number;
}

/**
 * Finds fixes of before a moment that lie in a home, week by week, and has them made coarser. Gives how many.
 * @param reader a connection of its own, to which `fixes` is all there are
 * @param coarser the home's number, the position and its accuracy; null where it is not in the home after all
 * @param make makes those of a week coarser, and gives how many it was
 */
export async function coarsenFixes(
  reader: Connection,
  homes: Homes,
  before: number,
  coarser: Coarser,
  make: (fixes: CoarseFix[]) => Promise<number>,
): Promise<number> {
  if (homes.length === 0) return 0;
  const shape = { home: 'i32', wearing: 'i32', from: 'f64', to: 'f64', west: 'f64', east: 'f64', south: 'f64', north: 'f64' } as const;
  const all = (name: 'from' | 'to' | 'west' | 'east' | 'south' | 'north') => Float64Array.from(homes, (home) => home[name]);
  await reader.run(
    `CREATE OR REPLACE TEMP TABLE homes (home INTEGER, wearing INTEGER, "from" DOUBLE, "to" DOUBLE, west DOUBLE, east DOUBLE, south DOUBLE, north DOUBLE)`,
  );
  const columns = { from: all('from'), to: all('to'), west: all('west'), east: all('east'), south: all('south'), north: all('north') };
  const whose = { home: Int32Array.from(homes, (_, i) => i), wearing: Int32Array.from(homes, ({ wearing }) => wearing) };
  await reader.append('homes', shape, { ...whose, ...columns }, homes.length);
  const [span] = await reader.rows<{ first: number | null }>(
    `SELECT min(at_ms)::DOUBLE AS first FROM fixes WHERE method <> ${atHome} AND at_ms < ${Math.trunc(before)}`,
  );
  let changed = 0;
  const weekMs = 7 * 86_400_000;
  for (let from = span?.first ?? before; from < before; from += weekMs) {
    const found = await findInHomes(reader, from, Math.min(before, from + weekMs), coarser);
    if (found.length > 0) changed += await make(found);
  }
  await reader.run('DROP TABLE homes');
  return changed;
}

async function findInHomes(reader: Connection, from: number, to: number, coarser: Coarser): Promise<CoarseFix[]> {
  const { count, columns } = await reader.columns(
    `SELECT h.home, f.tag, f.at_ms, f.lon, f.lat, f.accuracy_m FROM fixes f JOIN homes h ON h.wearing = f.wearing
       AND f.at_ms >= h."from" AND f.at_ms < h."to" AND f.lon BETWEEN h.west AND h.east AND f.lat BETWEEN h.south AND h.north
     WHERE f.at_ms >= ${Math.trunc(from)} AND f.at_ms < ${Math.trunc(to)} AND f.method <> ${atHome}`,
    { home: 'i32', tag: 'i32', at: 'time', lon: 'f64', lat: 'f64', accuracyM: 'f32' },
  );
  // By position too: of a moment with two, the other may lie elsewhere, and is left as it is.
  const found = new Map<string, CoarseFix>();
  for (let i = 0; i < count; i++) {
    const [tag, at] = [columns.tag[i] as number, columns.at[i] as number];
    const [wasLon, wasLat] = [columns.lon[i] as number, columns.lat[i] as number];
    const made = coarser(columns.home[i] as number, wasLon, wasLat, columns.accuracyM[i] as number);
    if (made) found.set(`${tag}@${at}@${wasLon}@${wasLat}`, { tag, at, wasLon, wasLat, ...made });
  }
  return [...found.values()];
}

/** Writes the home's position over some, within a transaction; gives how many. */
export async function writeCoarse(writer: Connection, fixes: CoarseFix[]): Promise<number> {
  await makeCoarse(writer);
  await fillCoarse(writer, fixes);
  await writer.run(madeCoarse('fixes'));
  await writer.run('DROP TABLE coarse');
  return fixes.length;
}

/** Makes the table that `madeCoarse` reads. */
export async function makeCoarse(connection: Connection): Promise<void> {
  await connection.run(
    'CREATE OR REPLACE TEMP TABLE coarse (tag INTEGER, at_ms BIGINT, was_lon DOUBLE, was_lat DOUBLE, lon DOUBLE, lat DOUBLE, accuracy_m FLOAT)',
  );
}

export async function fillCoarse(connection: Connection, fixes: CoarseFix[]): Promise<void> {
  await connection.append(
    'coarse',
    { tag: 'i32', at: 'time', wasLon: 'f64', wasLat: 'f64', lon: 'f64', lat: 'f64', accuracyM: 'f32' },
    {
      tag: Int32Array.from(fixes, (fix) => fix.tag),
      at: Float64Array.from(fixes, (fix) => fix.at),
      wasLon: Float64Array.from(fixes, (fix) => fix.wasLon),
      wasLat: Float64Array.from(fixes, (fix) => fix.wasLat),
      lon: Float64Array.from(fixes, (fix) => fix.lon),
      lat: Float64Array.from(fixes, (fix) => fix.lat),
      accuracyM: Float32Array.from(fixes, (fix) => fix.accuracyM),
    },
    fixes.length,
  );
}

/** In SQL: the positions in `coarse` become their home's. */
export const madeCoarse = (table: string): string =>
  `UPDATE ${table} SET lon = c.lon, lat = c.lat, accuracy_m = c.accuracy_m, speed_mps = NULL, heading_deg = NULL, method = ${atHome}
   FROM coarse c WHERE ${table}.tag = c.tag AND ${table}.at_ms = c.at_ms AND ${table}.lon = c.was_lon AND ${table}.lat = c.was_lat`;
