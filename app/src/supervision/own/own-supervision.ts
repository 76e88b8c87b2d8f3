import { type Area, depthM, intervalsOf, layArea, type Schedule } from '@waymark/presence';
import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { type Half, ownAccess } from '../../platform/own-access.ts';
import { type CaseView, ownCases } from '../../platform/own-cases.ts';
import { type OwnRows, ownRows } from '../../platform/own-copy.ts';
import { type LookView, readLooks } from '../../platform/own-looks.ts';
import { type TrackDay, type TrackStores, trackDayOf } from '../days/index.ts';
import type { ZoneKind } from '../schema/tables.ts';
import { type WornZone, zoneFeature, zonesOfWearings } from '../zones/index.ts';
import { endReminders } from './end-reminders.ts';

export const supervisionHalf: Half = { room: 'supervision', purpose: 'monitoring', about: 'subject', who: 'subject_id', table: 'subjects' };
export const supervisionAccess = ownAccess(supervisionHalf, endReminders);
export const supervisionCases = ownCases(supervisionHalf);

export interface OwnZone {
  name: string;
  kind: ZoneKind;
  hours: WornZone['hours'];
  /** Whether it holds now, and when that changes next; null where it does not within two weeks. */
  holdsNow: boolean;
  changesAt: number | null;
  /** Where it begins and ends, ms since 1970: the stretch that holds now or else the next one; an end that is too far off is null. */
  stretch: { from: number; to: number | null } | null;
  /** Where the tag was when it was last heard: inside, at the edge within how sure that is, or so many metres away; null without a fix. */
  last: { isInside: boolean; isAtEdge: boolean; awayM: number } | null;
  /** As the map draws it. */
  feature: ReturnType<typeof zoneFeature>;
}

/** What supervision holds of the wearer who looks, beside their places. */
export interface OwnSupervision {
  name: string;
  reference: string;
  orders: { kind: string; authority: string; startsAt: Date; endsAt: Date | null; conditions: string }[];
  /** Who is responsible for the order in force, and how to ring them. */
  officer: { name: string; phone: string; team: string } | null;
  tag: (LastHeard & { serial: string; since: Date }) | null;
  zones: OwnZone[];
  absences: { from: Date; to: Date; reason: string }[];
  /** Each with what was decided about it and why, the latest last. */
  alerts: { id: number; kind: string; from: Date; to: Date | null; outcome: string | null; reasons: { said: string; at: Date }[] }[];
  /** What was decided about the wearer when recorded crimes were compared with their tag, and a person looked at it. */
  verdicts: { crime: string; on: Date; verdict: string; decision: string; at: Date }[];
  /** Lists of people that they are on and that are in force: what for, why they are on it, and who owns it. */
  lists: { id: number; name: string; reason: string; because: string; owner: string; until: string }[];
  cases: CaseView[];
}

/** When a tag was last heard, and where it was then. */
export interface LastHeard {
  lastAt: number | null;
  battery: number | null;
  place: { lon: number; lat: number; accuracyM: number | null } | null;
}

/** A tag that does not say how exact it is counts as exact to so many metres. */
const usualAccuracyM = 20;
const aheadMs = 14 * 86_400_000;

export const readOwnSupervision: Action<TrackStores, { now: number; secondReview: boolean }, OwnSupervision | null> = {
  name: 'own.tag',
  room: 'supervision',
  purpose: 'self',
  async run({ tx }, { fixes, timeZone }, { now, secondReview }) {
    const id = await supervisionAccess.whoAmI(tx);
    if (id === null) return null;
    const subject = await tx.selectFrom('supervision.subjects').select(['name', 'reference']).executeTakeFirstOrThrow();
    const wearings = await tx
      .selectFrom('supervision.wearings as w')
      .innerJoin('supervision.tags as t', 't.id', 'w.tag_id')
      .select(['w.id', 't.serial', 'w.starts_at as since', 'w.ends_at'])
      .orderBy('w.starts_at', 'desc')
      .execute();
    const worn = wearings.find(({ ends_at }) => ends_at === null || ends_at.getTime() > now) ?? null;
    const zones = await zonesOfWearings(tx, worn ? [worn.id] : []);
    const heard = worn && (await lastOf(fixes, worn.id));
    return {
      ...subject,
      orders: await tx
        .selectFrom('supervision.orders')
        .select(['kind', 'authority', 'starts_at as startsAt', 'ends_at as endsAt', 'conditions'])
        .orderBy('starts_at', 'desc')
        .execute(),
      officer: await officerOf(tx, now),
      tag: worn && heard && { serial: worn.serial, since: worn.since, ...heard },
      zones: zones
        .filter(({ schedule }) => schedule.from <= now + aheadMs && schedule.to > now)
        .map((zone) => ({
          name: zone.name,
          kind: zone.kind,
          hours: zone.hours,
          ...changeOf(zone.schedule, now, timeZone),
          last: heard?.place ? nearnessOf(zone.area, heard.place) : null,
          feature: zoneFeature(zone),
        })),
      absences: await tx
        .selectFrom('supervision.absences')
        .select(['from_at as from', 'to_at as to', 'reason'])
        .where('to_at', '>', new Date(now))
        .orderBy('from_at')
        .execute(),
      alerts: await ownAlerts(tx),
      verdicts: await tx
        .selectFrom('supervision.reviews as r')
        .innerJoin('supervision.crime_versions as c', 'c.id', 'r.crime_version_id')
        .select(['c.type as crime', 'c.from_at as on', 'r.verdict', 'r.decision', 'r.at'])
        .where('c.made_up', '=', false)
        .where('r.taken_back_at', 'is', null)
        // One that waits for a second reviewer is not decided yet.
        .where(
          sql<boolean>`NOT ${secondReview}::boolean OR (SELECT count(DISTINCT x.reviewer) FROM supervision.reviews x
            WHERE x.crime_version_id = r.crime_version_id AND x.wearing_id = r.wearing_id AND x.run_id = r.run_id AND x.taken_back_at IS NULL) > 1`,
        )
        .orderBy('r.id', 'desc')
        .limit(200)
        .execute(),
      lists: await tx
        .selectFrom('supervision.cohort_members as m')
        .innerJoin('supervision.cohorts as c', 'c.id', 'm.cohort_id')
        .select(['c.id', 'c.name', 'c.reason', 'm.because', 'c.owner_name as owner', sql<string>`c.until::text`.as('until')])
        .where('m.left_at', 'is', null)
        .where('c.ended_at', 'is', null)
        .where(sql<boolean>`c.until >= current_date`)
        .orderBy('c.id')
        .execute(),
      cases: await supervisionCases.mine(tx),
    };
  },
};

async function officerOf(tx: Tx, now: number): Promise<OwnSupervision['officer']> {
  const own = await tx
    .selectFrom('supervision.orders')
    .select(['officer_name as name', 'officer_phone as phone', 'team'])
    .where('officer_phone', '<>', '')
    .where((eb) => eb.or([eb('ends_at', 'is', null), eb('ends_at', '>', new Date(now))]))
    .orderBy('starts_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return own ?? null;
}

async function ownAlerts(tx: Tx): Promise<OwnSupervision['alerts']> {
  const alerts = await tx
    .selectFrom('supervision.alerts')
    .select(['id', 'kind', 'from_at as from', 'to_at as to', 'outcome'])
    .where('state', '<>', 'retracted')
    .orderBy('from_at', 'desc')
    .limit(50)
    .execute();
  const steps = await tx
    .selectFrom('supervision.alert_steps')
    .select(['alert_id', 'note', 'at'])
    .where('alert_id', 'in', [0, ...alerts.map(({ id }) => id)])
    .where('step', 'in', ['closed', 'reopened', 'corrected'])
    .orderBy('id')
    .execute();
  return alerts.map((alert) => ({
    ...alert,
    reasons: steps.filter(({ alert_id, note }) => alert_id === alert.id && note !== '').map(({ note, at }) => ({ said: note, at })),
  }));
}

async function lastOf(fixes: FixStore, wearing: number): Promise<LastHeard> {
  const { count, columns } = await fixes.nearest(wearing, { before: Number.MAX_SAFE_INTEGER });
  if (count === 0) return { lastAt: null, battery: null, place: null };
  const known = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? null : value);
  const place = { lon: columns.lon[0] as number, lat: columns.lat[0] as number, accuracyM: known(columns.accuracyM[0]) };
  return { lastAt: columns.at[0] as number, battery: known(columns.battery[0]), place };
}

function nearnessOf(area: Area, { lon, lat, accuracyM }: NonNullable<LastHeard['place']>): OwnZone['last'] {
  const depth = depthM(layArea(area), lon, lat);
  return { isInside: depth >= 0, isAtEdge: Math.abs(depth) <= (accuracyM ?? usualAccuracyM), awayM: roundedM(Math.max(0, -depth)) };
}

/** A distance as exact as it is worth telling: to 10 m, from 500 m on to 50 m, from 2 km on to 100 m. */
function roundedM(distance: number): number {
  const step = distance < 500 ? 10 : distance < 2000 ? 50 : 100;
  return Math.round(distance / step) * step;
}

function changeOf(schedule: Schedule, now: number, timeZone: string): Pick<OwnZone, 'holdsNow' | 'changesAt' | 'stretch'> {
  const intervals = intervalsOf(schedule, now, now + aheadMs, timeZone);
  const [from, to] = [intervals[0], intervals[1]];
  if (from === undefined || to === undefined) return { holdsNow: false, changesAt: null, stretch: null };
  const holdsNow = from <= now;
  const changesAt = holdsNow ? to : from;
  const stretch = { from, to: to < now + aheadMs ? to : null };
  return { holdsNow, changesAt: changesAt < now + aheadMs ? changesAt : null, stretch };
}

/** The person's own day on the map: their fixes, and the zones that held. */
export const readOwnDay: Action<TrackStores, { date: string }, TrackDay | null> = {
  name: 'own.tag',
  room: 'supervision',
  purpose: 'self',
  async run({ tx }, stores, { date }) {
    const id = await supervisionAccess.whoAmI(tx);
    if (id === null) return null;
    const day = await trackDayOf(tx, stores, id, date);
    return day;
  },
};

/** The wearer asks for a human, a copy, or says that something is wrong: a position, a rule, a decision. */
export const askSupervision: Action<null, { kind: string; about: string; said: string; today: string }, null> = {
  name: 'own.ask',
  room: 'supervision',
  purpose: 'self',
  async run({ tx, note }, _services, { kind, about, said, today }) {
    const id = await supervisionAccess.whoAmI(tx);
    if (id === null) throw new NotFoundError('There is nothing like that here.');
    note({ kind: 'subject', id });
    const chosen = (['something is wrong', 'talk to a human', 'a copy of my data'] as const).find((own) => own === kind);
    if (!chosen) throw new InvalidError('Choose what you want to do.', 'kind');
    await supervisionCases.open(tx, { who: id, kind: chosen, about, said, today });
    return null;
  },
};

/** Who of supervision looked at the wearer's data. */
export const supervisionLooks: Action<null, null, { looks: LookView[]; total: number } | null> = {
  name: 'own.looks',
  room: 'supervision',
  purpose: 'self',
  async run({ tx }) {
    const id = await supervisionAccess.whoAmI(tx);
    if (id === null) return null;
    return readLooks(tx);
  },
};

/** Everything that supervision holds of the wearer, table by table and with every position; null where no code has been entered. */
export const supervisionCopy: Action<TrackStores, { positions: boolean }, (OwnRows & { fixes: Record<string, unknown>[] }) | null> = {
  name: 'own.copy',
  room: 'supervision',
  purpose: 'self',
  async run({ tx }, { fixes }, { positions: wanted }) {
    const id = await supervisionAccess.whoAmI(tx);
    if (id === null) return null;
    const rows = await ownRows(tx, 'supervision');
    const positions: Record<string, unknown>[] = [];
    for (const { id: wearing } of wanted ? (rows.wearings as { id: number }[]) : []) {
      const { count, columns } = await fixes.track(wearing, 0, Date.now() + aheadMs);
      for (let i = 0; i < count; i++) {
        const accuracy = columns.accuracyM[i] as number;
        positions.push({
          wearing,
          at: new Date(columns.at[i] as number),
          receivedAt: new Date(columns.receivedAt[i] as number),
          latitude: columns.lat[i],
          longitude: columns.lon[i],
          accuracyM: Number.isNaN(accuracy) ? null : accuracy,
        });
      }
    }
    return { ...rows, fixes: positions };
  },
};
