import { dateOf, weekAt } from '@waymark/presence';
import { type Selectable, sql } from 'kysely';
import { type Action, NotFoundError } from '../../platform/action.ts';
import type { Tables, Tx } from '../../platform/database.ts';
import type { FigureLine, Figures, FigureTable } from '../figures/index.ts';
import type { ProposedConditions } from '../schema/proposed-conditions.ts';
import { inSentences } from './conditions.ts';
import { type Obstacle, obstaclesOf, type WeekOfCapacity } from './obstacles.ts';

export interface ProposalView {
  id: number;
  reference: string;
  kind: string;
  releaseOn: string;
  months: number;
  conditions: ProposedConditions;
  madeBy: string;
  madeAt: Date;
  version: number;
  isWithdrawn: boolean;
  withdrawnBecause: string;
}

type ProposalRow = Selectable<Tables['supervision.release_proposals']>;

const viewOf = (row: Omit<ProposalRow, 'release_on'> & { releaseOn: string }): ProposalView => ({
  id: row.id,
  reference: row.reference,
  kind: row.kind,
  releaseOn: row.releaseOn,
  months: row.months,
  conditions: row.conditions,
  madeBy: row.made_by_name,
  madeAt: row.made_at,
  version: row.version,
  isWithdrawn: row.withdrawn_at !== null,
  withdrawnBecause: row.withdrawn_because,
});

const proposals = (tx: Tx) =>
  tx.selectFrom('supervision.release_proposals').selectAll().select(sql<string>`release_on::text`.as('releaseOn'));

/** Weeks ahead for which capacity is told. */
const weeksAhead = 12;

interface Planning {
  timeZone: string;
  /** Visits that one officer makes in a week. */
  visitsAWeek: number;
}

/** Proposals that stand, by the day of the release, and what there is of tags and visits by week. */
export const listProposals: Action<
  Planning,
  { limit: number; offset: number; now: number },
  { rows: ProposalView[]; total: number; weeks: WeekOfCapacity[]; officers: number }
> = {
  name: 'proposal.list',
  room: 'supervision',
  purpose: 'release-planning',
  async run({ tx, note }, planning, { limit, offset, now }) {
    const { total } = await tx
      .selectFrom('supervision.release_proposals')
      .select(sql<number>`count(*)::int`.as('total'))
      .executeTakeFirstOrThrow();
    const rows = await proposals(tx)
      .orderBy(sql`withdrawn_at IS NULL`, 'desc')
      .orderBy('release_on')
      .orderBy('id')
      .limit(limit)
      .offset(offset)
      .execute();
    note(null, { shown: rows.length });
    return { rows: rows.map(viewOf), total, ...(await capacity(tx, planning, now)) };
  },
};

/** What is known here of people under such orders: published figures, by kind of order where enough people stand behind it. */
export interface KnownOfOrders {
  from: string;
  to: string;
  id: number;
  rows: { title: string; caution: string; unit: FigureTable['unit']; ofKind: FigureLine | null; ofAll: FigureLine | null }[];
}

export interface ProposalPage {
  proposal: ProposalView;
  sentences: string[];
  obstacles: Obstacle[];
  weeks: WeekOfCapacity[];
  officers: number;
  known: KnownOfOrders | null;
}

/** One proposal: what would be asked, what stands in the way, what is known of such orders here. No score of the person, and no forecast. */
export const readProposalPage: Action<Planning, { id: number; now: number }, ProposalPage> = {
  name: 'proposal.read',
  room: 'supervision',
  purpose: 'release-planning',
  async run({ tx, note }, planning, { id, now }) {
    note({ kind: 'release proposal', id });
    const row = await proposals(tx).where('id', '=', id).executeTakeFirst();
    if (!row) throw new NotFoundError('There is no such proposal.');
    const proposal = viewOf(row);
    const { weeks, officers } = await capacity(tx, planning, now);
    return {
      proposal,
      sentences: inSentences(proposal.conditions, proposal.months),
      obstacles: obstaclesOf(proposal.conditions, proposal.releaseOn, weeks),
      weeks,
      officers,
      known: await knownOf(tx, proposal.kind),
    };
  },
};

async function capacity(tx: Tx, { timeZone, visitsAWeek }: Planning, now: number): Promise<{ weeks: WeekOfCapacity[]; officers: number }> {
  const { rows: staff } = await sql<{ officers: number }>`
    SELECT count(*)::int AS officers FROM platform.staff WHERE role = 'monitoring-officer' AND seen_at > now() - interval '30 days'`.execute(
    tx,
  );
  const { rows: stock } = await sql<{ tags: number }>`SELECT supervision.tags_in_stock() AS tags`.execute(tx);
  const { rows: planned } = await sql<{
    starts_at: Date;
    kind: string;
    is_over: boolean;
  }>`SELECT starts_at, kind, is_over FROM supervision.visits_planned()`.execute(tx);
  const officers = staff[0]?.officers ?? 0;
  let tagsLeft = stock[0]?.tags ?? 0;
  const weeks = Array.from({ length: weeksAhead }, (_, i) => {
    const [from, to] = weekAt(now, timeZone, i);
    const own = planned.filter(({ starts_at }) => starts_at.getTime() >= from && starts_at.getTime() < to);
    const fittingsPlanned = own.filter(({ kind, is_over }) => kind === 'fit a tag' && !is_over).length;
    tagsLeft -= fittingsPlanned;
    return { from: dateOf(from, timeZone), visitsPlanned: own.length, fittingsPlanned, visitsPossible: officers * visitsAWeek, tagsLeft };
  });
  return { weeks, officers };
}

const told = ['to-the-end', 'time-kept', 'time-unknown', 'breach', 'alert', 'false-alert', 'let'];

async function knownOf(tx: Tx, kind: string): Promise<KnownOfOrders | null> {
  const { rows } = await sql<{ id: number; from: string; to: string; content: Figures }>`
    SELECT id, from_on::text AS "from", (to_on - 1)::text AS "to", content FROM supervision.published_figures ORDER BY from_on DESC LIMIT 1`.execute(
    tx,
  );
  const [latest] = rows;
  if (!latest) return null;
  const tableOf = (key: string): FigureTable | undefined => latest.content.tables.find((own) => own.key === `${key}-by-kind`);
  return {
    id: latest.id,
    from: latest.from,
    to: latest.to,
    rows: told.flatMap((key) => {
      const table = tableOf(key);
      if (!table) return [];
      const { title, caution, unit, lines, whole } = table;
      return [{ title, caution, unit, ofKind: lines?.find(({ group }) => group === kind) ?? null, ofAll: whole }];
    }),
  };
}
