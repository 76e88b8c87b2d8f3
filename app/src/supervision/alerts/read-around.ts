import { depthM, layArea } from '@waymark/presence';
import { sql } from 'kysely';
import type { Tx } from '../../platform/database.ts';
import { type Reach, readReach } from '../contacts/index.ts';
import { type AlertKind, type AlertOutcome, openAlertStates, type Severity } from '../schema/tables.ts';
import { zonesOfWearings } from '../zones/index.ts';
import { kindInBrief } from './kinds.ts';

/** What an officer needs beside an alert: whom to ring, what goes on besides, and how it was lately. */
export interface Around {
  reach: Reach;
  /** What else is open about the person, what lasts first. */
  besides: { id: number; brief: string; severity: Severity; from_at: Date; to_at: Date | null }[];
  /** The last alerts that were closed, the latest first. */
  before: { id: number; brief: string; from_at: Date; outcome: AlertOutcome | null }[];
  /** How many alerts began on each of the last days, the oldest first. */
  days: { day: string; alerts: number }[];
  /** Whom the order protects, by name, and when somebody last noted on this alert that they were told; null until then. */
  protects: string[];
  protectedToldAt: Date | null;
  /** How far from where they must be at night the tag was last; null without a fix or such a place. Metres from its edge, 0 inside. */
  awayFromHomeM: number | null;
}

/** Noted on an alert once the protected person knows. */
export const protectedTold = 'The protected person was told';

type Point = { lon: number; lat: number };

const daysShown = 14;

export async function readAround(
  tx: Tx,
  { alert, subject, wearing, last, timeZone }: { alert: number; subject: number; wearing: number; last: Point | null; timeZone: string },
): Promise<Around> {
  const of = () =>
    tx
      .selectFrom('supervision.alerts as a')
      .innerJoin('supervision.wearings as w', 'w.id', 'a.wearing_id')
      .leftJoin('supervision.zone_versions as v', 'v.id', 'a.zone_version_id')
      .select(['a.id', 'a.kind', 'a.severity', 'a.from_at', 'a.to_at', 'a.outcome', 'v.name as zone'])
      .where('w.subject_id', '=', subject)
      .where('a.id', '<>', alert);
  const brief = <T extends { kind: AlertKind; zone: string | null }>(row: T) => ({ ...row, brief: kindInBrief(row.kind, row.zone) });
  const besides = await of()
    .where('a.state', 'in', [...openAlertStates])
    .orderBy(sql`a.to_at IS NOT NULL`)
    .orderBy('a.from_at', 'desc')
    .limit(5)
    .execute();
  const before = await of().where('a.state', '=', 'closed').orderBy('a.from_at', 'desc').limit(5).execute();
  const { rows: days } = await sql<{ day: string; alerts: number }>`
    SELECT d::date::text AS day, (
      SELECT count(*)::int FROM supervision.alerts a JOIN supervision.wearings w ON w.id = a.wearing_id
        WHERE w.subject_id = ${subject} AND a.state <> 'retracted' AND (a.from_at AT TIME ZONE ${timeZone}::text)::date = d::date) AS alerts
    FROM generate_series((now() AT TIME ZONE ${timeZone}::text)::date - ${daysShown - 1}::int, (now() AT TIME ZONE ${timeZone}::text)::date, interval '1 day') d
    ORDER BY 1`.execute(tx);
  const protects = await tx
    .selectFrom('supervision.protections as p')
    .innerJoin('supervision.orders as o', 'o.id', 'p.order_id')
    .select('p.name')
    .distinct()
    .where('o.subject_id', '=', subject)
    .where('p.ends_at', 'is', null)
    .execute();
  const told = await tx
    .selectFrom('supervision.alert_steps')
    .select('at')
    .where('alert_id', '=', alert)
    .where('note', '=', protectedTold)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return {
    protectedToldAt: told?.at ?? null,
    awayFromHomeM: last && (await awayFromHome(tx, wearing, last)),
    reach: await readReach(tx, subject),
    besides: besides.map(brief),
    before: before.map(brief),
    days,
    protects: protects.map(({ name }) => name),
  };
}

/** From the edge of the nearest place where they must be at set hours. */
async function awayFromHome(tx: Tx, wearing: number, { lon, lat }: Point): Promise<number | null> {
  const now = Date.now();
  const homes = (await zonesOfWearings(tx, [wearing])).filter(
    ({ kind, schedule }) => kind === 'curfew' && schedule.from <= now && schedule.to > now,
  );
  if (homes.length === 0) return null;
  return Math.min(...homes.map(({ area }) => Math.max(0, -depthM(layArea(area), lon, lat))));
}
