import { sql } from 'kysely';
import { type Action, NotFoundError } from '../../platform/action.ts';
import { containing } from '../../platform/containing.ts';
import type { Tx } from '../../platform/database.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import type { Gazetteer } from '../../platform/gazetteer/index.ts';
import { type AlertFacts, type AlertKind, type AlertOutcome, type AlertState, openAlertStates, type Severity } from '../schema/tables.ts';
import { hiddenWearings, noteSubject } from '../subjects/index.ts';
import { type ZoneVersionRow, zoneFeature } from '../zones/index.ts';
import { explainAlert, kindInWords } from './kinds.ts';
import { type Around, readAround } from './read-around.ts';

export interface AlertRow {
  id: number;
  kind: AlertKind;
  severity: 'high' | 'medium' | 'low';
  state: AlertState;
  version: number;
  from_at: Date;
  to_at: Date | null;
  raised_at: Date;
  facts: AlertFacts;
  assigned_to: string | null;
  outcome: AlertOutcome | null;
  /** Null for an alert about the tag. */
  zone: string | null;
  subject_id: number;
  subject: string;
  reference: string;
  words: string;
  explanation: string;
}

export const alertLists = ['open', 'closed', 'retracted'] as const;
export type AlertList = (typeof alertLists)[number];

function alertsOf(tx: Tx) {
  return tx
    .selectFrom('supervision.alerts as a')
    .leftJoin('supervision.zone_versions as v', 'v.id', 'a.zone_version_id')
    .innerJoin('supervision.wearings as w', 'w.id', 'a.wearing_id')
    .innerJoin('supervision.subjects as s', 's.id', 'w.subject_id');
}

const columns = [
  'a.id',
  'a.kind',
  'a.severity',
  'a.state',
  'a.version',
  'a.from_at',
  'a.to_at',
  'a.raised_at',
  'a.facts',
  'a.assigned_to',
  'a.outcome',
  'v.name as zone',
  's.id as subject_id',
  's.name as subject',
  's.reference',
] as const;

type Bare = Omit<AlertRow, 'words' | 'explanation'>;

function inWords(row: Bare, now: Date): AlertRow {
  return {
    ...row,
    words: kindInWords(row.kind),
    explanation: explainAlert({ kind: row.kind, from: row.from_at, to: row.to_at, facts: row.facts, zone: row.zone, now }),
  };
}

/** The queue: what needs somebody first, the oldest on top; or what is closed or retracted, the newest on top. */
/** For a page that stays open: how many alerts there are, and about whom it is told nothing. */
export const watchAlerts: Action<null, null, { counts: AlertCounts['counts']; hidden: ReadonlySet<number> }> = {
  name: 'alert.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run(context) {
    const { counts } = await listAlerts.run(context, null, { list: 'open', limit: 1, offset: 0 });
    return { counts, hidden: await hiddenWearings(context.tx) };
  },
};

export const listAlerts: Action<
  null,
  { list: AlertList; search?: string; mine?: boolean; limit: number; offset: number },
  { rows: AlertRow[]; total: number } & AlertCounts
> = {
  name: 'alert.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note }, _services, { list, search, mine = false, limit, offset }) {
    let base = alertsOf(tx).where('a.state', 'in', list === 'open' ? [...openAlertStates] : [list]);
    if (search) {
      const like = containing(search);
      base = base.where((eb) => eb.or([eb('s.name', 'ilike', like), eb('s.reference', 'ilike', like), eb('v.name', 'ilike', like)]));
    }
    if (mine) base = base.where('a.assigned_to', '=', actor.name);
    const { total } = await base.select(sql<number>`count(*)::int`.as('total')).executeTakeFirstOrThrow();
    const rows = await base
      .select([...columns])
      .orderBy(sql`CASE WHEN ${list} <> 'open' THEN 0 WHEN a.severity = 'high' THEN 1 WHEN a.severity = 'medium' THEN 2 ELSE 3 END`)
      .orderBy('a.from_at', list === 'open' ? 'asc' : 'desc')
      .orderBy('a.id')
      .limit(limit)
      .offset(offset)
      .execute();
    note(null, { list, rows: rows.length });
    const now = new Date();
    return { rows: rows.map((row) => inWords(row, now)), total, ...(await readCounts(tx, actor.name)) };
  },
};

/** How many alerts there are in each list and in somebody's own hands, and who else works with them. */
export interface AlertCounts {
  counts: Record<AlertList, number>;
  mine: number;
  colleagues: string[];
}

export async function readCounts(tx: Tx, name: string): Promise<AlertCounts> {
  const states = await tx
    .selectFrom('supervision.alerts')
    .select(['state', sql<number>`count(*)::int`.as('n')])
    .groupBy('state')
    .execute();
  const count = (wanted: readonly string[]) => states.filter(({ state }) => wanted.includes(state)).reduce((sum, { n }) => sum + n, 0);
  const own = await tx
    .selectFrom('supervision.alerts')
    .select(sql<number>`count(*)::int`.as('n'))
    .where('state', '=', 'in hand')
    .where('assigned_to', '=', name)
    .executeTakeFirstOrThrow();
  const people = await tx.selectFrom('supervision.alert_steps').select('by_name').distinct().orderBy('by_name').limit(100).execute();
  return {
    counts: { open: count(openAlertStates), closed: count(['closed']), retracted: count(['retracted']) },
    mine: own.n,
    colleagues: people.map(({ by_name }) => by_name).filter((each) => each !== name),
  };
}

/** An alert on a map. */
interface AlertFeature {
  type: 'Feature';
  id: number;
  properties: {
    reference: string;
    what: string;
    explanation: string;
    severity: Severity;
    state: AlertState;
    outcome: AlertOutcome | null;
    zone: string | null;
    from: string;
    to: string | null;
  };
  geometry: ReturnType<typeof zoneFeature>['geometry'] | null;
}

/** Open alerts as GeoJSON: about a zone its shape, about a tag no place. Other programs open it as a layer. */
export const mapAlerts: Action<null, { list: AlertList }, { features: AlertFeature[] }> = {
  name: 'alert.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }, _services, { list }) {
    const rows = await alertsOf(tx)
      .select([...columns, 'a.zone_version_id'])
      .where('a.state', 'in', list === 'open' ? [...openAlertStates] : [list])
      .orderBy('a.id', 'desc')
      .limit(mappedAtMost)
      .execute();
    const ids = rows.flatMap(({ zone_version_id }) => (zone_version_id === null ? [] : [zone_version_id]));
    const versions = await tx
      .selectFrom('supervision.zone_versions')
      .selectAll()
      .where('id', 'in', [-1, ...ids])
      .execute();
    const shapes = new Map(versions.map((version) => [version.id, zoneFeature(version as ZoneVersionRow).geometry]));
    note(null, { list, rows: rows.length });
    const now = new Date();
    return {
      features: rows.map((row) => {
        const { words, explanation, severity, state, outcome, reference, zone, from_at, to_at } = inWords(row, now);
        return {
          type: 'Feature',
          id: row.id,
          properties: {
            reference,
            what: words,
            explanation,
            severity,
            state,
            outcome,
            zone,
            from: from_at.toISOString(),
            to: to_at?.toISOString() ?? null,
          },
          geometry: shapes.get(row.zone_version_id ?? -1) ?? null,
        };
      }),
    };
  },
};

/** Most alerts of one layer, the latest ones. */
const mappedAtMost = 5000;

export interface AlertDetail {
  alert: AlertRow;
  around: Around;
  /** Where the last fix of it lies, in words; null where no gazetteer knows. */
  where: string | null;
  tag: string;
  versions: { version: number; change: string; kind: AlertKind; from_at: Date; to_at: Date | null; at: Date }[];
  steps: { step: string; outcome: AlertOutcome | null; note: string; by_name: string; at: Date }[];
  zone: ReturnType<typeof zoneFeature> | null;
  points: { at: number; receivedAt: number; lon: number; lat: number; accuracyM: number | null }[];
  /** Who was told besides this page, and what became of it. */
  deliveries: {
    rule: string;
    channel: string;
    state: string;
    attempts: number;
    problem: string | null;
    due_at: Date;
    settled_at: Date | null;
  }[];
  /** Stretches without a fix, longer than five minutes. Ms since 1970. */
  gaps: { from: number; to: number }[];
  /** Fixes in the middle of a long alert that are not among the points. */
  omitted: number;
}

/** Fixes this long before and after are shown beside an alert, ms. */
const aroundMs = 20 * 60_000;
const pointsAtMost = 600;
const gapMs = 300_000;

/** One alert with its history, the zone, and the fixes around it. */
export const readAlert: Action<{ fixes: FixStore; gazetteer: Gazetteer; timeZone: string }, { id: number }, AlertDetail> = {
  name: 'alert.read',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, { fixes, gazetteer, timeZone }, { id }) {
    const found = await alertsOf(tx)
      .innerJoin('supervision.tags as t', 't.id', 'w.tag_id')
      .select([...columns, 'a.wearing_id', 'a.zone_version_id', 't.serial'])
      .where('a.id', '=', id)
      .executeTakeFirst();
    if (!found) throw new NotFoundError('There is no such alert.');
    const { wearing_id: wearing, zone_version_id: zoneVersion, serial, ...row } = found;
    note({ kind: 'alert', id });
    await noteSubject({ tx, actor, access, note }, { alert: id });
    const zone = await tx.selectFrom('supervision.zone_versions').selectAll().where('id', '=', zoneVersion).executeTakeFirst();
    const versions = await tx
      .selectFrom('supervision.alert_versions')
      .select(['version', 'change', 'kind', 'from_at', 'to_at', 'at'])
      .where('alert_id', '=', id)
      .orderBy('version')
      .execute();
    const steps = await tx
      .selectFrom('supervision.alert_steps')
      .select(['step', 'outcome', 'note', 'by_name', 'at'])
      .where('alert_id', '=', id)
      .orderBy('id')
      .execute();
    const deliveries = await tx
      .selectFrom('supervision.deliveries as d')
      .innerJoin('supervision.delivery_rules as r', 'r.id', 'd.rule_id')
      .select(['r.name as rule', 'r.channel', 'd.state', 'd.attempts', 'd.problem', 'd.due_at', 'd.settled_at'])
      .where('d.alert_id', '=', id)
      .orderBy('d.id')
      .execute();
    const end = row.to_at?.getTime() ?? Date.now();
    const track = await fixes.track(wearing, row.from_at.getTime() - aroundMs, end + aroundMs);
    const points: AlertDetail['points'] = [];
    // Of a long one its beginning, and how things stand at its end.
    const half = pointsAtMost / 2;
    const gaps: AlertDetail['gaps'] = [];
    for (let i = 0; i < track.count; i++) {
      const [before, at] = [track.columns.at[i - 1], track.columns.at[i] as number];
      if (before !== undefined && at - before > gapMs) gaps.push({ from: before, to: at });
      if (track.count > pointsAtMost && i >= half && i < track.count - half) continue;
      const accuracy = track.columns.accuracyM[i] as number;
      points.push({
        at: track.columns.at[i] as number,
        receivedAt: track.columns.receivedAt[i] as number,
        lon: track.columns.lon[i] as number,
        lat: track.columns.lat[i] as number,
        accuracyM: Number.isNaN(accuracy) ? null : accuracy,
      });
    }
    return {
      alert: inWords(row, new Date()),
      around: await readAround(tx, { alert: id, subject: row.subject_id, wearing, last: points.at(-1) ?? null, timeZone }),
      tag: serial,
      where: await whereOf(gazetteer, row, points),
      versions,
      steps,
      deliveries,
      zone: zone ? zoneFeature(zone as ZoneVersionRow) : null,
      points,
      gaps,
      omitted: track.count - points.length,
    };
  },
};

async function whereOf(
  gazetteer: Gazetteer,
  { kind, to_at }: { kind: AlertKind; to_at: Date | null },
  points: AlertDetail['points'],
): Promise<string | null> {
  // Nearness is told by the distance alone.
  if (kind === 'near protected person') return null;
  const last = points.findLast(({ at }) => to_at === null || at <= to_at.getTime());
  return last ? gazetteer.inWords(last.lon, last.lat) : null;
}
