import { defaultParameters, planeAt, sigmaOf, toPlane } from '@waymark/presence';
import { type Selectable, sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tables, Tx } from '../../platform/database.ts';
import { givesEvidence } from '../../platform/fixes/fix.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { noteSubjects } from '../subjects/index.ts';
import { wearerNames } from '../verdicts/index.ts';
import { grounds, isGround, limits } from './ask-search.ts';

export interface PlaceSearch {
  id: number;
  lon: number;
  lat: number;
  radiusM: number;
  from: Date;
  to: Date;
  ground: string;
  reason: string;
  askedBy: string;
  askedAt: Date;
  decision: 'agreed' | 'refused' | null;
  decidedBy: string;
  because: string;
  decidedAt: Date | null;
  looks: number;
  mine: boolean;
}

type SearchRow = Selectable<Tables['supervision.place_searches']>;

const viewOf = (row: SearchRow, reader: string): PlaceSearch => ({
  id: row.id,
  lon: row.lon,
  lat: row.lat,
  radiusM: row.radius_m,
  from: row.from_at,
  to: row.to_at,
  ground: isGround(row.ground) ? grounds[row.ground] : row.ground,
  reason: row.reason,
  askedBy: row.asked_by_name,
  askedAt: row.asked_at,
  decision: row.decision,
  decidedBy: row.decided_by_name,
  because: row.decided_because,
  decidedAt: row.decided_at,
  looks: row.looks,
  mine: row.asked_by === reader,
});

/** Searches that were asked for, those that wait first. */
export const listSearches: Action<null, { limit: number; offset: number }, { rows: PlaceSearch[]; total: number }> = {
  name: 'placesearch.list',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note }, _services, { limit, offset }) {
    const { total } = await tx
      .selectFrom('supervision.place_searches')
      .select(sql<number>`count(*)::int`.as('total'))
      .executeTakeFirstOrThrow();
    const rows = await tx
      .selectFrom('supervision.place_searches')
      .selectAll()
      .orderBy(sql`decision IS NULL`, 'desc')
      .orderBy('id', 'desc')
      .limit(limit)
      .offset(offset)
      .execute();
    note(null, { shown: rows.length });
    return { rows: rows.map((row) => viewOf(row, actor.id)), total };
  },
};

/** Somebody of whom a fix may be within the place. */
export interface FoundWearer {
  wearing: number;
  name: string;
  subject: string;
  tag: string;
  fixes: number;
  closestM: number;
  accuracyM: number | null;
  at: number;
}

export interface SearchResult {
  search: PlaceSearch;
  /** Null where it may not be looked at: it was not agreed to, or too long ago. */
  found: FoundWearer[] | null;
  openUntil: Date | null;
}

const dayMs = 86_400_000;
/** What a fix reaches by its own error at 95 %: two spreads and a half, as for verdicts. */
const reachSpreads = 2.45;
/** A fix that is this uncertain says nothing of a place this small, metres. */
const farthestErrorM = 2000;

/**
 * A search with what it finds, for as long as it is open, to the two people who asked and agreed: wearers with a fix whose own error reaches
 * the place. Every look is counted, and each of those found sees that there was one. What lies between fixes is not searched.
 */
export const readSearch: Action<{ fixes: FixStore }, { id: number; now: number }, SearchResult> = {
  name: 'placesearch.look',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note }, { fixes }, { id, now }) {
    note({ kind: 'place search', id });
    const row = await tx.selectFrom('supervision.place_searches').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row) throw new NotFoundError('There is no such search.');
    const search = viewOf(row, actor.id);
    const openUntil = row.decided_at && new Date(row.decided_at.getTime() + limits.daysOpen * dayMs);
    const isOpen = row.decision === 'agreed' && openUntil !== null && openUntil.getTime() > now;
    if (!isOpen) return { search, found: null, openUntil };
    if (actor.id !== row.asked_by && actor.id !== row.decided_by)
      throw new InvalidError(
        `Only ${row.asked_by_name}, who asked, and ${row.decided_by_name}, who agreed, look at what it finds.`,
        'search',
      );
    const found = await wearersWithin(tx, fixes, row);
    await noteSubjects(
      { tx, actor, note },
      found.map(({ wearing }) => wearing),
    );
    await tx.updateTable('supervision.place_searches').set({ looks: sql`looks + 1` }).where('id', '=', id).execute();
    note(null, { found: found.length });
    return { search: { ...search, looks: search.looks + 1 }, found, openUntil };
  },
};

async function wearersWithin(tx: Tx, fixes: FixStore, { lon, lat, radius_m, from_at, to_at }: SearchRow): Promise<FoundWearer[]> {
  const plane = planeAt(lon, lat);
  // No fix with an error that is of any use here reaches farther.
  const boxM = radius_m + farthestErrorM;
  const [from, to] = [from_at.getTime(), to_at.getTime()];
  const { count, columns } = await fixes.query(
    `SELECT wearing, CAST(at_ms AS DOUBLE) AS at, lon, lat, accuracy_m AS accuracy FROM fixes
       WHERE at_ms BETWEEN ? AND ? AND wearing > 0 AND ${givesEvidence} AND lon BETWEEN ${lon - boxM / plane.perLon} AND ${lon + boxM / plane.perLon}
         AND lat BETWEEN ${lat - boxM / plane.perLat} AND ${lat + boxM / plane.perLat}`,
    { wearing: 'i32', at: 'f64', lon: 'f64', lat: 'f64', accuracy: 'f32' },
    { values: [from, to], from },
  );
  const byWearing = new Map<number, Omit<FoundWearer, 'name' | 'subject' | 'tag'>>();
  for (let i = 0; i < count; i++) {
    const [x, y] = toPlane(plane, columns.lon[i] as number, columns.lat[i] as number);
    const accuracy = columns.accuracy[i] as number;
    const distance = Math.hypot(x, y);
    if (distance - reachSpreads * sigmaOf(accuracy, defaultParameters) > radius_m) continue;
    const wearing = columns.wearing[i] as number;
    const known = byWearing.get(wearing);
    const own = {
      wearing,
      fixes: (known?.fixes ?? 0) + 1,
      closestM: distance,
      accuracyM: Number.isNaN(accuracy) ? null : accuracy,
      at: columns.at[i] as number,
    };
    byWearing.set(wearing, known && known.closestM <= distance ? { ...known, fixes: own.fixes } : own);
  }
  const names = await wearerNames(tx, [...byWearing.keys()]);
  return [...byWearing.values()]
    .map((own) => {
      const wearer = names.get(own.wearing);
      return { ...own, name: wearer?.name ?? '', subject: wearer?.subject ?? '', tag: wearer?.tag ?? '' };
    })
    .sort((a, b) => b.fixes - a.fixes || a.closestM - b.closestM || a.wearing - b.wearing);
}

/** How often it was searched, by year, for anybody to read. */
export interface SearchesPublished {
  year: number;
  asked: number;
  agreed: number;
  refused: number;
  looks: number;
}

export async function publishedSearches(tx: Tx, timeZone: string): Promise<SearchesPublished[]> {
  const { rows } = await sql<SearchesPublished>`
    SELECT extract(year FROM asked_at AT TIME ZONE ${timeZone})::int AS year, count(*)::int AS asked,
        count(*) FILTER (WHERE decision = 'agreed')::int AS agreed, count(*) FILTER (WHERE decision = 'refused')::int AS refused,
        sum(looks)::int AS looks
      FROM supervision.place_searches GROUP BY 1 ORDER BY 1 DESC`.execute(tx);
  return rows;
}
