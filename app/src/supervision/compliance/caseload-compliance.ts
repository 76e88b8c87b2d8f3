import { type Compliance, dateOf, weekAt } from '@waymark/presence';
import { type RawBuilder, sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import { breather } from '../../platform/breathe.ts';
import type { Tx } from '../../platform/database.ts';
import { dayAfter } from '../../platform/days.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { readTime } from '../fixes/decode/index.ts';
import { decisionsOn, isTheirs, type Whose } from '../subjects/index.ts';
import { zonesOfWearings } from '../zones/index.ts';
import { keptBy, sumsOf } from './read-compliance.ts';

/** One night, from noon to noon, as far as somebody had to be in a place. */
export type NightKept = 'kept' | 'not kept' | 'unknown' | 'free';

export interface CaseCompliance {
  subject: number;
  name: string;
  reference: string;
  tag: string;
  /** The latest four, the earliest first; without any time before the tag was worn. */
  weeks: ({ from: number } & { stay: Compliance; keepOut: Compliance })[];
  nights: { day: string; kept: NightKept }[];
  /** Alerts that nobody has decided, and those decided as breaches in these weeks. */
  open: number;
  breaches: number;
  /** Another officer's case, of which nothing more is told without a reason. */
  isAnothers: boolean;
}

/** A pack that somebody else put together and nobody has reviewed. */
export interface WaitingPack {
  id: number;
  subject: number;
  name: string;
  madeBy: string;
  madeAt: Date;
}

const weeksShown = 4;
const nightsShown = 28;
const dayMs = 86_400_000;
/** A night of which more than this share is unknown is told as unknown. */
const unknownShare = 0.25;

/**
 * How people who wear a tag keep their conditions: four weeks and 28 nights of each, and the packs that wait for the asker's own second
 * look. The latest wearing of each; people by reference.
 */
export const listCompliance: Action<
  { fixes: FixStore; timeZone: string },
  { whose: Whose; limit: number; offset: number; now: number },
  { rows: CaseCompliance[]; total: number; waiting: WaitingPack[] }
> = {
  name: 'compliance.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, { fixes, timeZone }, { whose, limit, offset, now }) {
    const weeks = Array.from({ length: weeksShown }, (_, i) => weekAt(now, timeZone, i + 1 - weeksShown));
    const from = weeks[0]?.[0] ?? now;
    const { wearings, total } = await wearingsOfPage(tx, isTheirs(whose, actor.id, sql.ref('w.subject_id')), { limit, offset, now });
    const alerts = await tx
      .selectFrom('supervision.alerts')
      .select([
        'wearing_id',
        sql<number>`(count(*) FILTER (WHERE state IN ('raised', 'seen', 'in hand')))::int`.as('open'),
        sql<number>`(count(*) FILTER (WHERE outcome = 'breach' AND from_at >= ${new Date(from)}))::int`.as('breaches'),
      ])
      .where('wearing_id', 'in', [0, ...wearings.map(({ id }) => id)])
      .groupBy('wearing_id')
      .execute();
    const rows: CaseCompliance[] = [];
    const breathe = breather();
    const nights = nightsUntil(now, timeZone);
    const decisions = await decisionsOn(
      { tx, actor, access },
      wearings.map(({ subject }) => subject),
    );
    // Read together: what a case hides is worked out anew for each question.
    const zones = await zonesOfWearings(
      tx,
      wearings.map(({ id }) => id),
    );
    for (const { id, starts_at, ...own } of wearings) {
      // Of another officer's case the page tells that it is there; how it is kept is read there, with a reason.
      if (decisions.get(own.subject)?.allowed === false) {
        rows.push({ ...own, weeks: [], nights: [], open: 0, breaches: 0, isAnothers: true });
        continue;
      }
      await breathe();
      const began = Math.max(starts_at.getTime(), Math.min(from, now - nightsShown * dayMs));
      const kept = await keptBy(tx, fixes, id, { from: began, to: now }, timeZone, zones);
      const counts = alerts.find(({ wearing_id }) => wearing_id === id);
      rows.push({
        ...own,
        weeks: weeks.map(([weekFrom, weekTo]) => ({
          from: weekFrom,
          ...sumsOf(kept(Math.max(weekFrom, began), Math.max(Math.min(weekTo, now), Math.max(weekFrom, began)))),
        })),
        nights: nights.map(({ day, noon, next }) => ({
          day,
          kept: nightOf(sumsOf(kept(Math.max(noon, began), Math.min(next, now))).stay),
        })),
        open: counts?.open ?? 0,
        breaches: counts?.breaches ?? 0,
        isAnothers: false,
      });
    }
    note(null, { shown: rows.length });
    const waiting = await tx
      .selectFrom('supervision.breach_packs as p')
      .innerJoin('supervision.wearings as w', 'w.id', 'p.wearing_id')
      .innerJoin('supervision.subjects as s', 's.id', 'w.subject_id')
      .select(['p.id', 's.id as subject', 's.name', 'p.made_by_name as madeBy', 'p.made_at as madeAt'])
      .where('p.decision', 'is', null)
      .where('p.made_by', '<>', actor.id)
      .orderBy('p.id')
      .limit(50)
      .execute();
    return { rows, total, waiting };
  },
};

interface WornBy {
  id: number;
  starts_at: Date;
  subject: number;
  name: string;
  reference: string;
  tag: string;
}

/** The latest wearing of each of these people, by reference, a page of them; and how many there are. */
async function wearingsOfPage(
  tx: Tx,
  isMeant: RawBuilder<boolean>,
  { limit, offset, now }: { limit: number; offset: number; now: number },
): Promise<{ wearings: WornBy[]; total: number }> {
  const at = new Date(now);
  const worn = sql`supervision.wearings w JOIN supervision.subjects s ON s.id = w.subject_id
    WHERE ${isMeant} AND w.starts_at <= ${at} AND (w.ends_at IS NULL OR w.ends_at > ${at})`;
  // Everybody is gone through once, for both questions.
  const { rows } = await sql<WornBy & { total: number }>`
    SELECT q.id, q.starts_at, q.subject, q.name, q.reference, q.total, t.serial AS tag FROM (
      SELECT l.*, (count(*) OVER ())::int AS total FROM (
        SELECT DISTINCT ON (s.reference, s.id) w.id, w.starts_at, w.tag_id, s.id AS subject, s.name, s.reference FROM ${worn}
          ORDER BY s.reference, s.id, w.starts_at DESC) l
        ORDER BY l.reference, l.subject LIMIT ${limit} OFFSET ${offset}) q
      JOIN supervision.tags t ON t.id = q.tag_id ORDER BY q.reference, q.subject`.execute(tx);
  const wearings = rows.map(({ total: _, ...own }) => own);
  if (rows[0]) return { wearings, total: rows[0].total };
  const { rows: counted } = await sql<{ total: number }>`SELECT count(DISTINCT w.subject_id)::int AS total FROM ${worn}`.execute(tx);
  return { wearings, total: counted[0]?.total ?? 0 };
}

/** The latest nights, each from noon to noon on the clock, the earliest first; the last is the one that began at the noon before. */
export function nightsUntil(now: number, timeZone: string): { day: string; noon: number; next: number }[] {
  const today = dateOf(now, timeZone);
  const latest = readTime(`${today} 12:00`, timeZone) <= now ? 0 : 1;
  return noonsFrom(dayAfter(today, 1 - latest - nightsShown), nightsShown, timeZone);
}

/** So many nights from a day on, each from noon to noon on the clock. @param first such as 2026-11-23 */
export function noonsFrom(first: string, nights: number, timeZone: string): { day: string; noon: number; next: number }[] {
  const noonOf = (day: string) => readTime(`${day} 12:00`, timeZone);
  return Array.from({ length: nights }, (_, i) => {
    const day = dayAfter(first, i);
    return { day, noon: noonOf(day), next: noonOf(dayAfter(first, i + 1)) };
  });
}

export function nightOf({ keptMs, brokenMs, unknownMs }: Compliance): NightKept {
  const all = keptMs + brokenMs + unknownMs;
  if (all <= 0) return 'free';
  if (brokenMs > 0) return 'not kept';
  return unknownMs > unknownShare * all ? 'unknown' : 'kept';
}
