import { metres, type NearEpisode, NearWatch, type TagReport } from '@waymark/presence';
import type { Tx } from '../../../platform/database.ts';
import type { NearFacts } from '../../schema/tables.ts';
import { type FoundAlert, radiusPerSigma } from './alert.ts';
import type { Standing, Story, Watch, Watcher } from './watcher.ts';

const near = 'near protected person';
/** Nearness is worked out anew for this long, ms: a day less than positions of protected people are kept. */
const nearSinceMs = 6 * 86_400_000;

/** Somebody whom a wearer must keep away from. */
interface Protection {
  id: number;
  tagId: number;
  radiusM: number;
  /** Ms since 1970; within the protection, its order and the wearing. */
  from: number;
  to: number;
}

interface Watched {
  protection: Protection;
  watch: NearWatch;
}

/** Watches how near a wearer comes to somebody who is protected, by the fixes of both. */
export const nearWatch = {
  kinds: {
    [near]: {
      severity: 'high',
      words: 'Near somebody they must keep away from',
      brief: 'near a protected person',
      explain: (story) => explainNear(story as Story<NearFacts>),
    },
  },
  causeOf: ({ facts }) => `protection ${(facts as NearFacts).protection}`,
  begin: () => async (tx, wearings) => {
    const protections = await protectionsOf(tx, wearings);
    return {
      devices: [...protections.values()].flat().map(({ tagId }) => tagId),
      watcherOf: (wearing, deviceTrack) => watcherOver(watchedOf(protections.get(wearing) ?? [], deviceTrack)),
    };
  },
  async othersHeard(tx) {
    const heard = new Map<number, number[]>();
    for (const [wearing, protections] of await protectionsOf(tx, null))
      for (const { tagId } of protections) heard.set(tagId, [...(heard.get(tagId) ?? []), wearing]);
    return heard;
  },
} satisfies Watch;

function watchedOf(protections: readonly Protection[], deviceTrack: (device: number) => readonly TagReport[]): Watched[] {
  return protections.map((protection) => {
    const watch = new NearWatch(protection.radiusM);
    watch.take('other', heldBy(protection, deviceTrack(protection.tagId)));
    return { protection, watch };
  });
}

/** Apart from what makes them: a watcher is held for as long as somebody is watched, and would hold everybody's tracks with it. */
function watcherOver(watched: readonly Watched[]): Watcher {
  const takenBy = (who: 'wearer' | 'other', fixes: readonly TagReport[], concerned: readonly Watched[]) =>
    concerned.some(({ protection, watch }) => watch.take(who, heldBy(protection, fixes)) === 'older') ? 'older' : null;
  return {
    take: (fixes) => takenBy('wearer', fixes, watched),
    takeOther: (device, fixes) =>
      takenBy(
        'other',
        fixes,
        watched.filter(({ protection }) => protection.tagId === device),
      ),
    found: (standing) => foundOf(watched, standing),
  };
}

/** The fixes while somebody is protected. */
function heldBy({ from, to }: Protection, fixes: readonly TagReport[]): TagReport[] {
  return fixes.filter(({ at }) => at >= from && at <= to);
}

/** Who the wearers of some wearings, or of all, must keep away from. */
async function protectionsOf(tx: Tx, wearings: readonly number[] | null): Promise<Map<number, Protection[]>> {
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

/** Positions of protected people are kept for a week: what was found before that stays as it is on record. */
function foundOf(watched: readonly Watched[], { now, stored, silent }: Standing): FoundAlert[] {
  if (watched.length === 0 && !stored.some(({ kind }) => kind === near)) return [];
  const since = now - nearSinceMs;
  const before = stored.filter(({ kind, from, retracted }) => kind === near && from < since && !retracted);
  const found = watched.flatMap(({ protection, watch }) => {
    const over = silent || protection.to <= now;
    return findNearAlerts(protection.id, protection.radiusM, watch.episodes(), over).filter(({ from }) => from >= since);
  });
  return [...before.map((own) => ({ ...own, to: own.to ?? since, confirmedAt: own.from })), ...found];
}

/** The alerts that two people's positions give. */
function findNearAlerts(protection: number, radiusM: number, episodes: readonly NearEpisode[], silent: boolean): FoundAlert[] {
  return episodes.map(({ from, to, lasts, confirmedAt, pairs, closestM, closestAt, closestSigma }) => ({
    zoneVersion: null,
    kind: near,
    from,
    to: lasts && !silent ? null : to,
    confirmedAt,
    facts: {
      protection,
      radiusM,
      pairs,
      closestM: Math.round(closestM),
      closestAt,
      accuracyM: Math.round(closestSigma * radiusPerSigma),
    },
  }));
}

function explainNear({ facts: { closestM, radiusM, accuracyM, pairs }, long, lasts }: Story<NearFacts>): string {
  const lasting = lasts ? `for ${long} so far` : `for ${long}`;
  return `Within ${metres(radiusM)} of a protected person ${lasting}, about ${metres(closestM)} at the nearest (accuracy of both together ${accuracyM} m, ${pairs} ${pairs === 1 ? 'comparison' : 'comparisons'}${lasts ? ' when it was raised' : ''}). It can be chance: either may have come to the other.`;
}
