import { createHmac, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
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
  /** Whole days on which a tag was worn. */
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
/** Who wore a tag on fewer days of a period tells nothing of it. */
const leastDays = 7;
const dayMs = 86_400_000;

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
    const teams = (await tx.selectFrom('supervision.teams').select('id').execute()).map(({ id: team }) => String(team));
    const order = orderOfTeams(row.seed, teams);
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
  const { rows: people } = await sql<{ subject: number; team: number | null }>`
    SELECT m.subject_id AS subject, c.team_id AS team FROM supervision.evaluation_members m LEFT JOIN supervision.cases c ON c.subject_id = m.subject_id
      WHERE m.evaluation_id = ${id} AND m.left_at IS NULL ORDER BY m.subject_id`.execute(tx);
  const bounds = Array.from({ length: protocol.periods + 1 }, (_, i) => {
    const day = new Date(Date.parse(protocol.startsOn) + i * protocol.periodDays * dayMs).toISOString().slice(0, 10);
    return new Date(readTime(`${day} 00:00`, timeZone));
  });
  const counted = protocol.outcome === 'breach' ? sql`a.outcome = 'breach'` : sql`true`;
  const members = new Map<number, Member>(
    people.map(({ subject, team }) => [
      subject,
      { subject, group: protocol.design === 'stepped' ? String(team ?? 'none') : 'all', periods: [] },
    ]),
  );
  for (let i = 0; i < protocol.periods; i++) {
    const [from, to] = [bounds[i] as Date, bounds[i + 1] as Date];
    const { rows } = await sql<{ subject: number; days: number; had: boolean }>`
      SELECT w.subject_id AS subject,
          floor(sum(greatest(0, extract(epoch FROM least(coalesce(w.ends_at, ${to}), ${to}) - greatest(w.starts_at, ${from})))) / 86400)::int AS days,
          bool_or(EXISTS (SELECT FROM supervision.alerts a WHERE a.wearing_id = w.id AND a.state <> 'retracted' AND ${counted}
            AND a.from_at >= ${from} AND a.from_at < ${to})) AS had
        FROM supervision.wearings w WHERE w.starts_at < ${to} AND (w.ends_at IS NULL OR w.ends_at > ${from}) GROUP BY 1`.execute(tx);
    for (const { subject, days, had } of rows)
      if (days >= leastDays)
        members.get(subject)?.periods.push({ period: i + 1, days: Math.min(days, protocol.periodDays), outcome: had ? 1 : 0 });
  }
  return [...members.values()].filter(({ periods }) => periods.length > 0);
}
