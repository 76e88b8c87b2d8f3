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

async function casesOf(tx: Tx, positions: Positions, isMeant: RawBuilder<boolean> = sql<boolean>`true`): Promise<CaseRow[]> {
  // As one value: 20,000 rows of their own take several times as long to come out of the database.
  const { rows: whole } = await sql<{ worn: [number, number, string, string, number, string][] | null }>`
    SELECT json_agg(json_build_array(w.id, s.id, s.name, s.reference, t.id, t.serial) ORDER BY s.reference, w.id) AS worn
      FROM supervision.wearings w JOIN supervision.orders o ON o.id = w.order_id JOIN supervision.subjects s ON s.id = w.subject_id
        JOIN supervision.tags t ON t.id = w.tag_id
      WHERE (w.ends_at IS NULL OR w.ends_at > now()) AND (o.ends_at IS NULL OR o.ends_at > now()) AND ${isMeant}`.execute(tx);
  const rows = (whole[0]?.worn ?? []).map(([wearing, subject_id, subject, reference, tag_id, tag]) => ({
    wearing,
    subject_id,
    subject,
    reference,
    tag_id,
    tag,
  }));
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
  const now = Date.now();
  return rows.map((row) => {
    const position = positions.of(row.wearing);
    const own = alerts.get(row.wearing);
    return {
      ...row,
      position,
      alerts: own?.n ?? 0,
      severity: severities[own?.rank ?? severities.length] ?? null,
      standing: position ? 'worn' : 'fitted',
      silent: position !== null && isSilent(position, now),
    };
  });
}

const rankOf = ({ severity, silent }: CaseRow) => (severity ? severities.indexOf(severity) : severities.length + (silent ? 0 : 1));

/** Everybody who wears a tag now, whoever has the most urgent alert first. */
export const listCaseload: Action<
  { positions: Positions },
  { search?: string; whose?: Whose; limit: number; offset: number },
  { rows: CaseRow[]; total: number; counts: { worn: number; inAlert: number; silent: number; low: number } }
> = {
  name: 'caseload.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note }, { positions }, { search = '', whose = 'all', limit, offset }) {
    const all = await casesOf(tx, positions, isTheirs(whose, actor.id, sql`s.id`));
    const wanted = search.toLowerCase();
    const found = all.filter(({ subject, reference, tag }) =>
      [subject, reference, tag].some((text) => text.toLowerCase().includes(wanted)),
    );
    const rows = found.toSorted((a, b) => rankOf(a) - rankOf(b)).slice(offset, offset + limit);
    note(null, { shown: rows.length });
    const count = (which: (row: CaseRow) => boolean) => all.filter(which).length;
    return {
      rows,
      total: found.length,
      counts: {
        worn: all.length,
        inAlert: count(({ alerts }) => alerts > 0),
        silent: count(({ silent }) => silent),
        low: count(({ position }) => position?.battery != null && position.battery < batteryLow),
      },
    };
  },
};

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
    const all = await casesOf(tx, positions);
    note(null, { shown: all.length });
    return {
      cases: all.flatMap(({ position, severity }): MapCase[] => (position ? [mapCase(position, urgencyOf(severity))] : [])),
      hidden: await hiddenWearings(tx),
      references: Object.fromEntries(all.map(({ wearing, reference, subject_id }) => [wearing, [reference, subject_id]])),
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
