import type { Connection } from '@waymark/engine';
import { added, atHome, type FixBatch, type FixColumns, fresh, known } from './fix.ts';

/** Farther apart than this, and than both say they are exact, two positions of one moment are two places, metres. */
const samePlaceM = 25;

export interface News {
  /** Per row: `known`, `fresh` or `added`. */
  flags: Uint8Array;
  eventsAdded: number;
  conflicting: number;
}

/** What is known of one tag at one moment, by one row. */
interface KnownMoment {
  lon: number;
  lat: number;
  accuracyM: number;
  method: number;
  events: string | null;
}

function knownMoment(columns: Pick<FixColumns, keyof KnownMoment>, i: number): KnownMoment {
  return {
    lon: columns.lon[i] as number,
    lat: columns.lat[i] as number,
    accuracyM: columns.accuracyM[i] as number,
    method: columns.method[i] as number,
    events: columns.events[i] ?? null,
  };
}

/** Whether two rows of one moment are of one place: as near as they say they are exact. What is only “at home” is never contradicted. */
function isSamePlace(a: KnownMoment, b: KnownMoment): boolean {
  if (a.method === atHome || b.method === atHome) return true;
  const y = (b.lat - a.lat) * 111_195;
  const apart = Math.abs(b.lon - a.lon);
  const x = Math.min(apart, 360 - apart) * 111_195 * Math.cos((a.lat * Math.PI) / 180);
  return Math.hypot(x, y) <= Math.max(samePlaceM, (a.accuracyM || 0) + (b.accuracyM || 0));
}

/** A repeat: with events that no row of its moment has it becomes a row of its own, at the place that is known. */
function addEvents(before: readonly KnownMoment[], same: KnownMoment, columns: FixColumns, i: number, news: News): number {
  const had = new Set(before.flatMap(({ events }) => events?.split(' ') ?? []));
  const fresh = (columns.events[i]?.split(' ') ?? []).filter((name) => !had.has(name));
  if (fresh.length === 0) return known;
  news.eventsAdded++;
  columns.events[i] = fresh.join(' ');
  columns.lon[i] = same.lon;
  columns.lat[i] = same.lat;
  columns.accuracyM[i] = same.accuracyM;
  columns.method[i] = same.method;
  return added;
}

/**
 * What each row of each batch is, see `known`; a repeat with new events takes the place that is stored.
 * @param writer has a table `incoming` of its own
 * @param latestOf the latest time stored of each tag: what is later is new without asking
 * @param tableFrom the table or view that has everything from a moment on
 */
export async function findNews(
  writer: Connection,
  latestOf: ReadonlyMap<number, number>,
  batches: FixBatch[],
  tableFrom: (at: number) => string | Promise<string>,
): Promise<News[]> {
  const latest = new Map<number, number>();
  const doubtful: [batch: number, row: number][] = [];
  const news = batches.map((batch, b): News => {
    const flags = new Uint8Array(batch.count).fill(fresh);
    for (let i = 0; i < batch.count; i++) {
      const tag = batch.columns.tag[i] as number;
      const at = batch.columns.at[i] as number;
      if (at > (latest.get(tag) ?? latestOf.get(tag) ?? -Infinity)) latest.set(tag, at);
      else doubtful.push([b, i]);
    }
    return { flags, eventsAdded: 0, conflicting: 0 };
  });
  if (doubtful.length === 0) return news;
  const at = (pair: [number, number]) => (batches[pair[0]] as FixBatch).columns.at[pair[1]] as number;
  const tag = (pair: [number, number]) => (batches[pair[0]] as FixBatch).columns.tag[pair[1]] as number;
  const incoming = { tag: Int32Array.from(doubtful, tag), at: Float64Array.from(doubtful, at) };
  await writer.run('DELETE FROM incoming');
  await writer.append('incoming', { tag: 'i32', at: 'time' }, incoming, doubtful.length);
  // The bounds let whole stretches of the table be passed over.
  let low = Infinity;
  let high = -Infinity;
  for (const moment of incoming.at) {
    if (moment < low) low = moment;
    if (moment > high) high = moment;
  }
  const stored = await writer.columns(
    `SELECT f.tag, f.at_ms, f.lon, f.lat, f.accuracy_m, f.method, f.events FROM ${await tableFrom(low)} f SEMI JOIN incoming i ON f.tag = i.tag AND f.at_ms = i.at_ms
     WHERE f.at_ms BETWEEN ${Math.round(low)} AND ${Math.round(high)}
     ORDER BY f.receipt, f.lon, f.lat, f.accuracy_m, f.method, f.events`,
    { tag: 'i32', at: 'time', lon: 'f64', lat: 'f64', accuracyM: 'f32', method: 'u8', events: 'text' },
  );
  const seen = new Map<string, KnownMoment[]>();
  const remember = (key: string, one: KnownMoment) => {
    const all = seen.get(key);
    if (all) all.push(one);
    else seen.set(key, [one]);
  };
  for (let i = 0; i < stored.count; i++) remember(`${stored.columns.tag[i]}@${stored.columns.at[i]}`, knownMoment(stored.columns, i));
  // Rows that came in order earlier in this commit count as seen too.
  const doubtfulKeys = new Set(doubtful.map((pair) => `${tag(pair)}@${at(pair)}`));
  batches.forEach(({ columns, count }, b) => {
    const own = news[b] as News;
    for (let i = 0; i < count; i++) {
      const key = `${columns.tag[i]}@${columns.at[i]}`;
      if (!doubtfulKeys.has(key)) continue;
      const moment = knownMoment(columns, i);
      const before = seen.get(key);
      if (before) {
        const same = before.find((other) => isSamePlace(other, moment));
        own.flags[i] = same ? addEvents(before, same, columns, i, own) : added;
        if (!same) own.conflicting++;
      }
      if (own.flags[i] !== known) remember(key, knownMoment(columns, i));
    }
  });
  return news;
}
