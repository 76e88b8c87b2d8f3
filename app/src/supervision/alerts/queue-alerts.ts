import { type RawBuilder, sql } from 'kysely';
import type { Actor } from '../../platform/access.ts';
import type { Action } from '../../platform/action.ts';
import { containing } from '../../platform/containing.ts';
import type { Tx } from '../../platform/database.ts';
import { type AlertKind, type AlertState, openAlertStates, type Severity, severities } from '../schema/tables.ts';
import { isTheirs, type Whose } from '../subjects/index.ts';
import { kindInBrief, standingKinds } from './kinds.ts';
import { type AlertCounts, readCounts } from './read-alerts.ts';

/** An alert in a row of the list. */
export interface QueuedAlert {
  id: number;
  kind: AlertKind;
  brief: string;
  severity: Severity;
  state: AlertState;
  from_at: Date;
  /** Null while it lasts. */
  to_at: Date | null;
  /** It lasts, or it is not over until somebody has looked. */
  goes_on: boolean;
  raised_at: Date;
  assigned_to: string | null;
}

/** Everything that is open about one person. */
export interface QueuedPerson {
  subject_id: number;
  subject: string;
  reference: string;
  /** What lasts comes first, then what has ended within a day. */
  section: 'now' | 'today' | 'earlier';
  severity: Severity;
  /** The most urgent first, those that last before others; at most `shownOfOne`. */
  alerts: QueuedAlert[];
  /** How many alerts of this person are open, whether they are shown or not. */
  open: number;
  lasting: number;
  /** Those that nobody has looked at yet, to be marked together; at most 100. */
  unseen: number[];
}

export interface QueueQuery {
  search?: string;
  mine?: boolean;
  whose?: Whose;
  kind?: string;
  severity?: string;
  limit: number;
  offset: number;
}

const shownOfOne = 4;

/** What lasts, and what nobody has looked at that is not over by itself. */
const goesOn = sql<boolean>`(a.to_at IS NULL OR (a.kind IN (${sql.join(standingKinds)}) AND a.from_at > now() - interval '24 hours'))`;

/**
 * What needs somebody, person by person: first those with something that goes on, the most urgent and then the newest on top; then what
 * has ended, the newest on top.
 */
export const queueAlerts: Action<
  null,
  QueueQuery,
  { people: QueuedPerson[]; total: number; sections: Record<QueuedPerson['section'], number> } & AlertCounts
> = {
  name: 'alert.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note }, _services, { limit, offset, ...asked }) {
    const isMeant = matching(asked, actor);
    const rank = sql`array_position(ARRAY[${sql.join([...severities])}], a.severity)`;
    const { rows } = await sql<{
      subject_id: number;
      subject: string;
      reference: string;
      section: QueuedPerson['section'];
      open: number;
      lasting: number;
      unseen: number[];
      total: number;
      now: number;
      today: number;
    }>`
      WITH people AS (
        SELECT w.subject_id, count(*)::int AS open, count(*) FILTER (WHERE ${goesOn})::int AS lasting,
          min(${rank}) FILTER (WHERE ${goesOn}) AS worst, max(coalesce(a.to_at, a.from_at)) AS newest, max(a.from_at) FILTER (WHERE ${goesOn}) AS began,
          coalesce((array_agg(a.id ORDER BY a.id DESC) FILTER (WHERE a.state = 'raised'))[1:100], '{}') AS unseen
        FROM supervision.alerts a JOIN supervision.wearings w ON w.id = a.wearing_id JOIN supervision.subjects s ON s.id = w.subject_id
          LEFT JOIN supervision.zone_versions v ON v.id = a.zone_version_id
        WHERE ${isMeant}
        GROUP BY w.subject_id
      ), placed AS (
        SELECT p.*, CASE WHEN lasting > 0 THEN 'now' WHEN newest > now() - interval '24 hours' THEN 'today' ELSE 'earlier' END AS section
        FROM people p
      )
      SELECT p.subject_id, s.name AS subject, s.reference, p.section, p.open, p.lasting, p.unseen, count(*) OVER ()::int AS total,
        (count(*) FILTER (WHERE p.section = 'now') OVER ())::int AS now, (count(*) FILTER (WHERE p.section = 'today') OVER ())::int AS today
      FROM placed p JOIN supervision.subjects s ON s.id = p.subject_id
      ORDER BY p.lasting = 0, p.worst NULLS LAST, p.began DESC NULLS LAST, p.newest DESC, p.subject_id
      LIMIT ${limit} OFFSET ${offset}`.execute(tx);
    const alerts = await alertsOf(
      tx,
      rows.map(({ subject_id }) => subject_id),
      isMeant,
    );
    note(null, { list: 'open', rows: rows.length });
    const [first] = rows;
    const total = first?.total ?? 0;
    return {
      people: rows.map(({ subject_id, subject, reference, section, open, lasting, unseen }) => {
        const own = alerts.get(subject_id) ?? [];
        return { subject_id, subject, reference, section, severity: own[0]?.severity ?? 'low', alerts: own, open, lasting, unseen };
      }),
      total,
      ...(await readCounts(tx, actor.name)),
      sections: { now: first?.now ?? 0, today: first?.today ?? 0, earlier: total - (first?.now ?? 0) - (first?.today ?? 0) },
    };
  },
};

/** The open alerts that are asked for. */
function matching(
  { search, mine = false, whose = 'all', kind, severity }: Omit<QueueQuery, 'limit' | 'offset'>,
  { id, name }: Actor,
): RawBuilder<boolean> {
  const like = search ? containing(search) : null;
  return sql<boolean>`a.state IN (${sql.join([...openAlertStates])})
    AND (${like}::text IS NULL OR s.name ILIKE ${like} OR s.reference ILIKE ${like} OR v.name ILIKE ${like})
    AND (NOT ${mine}::boolean OR a.assigned_to = ${name})
    AND ${isTheirs(whose, id, sql`s.id`)}
    AND (${kind ?? null}::text IS NULL OR a.kind = ${kind ?? null})
    AND (${severity ?? null}::text IS NULL OR a.severity = ${severity ?? null})`;
}

async function alertsOf(tx: Tx, subjects: readonly number[], isMeant: RawBuilder<boolean>): Promise<Map<number, QueuedAlert[]>> {
  const { rows } = await sql<Omit<QueuedAlert, 'brief'> & { subject_id: number; zone: string | null }>`
    SELECT id, kind, severity, state, from_at, to_at, raised_at, assigned_to, zone, subject_id, goes_on FROM (
      SELECT a.id, a.kind, a.severity, a.state, a.from_at, a.to_at, a.raised_at, a.assigned_to, v.name AS zone, w.subject_id, ${goesOn} AS goes_on,
        row_number() OVER (PARTITION BY w.subject_id
          ORDER BY NOT ${goesOn}, array_position(ARRAY[${sql.join([...severities])}], a.severity), a.from_at DESC) AS place
      FROM supervision.alerts a JOIN supervision.wearings w ON w.id = a.wearing_id JOIN supervision.subjects s ON s.id = w.subject_id
        LEFT JOIN supervision.zone_versions v ON v.id = a.zone_version_id
      WHERE w.subject_id IN (${sql.join([0, ...subjects])}) AND ${isMeant}) ranked
    WHERE place <= ${shownOfOne} ORDER BY subject_id, place`.execute(tx);
  const found = new Map<number, QueuedAlert[]>();
  for (const { subject_id, zone, ...alert } of rows) {
    const own = found.get(subject_id) ?? [];
    own.push({ ...alert, brief: kindInBrief(alert.kind, zone) });
    found.set(subject_id, own);
  }
  return found;
}

/** What is going on now, for the bar on every page: how many people, and the worst of them. */
export interface GoingOn {
  people: number;
  worst: { subject: string; alert: number; brief: string; severity: Severity; from_at: Date; more: number }[];
}

const namedInBar = 3;

export const readGoingOn: Action<null, null, GoingOn> = {
  name: 'alert.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }) {
    const { rows } = await sql<{
      subject: string;
      id: number;
      kind: AlertKind;
      zone: string | null;
      severity: Severity;
      from_at: Date;
      lasting: number;
      people: number;
    }>`
      SELECT *, count(*) OVER ()::int AS people FROM (
        SELECT DISTINCT ON (w.subject_id) s.name AS subject, a.id, a.kind, v.name AS zone, a.severity, a.from_at,
          count(*) OVER (PARTITION BY w.subject_id)::int AS lasting
        FROM supervision.alerts a JOIN supervision.wearings w ON w.id = a.wearing_id JOIN supervision.subjects s ON s.id = w.subject_id
          LEFT JOIN supervision.zone_versions v ON v.id = a.zone_version_id
        WHERE a.state IN (${sql.join([...openAlertStates])}) AND ${goesOn}
        ORDER BY w.subject_id, array_position(ARRAY[${sql.join([...severities])}], a.severity), a.from_at DESC) each_person
      ORDER BY array_position(ARRAY[${sql.join([...severities])}], severity), from_at DESC LIMIT ${namedInBar}`.execute(tx);
    note(null, { list: 'going on', rows: rows.length });
    return {
      people: rows[0]?.people ?? 0,
      worst: rows.map(({ subject, id, kind, zone, severity, from_at, lasting }) => ({
        subject,
        alert: id,
        brief: kindInBrief(kind, zone),
        severity,
        from_at,
        more: lasting - 1,
      })),
    };
  },
};
