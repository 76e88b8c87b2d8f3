import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type { Waiting } from '../../platform/waiting.ts';
import { missedDays, nothingAgreedSince } from '../diary/index.ts';
import type { Positions } from '../fixes/index.ts';
import { endsWithinDays, hiddenWearings, isShown, isTheirs, type Whose } from '../subjects/index.ts';
import { batteryLow, isSilent } from '../tags/index.ts';

interface Counts {
  untaken: number;
  high: number;
  inHand: number;
  requests: number;
  late: number;
  unsaid: number;
  missed: number;
  today: number;
  packs: number;
  questions: number;
  overdue: number;
  ending: number;
  endingToday: number;
  untagged: number;
}

/** What waits for a monitoring officer, among whose people they ask for. @param now ms since 1970 */
export const waitingForOfficers: Action<
  { positions: Positions },
  { whose: Whose; now: number; today: string; tomorrow: string },
  Waiting[]
> = {
  name: 'waiting.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note }, { positions }, { whose, now, today, tomorrow }) {
    const theirs = (subject: string) => isTheirs(whose, actor.id, sql.ref(subject));
    const at = new Date(now);
    const own = sql`a.officer = ${actor.id}`;
    const { rows } = await sql<Counts>`
      SELECT al.*, r.*, d.*, p.*, q.*, o.*
      FROM (SELECT (count(*) FILTER (WHERE a.state IN ('raised', 'seen')))::int AS untaken,
            (count(*) FILTER (WHERE a.state IN ('raised', 'seen') AND a.severity = 'high'))::int AS high,
            (count(*) FILTER (WHERE a.state = 'in hand' AND a.assigned_to = ${actor.name}))::int AS "inHand"
          FROM supervision.alerts a JOIN supervision.wearings w ON w.id = a.wearing_id
          WHERE a.state IN ('raised', 'seen', 'in hand') AND ${theirs('w.subject_id')}) al,
        (SELECT count(*)::int AS requests, (count(*) FILTER (WHERE r.due_at < ${at}))::int AS late
          FROM supervision.requests r WHERE r.decision IS NULL AND ${theirs('r.subject_id')}) r,
        (SELECT (count(*) FILTER (WHERE a.state = 'planned' AND a.ends_at < ${at} AND a.ends_at > ${at}::timestamptz - interval '90 days'))::int AS unsaid,
            (count(*) FILTER (WHERE a.state = 'missed' AND a.ends_at > ${at}::timestamptz - make_interval(days => ${missedDays})
              AND ${nothingAgreedSince(at)}))::int AS missed,
            (count(*) FILTER (WHERE a.state = 'planned' AND ${own} AND a.ends_at >= ${at} AND a.starts_at < ${tomorrow}::timestamptz))::int AS today
          FROM supervision.appointments a WHERE (${own} OR ${theirs('a.subject_id')})) d,
        (SELECT count(*)::int AS packs FROM supervision.breach_packs p JOIN supervision.wearings w ON w.id = p.wearing_id
          WHERE p.decision IS NULL AND p.made_by <> ${actor.id}) p,
        (SELECT count(*)::int AS questions, (count(*) FILTER (WHERE c.due_on < ${today}::date))::int AS overdue
          FROM supervision.own_cases c WHERE c.replied_at IS NULL) q,
        (SELECT (count(DISTINCT o.subject_id) FILTER (WHERE ${isShown('ending', at)}))::int AS ending,
            (count(DISTINCT o.subject_id) FILTER (WHERE o.ends_at <= ${tomorrow}::timestamptz))::int AS "endingToday",
            (count(DISTINCT o.subject_id) FILTER (WHERE ${isShown('untagged', at)}))::int AS untagged
          FROM supervision.orders o WHERE o.starts_at <= ${at} AND (o.ends_at IS NULL OR o.ends_at > ${at}) AND ${theirs('o.subject_id')}) o`.execute(
      tx,
    );
    const counts = rows[0] as Counts;
    const worn = await tx
      .selectFrom('supervision.wearings as w')
      .innerJoin('supervision.orders as o', 'o.id', 'w.order_id')
      .select('w.id')
      .where(sql<boolean>`(w.ends_at IS NULL OR w.ends_at > ${at}) AND (o.ends_at IS NULL OR o.ends_at > ${at})`)
      .where(theirs('w.subject_id'))
      .execute();
    const hidden = await hiddenWearings(tx);
    const last = worn.filter(({ id }) => !hidden.has(id)).map(({ id }) => positions.of(id));
    const silent = last.filter((position) => position !== null && isSilent(position, now)).length;
    const low = last.filter((position) => position?.battery != null && position.battery < batteryLow).length;
    note(null, { whose });
    const of = whose === 'all' ? '' : `?whose=${whose}`;
    // The diary begins with one's own; what nobody has said anything of is anybody's.
    const diary = `/diary?whose=${whose === 'mine' ? 'team' : whose}`;
    const and = (query: string) => `${query}${whose === 'all' ? '' : `&whose=${whose}`}`;
    return [
      { what: 'alerts that nobody has taken', count: counts.untaken, pressing: { count: counts.high, word: 'high' }, href: `/alerts${of}` },
      { what: 'alerts in your hands', count: counts.inHand, href: and('/alerts?mine=yes') },
      {
        what: 'requests to answer',
        count: counts.requests,
        pressing: { count: counts.late, word: 'late' },
        href: `/absence-requests${of}`,
      },
      { what: 'questions to answer', count: counts.questions, pressing: { count: counts.overdue, word: 'late' }, href: '/requests' },
      { what: 'packs for your second look', count: counts.packs, href: '/compliance' },
      { what: 'appointments of yours still to come today', count: counts.today, href: and('/diary?from=today') },
      { what: 'past appointments that nobody has said anything of', count: counts.unsaid, href: diary },
      { what: 'missed appointments with nothing agreed since', count: counts.missed, href: diary },
      { what: 'tags not heard lately', count: silent, href: `/caseload${of}` },
      { what: 'tags with a low battery', count: low, href: `/caseload${of}` },
      {
        what: `people whose order ends within ${endsWithinDays} days`,
        count: counts.ending,
        pressing: { count: counts.endingToday, word: 'today' },
        href: and('/subjects?show=ending'),
      },
      { what: 'people under an order without a tag', count: counts.untagged, href: and('/subjects?show=untagged') },
    ];
  },
};
