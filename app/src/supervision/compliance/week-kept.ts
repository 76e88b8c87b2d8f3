import { type Compliance, dateOf } from '@waymark/presence';
import type { Tx } from '../../platform/database.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import type { WornZone } from '../zones/index.ts';
import { type NightKept, nightOf, noonsFrom } from './caseload-compliance.ts';
import { keptBy, sumOf, sumsOf } from './read-compliance.ts';

/**
 * How one person kept their conditions in one week, over all tags that they wore in it, and its seven nights, each from noon to noon. Of
 * what is yet to come nothing is told. Times in ms since 1970.
 */
export async function weekKept(
  tx: Tx,
  fixes: FixStore,
  worn: readonly { id: number; starts_at: Date; ends_at: Date | null }[],
  week: { from: number; to: number },
  timeZone: string,
  zones: readonly WornZone[],
): Promise<{ stay: Compliance; keepOut: Compliance; nights: { day: string; kept: NightKept }[] }> {
  const nights = noonsFrom(dateOf(week.from, timeZone), 7, timeZone);
  const end = Math.max(week.to, week.from);
  const each: { from: number; to: number; kept: Awaited<ReturnType<typeof keptBy>> }[] = [];
  for (const { id, starts_at, ends_at } of worn) {
    // The last night of a week ends at the noon after it.
    const own = { from: Math.max(week.from, starts_at.getTime()), to: Math.min(end, ends_at?.getTime() ?? end) };
    if (own.from < own.to) each.push({ ...own, kept: await keptBy(tx, fixes, id, own, timeZone, zones) });
  }
  const between = (from: number, to: number) =>
    each.filter((own) => own.from < to && own.to > from).map((own) => sumsOf(own.kept(Math.max(from, own.from), Math.min(to, own.to))));
  const whole = between(week.from, end);
  return {
    stay: sumOf(whole.map(({ stay }) => stay)),
    keepOut: sumOf(whole.map(({ keepOut }) => keepOut)),
    nights: nights.map(({ day, noon, next }) => ({ day, kept: nightOf(sumOf(between(noon, next).map(({ stay }) => stay))) })),
  };
}
