import type { NearWatch, TagReport, TagWatch, ZoneWatch } from '@waymark/presence';
import type { Tx } from '../../platform/database.ts';
import { type FoundAlert, findNearAlerts, findTagAlerts } from './find-alerts.ts';
import { type AlertChange, reconcile, type Settled, type StoredAlert, unsettled } from './reconcile.ts';
import type { HeldZone } from './stored-track.ts';

/** Nearness is worked out anew for this long, ms: a day less than positions of protected people are kept. */
const nearSinceMs = 6 * 86_400_000;
/** One wearing that is watched. */
export interface Watched {
  watch: ZoneWatch;
  tag: TagWatch;
  /** The end of the wearing or of its order, ms since 1970. */
  ends: number;
  /** By version. */
  zones: Map<string, HeldZone>;
  /** Hours are worked out up to here, ms since 1970. */
  upto: number;
  stored: StoredAlert[];
  settled: Settled;
  /** Whoever the wearer must keep away from. */
  near: { protection: Protection; watch: NearWatch }[];
}

/** What has to be changed on record; what has ended, and rests on fixes that are not as they were, is left. */
export function changesOf({ stored, settled }: Watched, found: readonly FoundAlert[]): AlertChange[] {
  return reconcile(unsettled(stored, settled), unsettled(found, settled));
}

export interface Protection {
  id: number;
  tagId: number;
  radiusM: number;
  /** Ms since 1970; within the protection, its order and the wearing. */
  from: number;
  to: number;
}

/** @returns `'older'` when a fix is older than what can be put right: the watches are to be made anew */
export function take({ watch, tag, zones, near }: Watched, fixes: readonly TagReport[]): 'older' | null {
  for (const { protection, watch: own } of near) if (own.take('wearer', heldBy(protection, fixes)) === 'older') return 'older';
  if (tag.take(fixes) === 'older') return 'older';
  return zones.size > 0 && watch.take(fixes) === 'older' ? 'older' : null;
}

/** The fixes while somebody is protected. */
export function heldBy({ from, to }: Protection, fixes: readonly TagReport[]): TagReport[] {
  return fixes.filter(({ at }) => at >= from && at <= to);
}

/** Who the wearers of some wearings, or of all, must keep away from. */
export async function protectionsOf(tx: Tx, wearings: readonly number[] | null): Promise<Map<number, Protection[]>> {
  let query = tx
    .selectFrom('supervision.protections as p')
    .innerJoin('supervision.orders as o', 'o.id', 'p.order_id')
    .innerJoin('supervision.wearings as w', 'w.subject_id', 'o.subject_id')
    .select([
      'p.id',
      'p.tag_id',
      'p.radius_m',
      'p.starts_at',
      'p.ends_at',
      'o.ends_at as order_ends',
      'w.id as wearing',
      'w.starts_at as fitted',
      'w.ends_at as removed',
    ]);
  if (wearings) query = query.where('w.id', 'in', [...wearings]);
  const found = new Map<number, Protection[]>();
  for (const row of await query.execute()) {
    const from = Math.max(row.starts_at.getTime(), row.fitted.getTime());
    const to = Math.min(row.ends_at?.getTime() ?? Infinity, row.order_ends?.getTime() ?? Infinity, row.removed?.getTime() ?? Infinity);
    if (from >= to) continue;
    found.set(row.wearing, [...(found.get(row.wearing) ?? []), { id: row.id, tagId: row.tag_id, radiusM: row.radius_m, from, to }]);
  }
  return found;
}

/** When each wearing ends: with it, or with its order. */
export async function endsOf(tx: Tx, wearings: readonly number[]): Promise<Map<number, number>> {
  const rows = await tx
    .selectFrom('supervision.wearings as w')
    .innerJoin('supervision.orders as o', 'o.id', 'w.order_id')
    .select(['w.id', 'w.ends_at', 'o.ends_at as order_ends'])
    .where('w.id', 'in', [...wearings])
    .execute();
  return new Map(
    rows.map(({ id, ends_at, order_ends }) => [id, Math.min(ends_at?.getTime() ?? Infinity, order_ends?.getTime() ?? Infinity)]),
  );
}

/** Positions of protected people are kept for a week: what was found before that stays as it is on record. */
export function nearAlerts({ near, stored }: Watched, silent: boolean, now: number): FoundAlert[] {
  if (near.length === 0 && !stored.some(({ kind }) => kind === 'near protected person')) return [];
  const since = now - nearSinceMs;
  const before = stored.filter(({ kind, from, retracted }) => kind === 'near protected person' && from < since && !retracted);
  const found = near.flatMap(({ protection, watch }) => {
    const over = silent || protection.to <= now;
    return findNearAlerts(protection.id, protection.radiusM, watch.episodes(), over).filter(({ from }) => from >= since);
  });
  return [...before.map((own) => ({ ...own, to: own.to ?? since, confirmedAt: own.from })), ...found];
}

/** Of a tag that has been taken off nothing lasts; a silence that was on record ends with the wearing. */
export function tagAlerts({ tag, ends, stored }: Watched, now: number, isMute: () => boolean): FoundAlert[] {
  if (ends > now) return findTagAlerts(tag.episodes(isMute()));
  const wasSilent = stored.some(({ kind, from, retracted }) => kind === 'no signal' && from === tag.lastAt && !retracted);
  const episodes = tag.episodes(wasSilent);
  return findTagAlerts(
    episodes.map((own) => (own.lasts ? { ...own, lasts: false, to: own.kind === 'no signal' ? Math.max(ends, own.from) : own.to } : own)),
  );
}
