import { type Compliance, complianceOf, weeksOf } from '@waymark/presence';
import { type Action, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { heldZones, tracksOf, watchOf } from '../alerts/index.ts';
import type { ConditionKept } from '../schema/breach-pack-content.ts';
import type { AlertKind, AlertOutcome } from '../schema/tables.ts';
import { noteSubject } from '../subjects/index.ts';
import { type WornZone, zonesOfWearings } from '../zones/index.ts';

export interface WeekCompliance {
  from: number;
  to: number;
  /** Curfews and areas to stay in, and areas to keep out of, apart: they are long and short and must not be mixed. */
  stay: Compliance;
  keepOut: Compliance;
  zones: ConditionKept[];
  /** Alerts that began in the week, those taken back apart. */
  alerts: { kind: AlertKind; state: string; outcome: AlertOutcome | null }[];
}

export interface WearingCompliance {
  wearing: { id: number; tag: string; starts_at: Date; ends_at: Date | null; order_id: number };
  weeks: WeekCompliance[];
}

/**
 * How a wearing kept its conditions in any stretch of a period, from the fixes that are stored now, read once. By wearing and not by
 * tag: a tag that was replaced begins a new one, and a tag that somebody else wears tells nothing of this person.
 *
 * @param known zones of several wearings, this one among them, where they have been read already
 */
export async function keptBy(
  tx: Tx,
  fixes: FixStore,
  wearingId: number,
  period: { from: number; to: number },
  timeZone: string,
  known?: readonly WornZone[],
): Promise<(from: number, to: number) => ConditionKept[]> {
  const zones = (known ?? (await zonesOfWearings(tx, [wearingId]))).filter(({ wearing_id }) => wearing_id === wearingId);
  const holds = heldZones(zones, period.to, timeZone);
  // Each zone one by one: of one that is found by place and never came near, it would not be told when anything was known.
  const watch = watchOf(holds, undefined, Number.POSITIVE_INFINITY);
  // The day before settles on which side of each zone the wearer was when the period began.
  watch.take(tracksOf(await fixes.tracks([wearingId], period.from - 86_400_000)).get(wearingId));
  return (from, to) =>
    holds
      .filter(({ zone }) => zone.schedule.from < to && zone.schedule.to > from)
      .map(({ zone, holds: own }) => ({
        zoneVersion: zone.id,
        name: zone.name,
        kind: zone.kind,
        ...complianceOf(watch.spans(String(zone.id)), zone.kind === 'exclusion' ? 'out' : 'in', own, from, to),
      }));
}

/** Time kept in areas to stay in, and out of areas to keep out of. */
export function sumsOf(zones: readonly ConditionKept[]): Pick<WeekCompliance, 'stay' | 'keepOut'> {
  return {
    stay: sumOf(zones.filter(({ kind }) => kind !== 'exclusion')),
    keepOut: sumOf(zones.filter(({ kind }) => kind === 'exclusion')),
  };
}

/** The same week by week, with the alerts that began in each. */
export async function complianceOfWearing(
  tx: Tx,
  fixes: FixStore,
  wearingId: number,
  period: { from: number; to: number },
  timeZone: string,
): Promise<WeekCompliance[]> {
  const kept = await keptBy(tx, fixes, wearingId, period, timeZone);
  const alerts = await tx
    .selectFrom('supervision.alerts')
    .select(['kind', 'state', 'outcome', 'from_at'])
    .where('wearing_id', '=', wearingId)
    .orderBy('from_at')
    .execute();
  return weeksOf(period.from, period.to, timeZone).map(([weekFrom, weekTo]) => {
    const [from, to] = [Math.max(weekFrom, period.from), Math.min(weekTo, period.to)];
    const zones = kept(from, to);
    return {
      from,
      to,
      ...sumsOf(zones),
      zones,
      alerts: alerts.filter(({ from_at }) => from_at.getTime() >= from && from_at.getTime() < to).map(({ from_at: _, ...own }) => own),
    };
  });
}

/** Time kept, broken and not known in all of these together. */
export function sumOf(parts: readonly Compliance[]): Compliance {
  const sum = { keptMs: 0, brokenMs: 0, unknownMs: 0 };
  for (const { keptMs, brokenMs, unknownMs } of parts) {
    sum.keptMs += keptMs;
    sum.brokenMs += brokenMs;
    sum.unknownMs += unknownMs;
  }
  return sum;
}

export interface PackRow {
  id: number;
  from_at: Date;
  to_at: Date;
  made_by_name: string;
  made_at: Date;
  decision: 'released' | 'sent back' | null;
  reviewed_by_name: string | null;
}

/** Weeks back that are shown. */
const weeksShown = 8;

/** A subject's compliance by wearing over the latest weeks. */
export const readCompliance: Action<
  { fixes: FixStore; timeZone: string },
  { subjectId: number },
  { subject: { id: number; name: string; reference: string }; wearings: WearingCompliance[]; packs: PackRow[] }
> = {
  name: 'compliance.read',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, { fixes, timeZone }, { subjectId }) {
    const subject = await tx
      .selectFrom('supervision.subjects')
      .select(['id', 'name', 'reference'])
      .where('id', '=', subjectId)
      .executeTakeFirst();
    if (!subject) throw new NotFoundError('There is no such subject.');
    note({ kind: 'subject', id: subjectId });
    await noteSubject({ tx, actor, access, note }, { subject: subjectId });
    const rows = await tx
      .selectFrom('supervision.wearings as w')
      .innerJoin('supervision.tags as t', 't.id', 'w.tag_id')
      .select(['w.id', 't.serial as tag', 'w.starts_at', 'w.ends_at', 'w.order_id'])
      .where('w.subject_id', '=', subjectId)
      .orderBy('w.starts_at', 'desc')
      .limit(10)
      .execute();
    const now = Date.now();
    const wearings: WearingCompliance[] = [];
    for (const wearing of rows) {
      const to = Math.min(now, wearing.ends_at?.getTime() ?? Infinity);
      const from = Math.max(wearing.starts_at.getTime(), to - weeksShown * 7 * 86_400_000);
      if (from < to) wearings.push({ wearing, weeks: await complianceOfWearing(tx, fixes, wearing.id, { from, to }, timeZone) });
    }
    const packs = await tx
      .selectFrom('supervision.breach_packs as p')
      .innerJoin('supervision.wearings as w', 'w.id', 'p.wearing_id')
      .select(['p.id', 'p.from_at', 'p.to_at', 'p.made_by_name', 'p.made_at', 'p.decision', 'p.reviewed_by_name'])
      .where('w.subject_id', '=', subjectId)
      .orderBy('p.id', 'desc')
      .execute();
    return { subject, wearings, packs };
  },
};
