import { createHmac, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { dayAfter } from '../../platform/days.ts';
import { readTime } from '../fixes/decode/index.ts';
import type { Protocol } from '../schema/tables.ts';
import { halfOf, orderOfTeams } from './draw-lot.ts';

/** One person in one period, by a pseudonym that nobody can undo. */
export interface OutcomeRow {
  person: string;
  group: string;
  /** From 1 on. */
  period: number;
  exposed: 0 | 1;
  outcome: 0 | 1;
  /** Days of the period on any part of which a tag was worn. */
  days: number;
}

export interface ExportedOutcomes {
  protocol: Protocol;
  script: string;
  sha256: string;
  /** By which the lot was drawn: its fingerprint was published before. */
  seed: string;
  rows: OutcomeRow[];
  /** Groups of fewer than five people, which are not in it, and how many people that leaves out. */
  left: { groups: number; people: number };
}

/** Fewer people than this of a group leave nothing of it. */
const leastInGroup = 5;
/** Who wore a tag on less than half of the days of a period tells nothing of it. */
const leastShareOfDays = 0.5;

/** A second auditor agrees that the outcomes leave. */
export const agreeToExport: Action<null, { id: number }, null> = {
  name: 'evaluation.agree',
  room: 'supervision',
  purpose: 'oversight',
  async run({ tx, actor, note }, _services, { id }) {
    note({ kind: 'evaluation', id });
    const row = await tx
      .selectFrom('supervision.evaluations')
      .select(['registered_by', 'agreed_by'])
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    if (!row) throw new NotFoundError('There is no such evaluation.');
    if (row.registered_by === actor.id) throw new InvalidError('You registered it: another auditor agrees.', 'agree');
    if (row.agreed_by !== null) throw new InvalidError('Another auditor has agreed already.', 'agree');
    await tx
      .updateTable('supervision.evaluations')
      .set({ agreed_by: actor.id, agreed_by_name: actor.name, agreed_at: new Date() })
      .where('id', '=', id)
      .execute();
    return null;
  },
};

/**
 * The outcomes of those who take part now, by pseudonyms whose key is thrown away, in periods and not in days; once it is over, a second auditor
 * has agreed, and once only. Who left is not in it. Each of those in it sees that it was made.
 */
export const exportOutcomes: Action<{ timeZone: string }, { id: number; today: string }, ExportedOutcomes> = {
  name: 'evaluation.export',
  room: 'supervision',
  purpose: 'oversight',
  async run({ tx, note }, { timeZone }, { id, today }) {
    note({ kind: 'evaluation', id });
    const row = await tx.selectFrom('supervision.evaluations').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
    if (!row) throw new NotFoundError('There is no such evaluation.');
    const { protocol } = row;
    if (row.stopped_at !== null) throw new InvalidError('It was stopped: nothing of it leaves.', 'export');
    if (today < protocol.endsOn) throw new InvalidError(`It is over on ${protocol.endsOn}. Nobody looks before.`, 'export');
    if (row.agreed_by === null) throw new InvalidError('Another auditor has to agree first.', 'export');
    // Two exports with other pseudonyms could be laid over each other.
    if (row.exported_at !== null) throw new InvalidError('The outcomes have left already, once.', 'export');
    const members = await membersOf(tx, id, protocol, timeZone);
    const order = orderOfTeams(row.seed, row.teams.map(String));
    const groups = new Map<string, number>();
    for (const { group } of members) groups.set(group, (groups.get(group) ?? 0) + 1);
    const isLarge = (group: string) => (groups.get(group) ?? 0) >= leastInGroup;
    // Who is of no team, or of one that came later, has no place in the order.
    const isPlaced = ({ group }: Member) => protocol.design !== 'stepped' || order.indexOf(group) >= 0;
    const shown = members.filter((member) => isLarge(member.group) && isPlaced(member));
    const key = randomBytes(32);
    // Teams are letters, in an order that says nothing.
    const letters = new Map(
      [...new Set(shown.map(({ group }) => group))]
        .map((group) => [group, createHmac('sha256', key).update(`group ${group}`).digest('hex')] as const)
        .sort(([, a], [, b]) => (a < b ? -1 : 1))
        .map(([group], i) => [group, `G${i + 1}`]),
    );
    const rows = shown
      .flatMap(({ subject, group, periods }) =>
        periods.map(
          ({ period, days, outcome }): OutcomeRow => ({
            person: createHmac('sha256', key).update(`person ${subject}`).digest('hex').slice(0, 16),
            group: letters.get(group) ?? '',
            period,
            exposed: period >= (protocol.design === 'stepped' ? order.indexOf(group) + 2 : halfOf(row.seed, subject)) ? 1 : 0,
            outcome,
            days,
          }),
        ),
      )
      .sort((a, b) => (a.person < b.person ? -1 : a.person > b.person ? 1 : a.period - b.period));
    await tx.updateTable('supervision.evaluations').set({ exported_at: new Date() }).where('id', '=', id).execute();
    const left = { groups: [...groups.keys()].filter((group) => !isLarge(group)).length, people: members.length - shown.length };
    note(null, { subjects: shown.map(({ subject }) => subject).sort((a, b) => a - b), rows: rows.length });
    return { protocol, script: row.script, sha256: row.sha256, seed: row.seed, rows, left };
  },
};

interface Member {
  subject: number;
  /** Their team; one for all where nobody keeps teams. */
  group: string;
  periods: { period: number; days: number; outcome: 0 | 1 }[];
}

async function membersOf(tx: Tx, id: number, protocol: Protocol, timeZone: string): Promise<Member[]> {
  const { rows: people } = await sql<{ subject: number; team: number | null; joined: Date }>`
    SELECT m.subject_id AS subject, m.team_id AS team, m.joined_at AS joined FROM supervision.evaluation_members m
      WHERE m.evaluation_id = ${id} AND m.left_at IS NULL ORDER BY m.subject_id`.execute(tx);
  const begins = (days: number) => new Date(readTime(`${dayAfter(protocol.startsOn, days)} 00:00`, timeZone));
  const counted = protocol.outcome === 'breach' ? sql`a.outcome = 'breach'` : sql`true`;
  const members = new Map<number, Member>(
    people.map(({ subject, team }) => [
      subject,
      { subject, group: protocol.design === 'stepped' ? String(team ?? 'none') : 'all', periods: [] },
    ]),
  );
  const joined = new Map(people.map(({ subject, joined: at }) => [subject, at]));
  for (let i = 0; i < protocol.periods; i++) {
    // Days as the clocks of the place have them: one has 23 hours or 25 where they change.
    const days = Array.from({ length: protocol.periodDays + 1 }, (_, day) => begins(i * protocol.periodDays + day));
    const [from, to] = [days[0] as Date, days[protocol.periodDays] as Date];
    const { rows } = await sql<{ subject: number; days: number; had: boolean }>`
      SELECT w.subject_id AS subject,
          (SELECT count(*)::int FROM unnest(${days.slice(0, -1)}::timestamptz[], ${days.slice(1)}::timestamptz[]) AS d (begins, ends)
            WHERE EXISTS (SELECT FROM supervision.wearings x WHERE x.subject_id = w.subject_id AND x.starts_at < d.ends
              AND (x.ends_at IS NULL OR x.ends_at > d.begins))) AS days,
          bool_or(EXISTS (SELECT FROM supervision.alerts a WHERE a.wearing_id = w.id AND a.state <> 'retracted' AND ${counted}
            AND a.from_at >= ${from} AND a.from_at < ${to})) AS had
        FROM supervision.wearings w WHERE w.starts_at < ${to} AND (w.ends_at IS NULL OR w.ends_at > ${from}) GROUP BY w.subject_id`.execute(
      tx,
    );
    for (const { subject, days: worn, had } of rows) {
      // Of the time before somebody agreed to take part nothing leaves, and no period that they joined in the middle of.
      const isIn = (joined.get(subject)?.getTime() ?? Number.POSITIVE_INFINITY) <= from.getTime();
      if (isIn && worn >= leastShareOfDays * protocol.periodDays)
        members.get(subject)?.periods.push({ period: i + 1, days: worn, outcome: had ? 1 : 0 });
    }
  }
  return [...members.values()].filter(({ periods }) => periods.length > 0);
}
