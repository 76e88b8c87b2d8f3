import type { Connection } from '@waymark/engine';
import { atHome, type Homes } from './fix.ts';

/** One piece of writing after another. */
export type Alone = <T>(work: () => Promise<T>) => Promise<T>;

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
 * @param coarser the home's number, the position and its accuracy; null where it is not in the home after all
 * @param make makes those of a week coarser, and gives how many it was
 */
export async function coarsenFixes(
  writer: Connection,
  alone: Alone,
  homes: Homes,
  before: number,
  coarser: Coarser,
  make: (fixes: CoarseFix[]) => Promise<number>,
): Promise<number> {
  if (homes.length === 0) return 0;
  const shape = { home: 'i32', wearing: 'i32', from: 'f64', to: 'f64', west: 'f64', east: 'f64', south: 'f64', north: 'f64' } as const;
  const all = (name: 'from' | 'to' | 'west' | 'east' | 'south' | 'north') => Float64Array.from(homes, (home) => home[name]);
  await alone(async () => {
    await writer.run(
      `CREATE OR REPLACE TEMP TABLE homes (home INTEGER, wearing INTEGER, "from" DOUBLE, "to" DOUBLE, west DOUBLE, east DOUBLE, south DOUBLE, north DOUBLE)`,
    );
    const columns = { from: all('from'), to: all('to'), west: all('west'), east: all('east'), south: all('south'), north: all('north') };
    const whose = { home: Int32Array.from(homes, (_, i) => i), wearing: Int32Array.from(homes, ({ wearing }) => wearing) };
    await writer.append('homes', shape, { ...whose, ...columns }, homes.length);
  });
  const [span] = await alone(() =>
    writer.rows<{ first: number | null }>(
      `SELECT min(at_ms)::DOUBLE AS first FROM fixes WHERE method <> ${atHome} AND at_ms < ${Math.trunc(before)}`,
    ),
  );
  let changed = 0;
  const weekMs = 7 * 86_400_000;
  for (let from = span?.first ?? before; from < before; from += weekMs) {
    const found = await alone(() => findInHomes(writer, from, Math.min(before, from + weekMs), coarser));
    if (found.length > 0) changed += await make(found);
  }
  await alone(() => writer.run('DROP TABLE homes'));
  return changed;
}

async function findInHomes(writer: Connection, from: number, to: number, coarser: Coarser): Promise<CoarseFix[]> {
  const { count, columns } = await writer.columns(
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

/** Writes the home's position over some; gives how many. */
export async function writeCoarse(writer: Connection, fixes: CoarseFix[]): Promise<number> {
  await writer.run(
    'CREATE OR REPLACE TEMP TABLE coarse (tag INTEGER, at_ms BIGINT, was_lon DOUBLE, was_lat DOUBLE, lon DOUBLE, lat DOUBLE, accuracy_m FLOAT)',
  );
  await writer.transaction(async () => {
    await writer.append(
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
    await writer.run(
      `UPDATE fixes SET lon = c.lon, lat = c.lat, accuracy_m = c.accuracy_m, speed_mps = NULL, heading_deg = NULL, method = ${atHome}
       FROM coarse c WHERE fixes.tag = c.tag AND fixes.at_ms = c.at_ms AND fixes.lon = c.was_lon AND fixes.lat = c.was_lat`,
    );
  });
  await writer.run('DROP TABLE coarse');
  // The exact positions are written over in the file, too.
  await writer.run('CHECKPOINT');
  return fixes.length;
}
