import { type RawBuilder, sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import type { Position, Positions } from '../fixes/index.ts';
import { type Severity, severities } from '../schema/tables.ts';
import { hiddenWearings, isTheirs, type Whose } from '../subjects/index.ts';
import { batteryLow, isSilent, type TagStanding } from '../tags/index.ts';

/** One person who wears a tag under an order in force. */
export interface CaseRow {
  wearing: number;
  subject_id: number;
  subject: string;
  reference: string;
  tag_id: number;
  tag: string;
  position: Position | null;
  /** Open alerts, and the highest severity among them. */
  alerts: number;
  severity: Severity | null;
  standing: TagStanding;
  silent: boolean;
}

/** Wearings and tags under an order in force. */
const inForce = sql`supervision.wearings w JOIN supervision.orders o ON o.id = w.order_id JOIN supervision.subjects s ON s.id = w.subject_id
        JOIN supervision.tags t ON t.id = w.tag_id
      WHERE (w.ends_at IS NULL OR w.ends_at > now()) AND (o.ends_at IS NULL OR o.ends_at > now())`;

/** Open alerts of each wearing: how many, and the place of the highest severity among `severities`. */
async function openAlerts(tx: Tx): Promise<Map<number, { n: number; rank: number }>> {
  const open = await tx
    .selectFrom('supervision.alerts')
    .select(['wearing_id', 'severity', sql<number>`count(*)::int`.as('n')])
    .where('state', 'in', ['raised', 'seen', 'in hand'])
    .groupBy(['wearing_id', 'severity'])
    .execute();
  const alerts = new Map<number, { n: number; rank: number }>();
  for (const { wearing_id, severity, n } of open) {
    const own = alerts.get(wearing_id) ?? { n: 0, rank: severities.length };
    alerts.set(wearing_id, { n: own.n + n, rank: Math.min(own.rank, severities.indexOf(severity)) });
  }
  return alerts;
}

/**
 * All wearings of those meant, and those of them that were looked for, by reference. As values and not as rows: 20,000 rows of their own
 * take several times as long to come out of the database.
 * @param isFound null where nothing was looked for
 */
async function wearingsOf(
  tx: Tx,
  isMeant: RawBuilder<boolean>,
  isFound: RawBuilder<boolean> | null,
): Promise<{ all: number[]; found: number[] }> {
  const inOrder = sql`json_agg(w.id ORDER BY s.reference, w.id)`;
  const { rows } = await sql<{ worn: number[] | null; found: number[] | null }>`
    SELECT ${isFound ? sql`json_agg(w.id)` : inOrder} AS worn, ${isFound ? sql`${inOrder} FILTER (WHERE ${isFound})` : sql`NULL`} AS found
      FROM ${inForce} AND ${isMeant}`.execute(tx);
  const all = rows[0]?.worn ?? [];
  return { all, found: isFound ? (rows[0]?.found ?? []) : all };
}

/** Everybody who wears a tag now, whoever has the most urgent alert first. Who they are is read for those on the page and nobody else. */
export const listCaseload: Action<
  { positions: Positions },
  { search?: string; whose?: Whose; limit: number; offset: number },
  { rows: CaseRow[]; total: number; counts: { worn: number; inAlert: number; silent: number; low: number } }
> = {
  name: 'caseload.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note }, { positions }, { search = '', whose = 'all', limit, offset }) {
    const isMeant = isTheirs(whose, actor.id, sql`s.id`);
    const wanted = search.trim().toLowerCase();
    const isFound =
      wanted === ''
        ? null
        : sql<boolean>`(strpos(lower(s.name), ${wanted}) > 0 OR strpos(lower(s.reference), ${wanted}) > 0 OR strpos(lower(t.serial), ${wanted}) > 0)`;
    const { all, found } = await wearingsOf(tx, isMeant, isFound);
    const alerts = await openAlerts(tx);
    const now = Date.now();
    const silent = new Set(all.filter((wearing) => isSilentNow(positions.of(wearing), now)));
    const rankOf = (wearing: number) => alerts.get(wearing)?.rank ?? severities.length + (silent.has(wearing) ? 0 : 1);
    const page = found.toSorted((a, b) => rankOf(a) - rankOf(b)).slice(offset, offset + limit);
    const rows = await rowsOf(tx, page);
    note(null, { shown: rows.length });
    return {
      rows: rows.map((row): CaseRow => {
        const position = positions.of(row.wearing);
        const own = alerts.get(row.wearing);
        return {
          ...row,
          position,
          alerts: own?.n ?? 0,
          severity: severities[own?.rank ?? severities.length] ?? null,
          standing: position ? 'worn' : 'fitted',
          silent: silent.has(row.wearing),
        };
      }),
      total: found.length,
      counts: {
        worn: all.length,
        inAlert: all.filter((wearing) => alerts.has(wearing)).length,
        silent: silent.size,
        low: all.filter((wearing) => (positions.of(wearing)?.battery ?? 1) < batteryLow).length,
      },
    };
  },
};

function isSilentNow(position: Position | null, now: number): boolean {
  return position !== null && isSilent(position, now);
}

/** Who the wearers of a page are, in the order given. */
async function rowsOf(
  tx: Tx,
  page: readonly number[],
): Promise<Pick<CaseRow, 'wearing' | 'subject_id' | 'subject' | 'reference' | 'tag_id' | 'tag'>[]> {
  if (page.length === 0) return [];
  const rows = await tx
    .selectFrom('supervision.wearings as w')
    .innerJoin('supervision.subjects as s', 's.id', 'w.subject_id')
    .innerJoin('supervision.tags as t', 't.id', 'w.tag_id')
    .select(['w.id as wearing', 's.id as subject_id', 's.name as subject', 's.reference', 't.id as tag_id', 't.serial as tag'])
    .where('w.id', 'in', page)
    .execute();
  return rows.toSorted((a, b) => page.indexOf(a.wearing) - page.indexOf(b.wearing));
}

/** A wearer on the live map. How urgent the alerts are goes from 0 for none to 3; null where it is as it was. */
export type MapCase = [
  wearing: number,
  lon: number,
  lat: number,
  at: number,
  battery: number | null,
  urgency: number | null,
  receivedAt: number,
];

/** Everybody for the live map, with a reference to be shown and where to read more; no names. */
export const watchCaseload: Action<
  { positions: Positions },
  null,
  { cases: MapCase[]; references: Record<number, [reference: string, subject: number]>; hidden: ReadonlySet<number> }
> = {
  name: 'caseload.watch',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }, { positions }) {
    const { rows: whole } = await sql<{ worn: [number, string, number][] | null }>`
      SELECT json_agg(json_build_array(w.id, s.reference, s.id) ORDER BY s.reference, w.id) AS worn FROM ${inForce}`.execute(tx);
    const all = whole[0]?.worn ?? [];
    const alerts = await openAlerts(tx);
    note(null, { shown: all.length });
    return {
      cases: all.flatMap(([wearing]): MapCase[] => {
        const position = positions.of(wearing);
        return position ? [mapCase(position, urgencyOf(severities[alerts.get(wearing)?.rank ?? severities.length] ?? null))] : [];
      }),
      hidden: await hiddenWearings(tx),
      references: Object.fromEntries(all.map(([wearing, reference, subject]) => [wearing, [reference, subject]])),
    };
  },
};

export function urgencyOf(severity: CaseRow['severity']): number {
  return severity ? severities.length - severities.indexOf(severity) : 0;
}

export function mapCase({ wearing, lon, lat, at, battery, receivedAt }: Position, urgency: number | null): MapCase {
  const rounded = (degrees: number) => Math.round(degrees * 1e6) / 1e6;
  return [wearing, rounded(lon), rounded(lat), at, battery === null ? null : Math.round(battery * 100) / 100, urgency, receivedAt];
}
