import type { OwnSupervision, OwnZone } from '../supervision/index.ts';

/** What somebody on a tag has to know today, at a glance. */
export interface Today {
  /** Where to be, now or next; null where nothing is set within a day. */
  rule: (OwnZone & { inMinutes: number }) | null;
  /** Places to keep out of now. */
  keepOut: string[];
  /** The battery, and what to do: nothing, today or now. */
  charge: 'now' | 'today' | null;
}

const aheadMs = 24 * 3_600_000;
const chargeNow = 0.3;
const chargeToday = 0.5;

/** @param now ms since 1970 */
export function todayOf({ zones, tag }: OwnSupervision, now: number): Today {
  const toBe = zones
    .filter(({ kind, stretch }) => kind !== 'exclusion' && stretch !== null && stretch.from < now + aheadMs)
    // What holds all day long is no news beside hours.
    .sort((a, b) => Number(a.kind !== 'curfew') - Number(b.kind !== 'curfew') || (a.stretch?.from ?? 0) - (b.stretch?.from ?? 0));
  const [rule] = toBe;
  const battery = tag?.battery ?? null;
  return {
    rule: rule ? { ...rule, inMinutes: Math.max(0, Math.ceil(((rule.changesAt ?? now) - now) / 60_000)) } : null,
    keepOut: zones.filter(({ kind, holdsNow }) => kind === 'exclusion' && holdsNow).map(({ name }) => name),
    charge: battery === null || battery >= chargeToday ? null : battery < chargeNow ? 'now' : 'today',
  };
}
