import { type Compliance, dateOf, weekAt } from '@waymark/presence';
import { sql } from 'kysely';
import { type Action, NotFoundError } from '../../platform/action.ts';
import { breather } from '../../platform/breathe.ts';
import type { Tx } from '../../platform/database.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { weekKept } from '../compliance/index.ts';
import { noteSubjects } from '../subjects/index.ts';
import { zonesOfWearings } from '../zones/index.ts';
import { grounds, isGround } from './keep-cohort.ts';

export interface CohortView {
  id: number;
  name: string;
  ground: string;
  reason: string;
  owner: string;
  isOwn: boolean;
  until: string;
  /** In force; a list that ended shows nobody. */
  isOpen: boolean;
  endedBecause: string;
  members: number;
}

const viewOf = (
  row: {
    id: number;
    name: string;
    ground: string;
    reason: string;
    owner: string;
    owner_name: string;
    ended_at: Date | null;
    ended_because: string;
    lastDay: string;
    members: number;
  },
  reader: string,
  today: string,
): CohortView => ({
  id: row.id,
  name: row.name,
  ground: isGround(row.ground) ? grounds[row.ground] : row.ground,
  reason: row.reason,
  owner: row.owner_name,
  isOwn: row.owner === reader,
  until: row.lastDay,
  isOpen: row.ended_at === null && row.lastDay >= today,
  endedBecause: row.ended_because,
  members: row.members,
});

const cohortsOf = (tx: Tx) =>
  tx
    .selectFrom('supervision.cohorts as c')
    .select(['c.id', 'c.name', 'c.ground', 'c.reason', 'c.owner', 'c.owner_name', 'c.ended_at', 'c.ended_because'])
    .select([
      sql<string>`c.until::text`.as('lastDay'),
      sql<number>`(SELECT count(*)::int FROM supervision.cohort_members m WHERE m.cohort_id = c.id AND m.left_at IS NULL)`.as('members'),
    ]);

/** The lists of whoever asks, those in force first. */
export const listCohorts: Action<null, { today: string; limit: number; offset: number }, { rows: CohortView[]; total: number }> = {
  name: 'cohort.list',
  room: 'supervision',
  purpose: 'offender-management',
  async run({ tx, actor, note }, _services, { today, limit, offset }) {
    const { total } = await tx.selectFrom('supervision.cohorts').select(sql<number>`count(*)::int`.as('total')).executeTakeFirstOrThrow();
    const rows = await cohortsOf(tx)
      .orderBy(sql`c.ended_at IS NULL AND c.until >= ${today}::date`, 'desc')
      .orderBy('c.name')
      .orderBy('c.id')
      .limit(limit)
      .offset(offset)
      .execute();
    note(null, { shown: rows.length });
    return { rows: rows.map((row) => viewOf(row, actor.id, today)), total };
  },
};

/** The week of somebody on a list. */
export interface MemberWeek {
  member: number;
  subject: number;
  name: string;
  reference: string;
  because: string;
  addedBy: string;
  addedAt: Date;
  /** The tags that they wore in the week; none where they wore none. */
  tags: string[];
  /** Time in places where they had to be, and out of those to keep out of. */
  stay: Compliance;
  keepOut: Compliance;
  nights: { day: string; kept: 'kept' | 'not kept' | 'unknown' | 'free' }[];
  /** Alerts that began in the week: all that were not taken back, those nobody has decided, and those decided as breaches. */
  alerts: { all: number; open: number; breaches: number };
  /** Verdicts of crimes that a person reviewed in the week and nobody took back. */
  verdicts: { reference: string; type: string; on: Date; verdict: string; decision: string }[];
  appointments: { kind: string; at: Date; state: string }[];
  /** When their orders end: the last of those in force. */
  orderEnds: Date | null;
  hasOrder: boolean;
}

export interface CohortWeek {
  cohort: CohortView;
  colleagues: { actor: string; name: string }[];
  /** Who could be let in. */
  managers: { actor: string; name: string }[];
  week: { from: number; to: number };
  rows: MemberWeek[];
}

/**
 * One week of those on a list: how they kept their conditions, alerts, verdicts that were reviewed, and appointments; of supervision alone. Each of
 * them sees that somebody looked.
 * @param week how many weeks back; 0 is this one
 */
export const readCohort: Action<
  { fixes: FixStore; timeZone: string; secondReview: boolean },
  { id: number; week: number; now: number; today: string; limit: number; offset: number },
  CohortWeek
> = {
  name: 'cohort.read',
  room: 'supervision',
  purpose: 'offender-management',
  async run({ tx, actor, note }, { fixes, timeZone, secondReview }, { id, week, now, today, limit, offset }) {
    note({ kind: 'cohort', id });
    const row = await cohortsOf(tx).where('c.id', '=', id).executeTakeFirst();
    if (!row) throw new NotFoundError('There is no such list, or it is not yours.');
    const cohort = viewOf(row, actor.id, today);
    const [from, to] = weekAt(now, timeZone, -week);
    const colleagues = await tx
      .selectFrom('supervision.cohort_colleagues')
      .select(['actor', 'name'])
      .where('cohort_id', '=', id)
      .where('actor', '<>', row.owner)
      .orderBy('name')
      .execute();
    const managers = await tx
      .selectFrom('platform.staff')
      .select(['actor', 'name'])
      .where('role', '=', 'offender-manager')
      .where('actor', 'not in', [row.owner, ...colleagues.map((own) => own.actor)])
      .orderBy('name')
      .execute();
    const shared = { cohort, colleagues, managers, week: { from, to } };
    if (!cohort.isOpen) return { ...shared, rows: [] };
    const members = await tx
      .selectFrom('supervision.cohort_members as m')
      .innerJoin('supervision.subjects as s', 's.id', 'm.subject_id')
      .select([
        'm.id as member',
        's.id as subject',
        's.name',
        's.reference',
        'm.because',
        'm.added_by_name as addedBy',
        'm.added_at as addedAt',
      ])
      .where('m.cohort_id', '=', id)
      .where('m.left_at', 'is', null)
      .orderBy('s.name')
      .orderBy('s.id')
      .limit(limit)
      .offset(offset)
      .execute();
    note(null, { shown: members.length, week: dateOf(from, timeZone) });
    return {
      ...shared,
      rows: await weeksOfMembers({ tx, actor, note }, { fixes, timeZone, secondReview }, members, { from, to: Math.min(to, now), end: to }),
    };
  },
};

type Member = Pick<MemberWeek, 'member' | 'subject' | 'name' | 'reference' | 'because' | 'addedBy' | 'addedAt'>;

async function weeksOfMembers(
  context: Parameters<typeof noteSubjects>[0],
  { fixes, timeZone, secondReview }: { fixes: FixStore; timeZone: string; secondReview: boolean },
  members: Member[],
  { from, to, end: weekEnd }: { from: number; to: number; end: number },
): Promise<MemberWeek[]> {
  const { tx } = context;
  const subjects = members.map(({ subject }) => subject);
  const among = sql<boolean>`subject_id = ANY(${subjects}::int[])`;
  const [begin, end] = [new Date(from), new Date(to)];
  const worn = await tx
    .selectFrom('supervision.wearings as w')
    .innerJoin('supervision.tags as t', 't.id', 'w.tag_id')
    .select(['w.id', 'w.subject_id', 'w.starts_at', 'w.ends_at', 't.serial'])
    .where(sql<boolean>`w.subject_id = ANY(${subjects}::int[])`)
    .orderBy('w.starts_at')
    .execute();
  // Whoever has worn no tag yet is told that there was a look too.
  await noteSubjects(
    context,
    worn.map(({ id }) => id),
  );
  context.note(null, { subjects: subjects.toSorted((a, b) => a - b) });
  const inWeek = worn.filter(({ starts_at, ends_at }) => starts_at < end && (ends_at === null || ends_at > begin));
  const zones = await zonesOfWearings(
    tx,
    inWeek.map(({ id }) => id),
  );
  const wearings = [0, ...worn.map(({ id }) => id)];
  const subjectOf = new Map(worn.map(({ id, subject_id }) => [id, subject_id]));
  const alerts = await tx
    .selectFrom('supervision.alerts')
    .select([
      'wearing_id',
      sql<number>`count(*)::int`.as('all'),
      sql<number>`(count(*) FILTER (WHERE state IN ('raised', 'seen', 'in hand')))::int`.as('open'),
      sql<number>`(count(*) FILTER (WHERE outcome = 'breach'))::int`.as('breaches'),
    ])
    .where('wearing_id', 'in', wearings)
    .where('state', '<>', 'retracted')
    .where('from_at', '>=', begin)
    .where('from_at', '<', end)
    .groupBy('wearing_id')
    .execute();
  const reviewed = await tx
    .selectFrom('supervision.reviews as r')
    .innerJoin('supervision.crime_versions as v', 'v.id', 'r.crime_version_id')
    .innerJoin('supervision.crimes as c', 'c.id', 'v.crime_id')
    .select(['r.wearing_id', 'c.reference', 'v.type', 'v.from_at as on', 'r.verdict', 'r.decision', 'r.crime_version_id'])
    .where('r.wearing_id', 'in', wearings)
    .where('r.taken_back_at', 'is', null)
    .where('r.at', '>=', begin)
    .where('r.at', '<', end)
    .where(
      sql<boolean>`NOT ${secondReview}::boolean OR (SELECT count(DISTINCT x.reviewer) FROM supervision.reviews x
        WHERE x.crime_version_id = r.crime_version_id AND x.wearing_id = r.wearing_id AND x.run_id = r.run_id AND x.taken_back_at IS NULL) > 1`,
    )
    .orderBy('r.id', 'desc')
    .execute();
  const appointments = await tx
    .selectFrom('supervision.appointments')
    .select(['subject_id', 'kind', 'starts_at as at', 'state'])
    .where(among)
    .where('starts_at', '>=', begin)
    .where('starts_at', '<', new Date(weekEnd))
    .orderBy('starts_at')
    .execute();
  const orders = await tx
    .selectFrom('supervision.orders')
    .select(['subject_id', 'ends_at'])
    .where(among)
    .where('starts_at', '<=', end)
    .execute();
  const breathe = breather();
  const rows: MemberWeek[] = [];
  for (const member of members) {
    await breathe();
    const own = inWeek.filter(({ subject_id }) => subject_id === member.subject);
    const inForce = orders.filter(({ subject_id, ends_at }) => subject_id === member.subject && (ends_at === null || ends_at > begin));
    const counts = alerts.filter(({ wearing_id }) => subjectOf.get(wearing_id) === member.subject);
    const sum = (key: 'all' | 'open' | 'breaches') => counts.reduce((all, one) => all + one[key], 0);
    rows.push({
      ...member,
      tags: own.map(({ serial }) => serial),
      ...(await weekKept(tx, fixes, own, { from, to }, timeZone, zones)),
      alerts: { all: sum('all'), open: sum('open'), breaches: sum('breaches') },
      verdicts: latestOfEach(reviewed.filter(({ wearing_id }) => subjectOf.get(wearing_id) === member.subject)),
      appointments: appointments.filter(({ subject_id }) => subject_id === member.subject).map(({ subject_id: _, ...one }) => one),
      orderEnds: inForce.some(({ ends_at }) => ends_at === null)
        ? null
        : inForce.reduce<Date | null>((latest, { ends_at }) => (latest && ends_at && latest > ends_at ? latest : ends_at), null),
      hasOrder: inForce.length > 0,
    });
  }
  return rows;
}

/** One verdict for each crime: the latest review of it, which comes first. */
function latestOfEach<T extends { wearing_id: number; crime_version_id: number }>(rows: readonly T[]) {
  const known = new Set<number>();
  return rows.flatMap(({ wearing_id: _, crime_version_id, ...own }) => {
    if (known.has(crime_version_id)) return [];
    known.add(crime_version_id);
    return [own];
  });
}
