import { sql } from 'kysely';
import { NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { crimeTypes } from '../crimes/index.ts';
import type { ClearingAnswer, ClearingState } from '../schema/tables.ts';
import { wearerNames } from '../verdicts/index.ts';
import type { Ground } from './draw-sample.ts';

type Named = { wearing_id: number | null; crime_id: number | null };

/** What a batch is called: by its wearer, or by its crime. */
export async function namesOf(tx: Tx, batches: readonly Named[]): Promise<(batch: Named) => string> {
  const wearers = await wearerNames(
    tx,
    batches.flatMap(({ wearing_id }) => wearing_id ?? []),
  );
  const crimes = await tx
    .selectFrom('supervision.crimes')
    .select(['id', 'reference'])
    .where('id', 'in', [0, ...batches.flatMap(({ crime_id }) => crime_id ?? [])])
    .execute();
  const references = new Map(crimes.map(({ id, reference }) => [id, reference]));
  return ({ wearing_id, crime_id }) =>
    wearing_id === null ? `Crime ${references.get(crime_id ?? 0) ?? ''}` : (wearers.get(wearing_id)?.name ?? 'Somebody who is gone');
}

/** How a batch stands, for somebody: `ended` where whoever reviews second is not told what the first said. */
export type ShownState = ClearingState | 'ended';

export function isBlind(batch: { begun_by: string }, reviewer: string, secondReview: boolean): boolean {
  return secondReview && batch.begun_by !== reviewer;
}

export function shownState(batch: { begun_by: string; state: ClearingState }, reviewer: string, secondReview: boolean): ShownState {
  return isBlind(batch, reviewer, secondReview) && batch.state !== 'open' ? 'ended' : batch.state;
}

export interface BatchPage {
  id: number;
  name: string;
  wearing: number | null;
  crime: number | null;
  ground: Ground;
  exclusions: number;
  looks: number;
  state: ShownState;
  /** How many exclusions it cleared. */
  cleared: number;
  by: string;
  mine: boolean;
  begunAt: Date;
  endedAt: Date | null;
  /** Those looked at first, in the order of the looks; a test is told apart once the batch has ended. */
  rows: {
    crimeId: number;
    crime: string;
    from: Date;
    wearing: number;
    wearer: string;
    look: number | null;
    isTest: boolean;
    answer: ClearingAnswer | null;
    reason: string;
  }[];
  total: number;
}

/** A batch with what was looked at and what rests on it; while it is open, without the looks. */
export async function readBatch(
  tx: Tx,
  { id, reviewer, secondReview, limit, offset }: { id: number; reviewer: string; secondReview: boolean; limit: number; offset: number },
): Promise<BatchPage> {
  const batch = await tx
    .selectFrom('supervision.clearing_batches as b')
    .selectAll()
    .select((eb) => [
      eb
        .selectFrom('supervision.reviews as r')
        .select((count) => count.fn.countAll<string>().as('n'))
        .whereRef('r.batch_id', '=', 'b.id')
        .as('cleared'),
    ])
    .where('b.id', '=', id)
    .executeTakeFirst();
  if (!batch) throw new NotFoundError('There is no such batch.');
  const isTold = batch.state !== 'open';
  const blind = isBlind(batch, reviewer, secondReview);
  const ofBatch = tx
    .selectFrom('supervision.clearing_verdicts as c')
    .innerJoin('supervision.crime_versions as v', 'v.id', 'c.crime_version_id')
    .innerJoin('supervision.crimes as k', 'k.id', 'v.crime_id')
    .where('c.batch_id', '=', id)
    // Whether one of them is a test is not to be seen before.
    .$if(!isTold, (query) => query.where('c.look', 'is', null))
    .$if(blind, (query) => query.where(sql<boolean>`false`));
  const { total } = await ofBatch.select(sql<number>`count(*)::int`.as('total')).executeTakeFirstOrThrow();
  const rows = await ofBatch
    .select(['c.wearing_id', 'c.look', 'c.is_test', 'c.answer', 'c.reason', 'v.crime_id', 'v.type', 'v.from_at', 'k.reference'])
    .orderBy(
      (eb) => eb.ref('c.look'),
      (order) => order.asc().nullsLast(),
    )
    .orderBy('c.id')
    .limit(limit)
    .offset(offset)
    .execute();
  const wearers = await wearerNames(
    tx,
    rows.map(({ wearing_id }) => wearing_id),
  );
  const names = await namesOf(tx, [batch]);
  return {
    id,
    name: names(batch),
    wearing: batch.wearing_id,
    crime: batch.crime_id,
    ground: batch.ground as Ground,
    exclusions: batch.exclusions,
    looks: batch.looks,
    state: shownState(batch, reviewer, secondReview),
    cleared: blind ? 0 : Number(batch.cleared ?? 0),
    by: batch.begun_by_name,
    mine: batch.begun_by === reviewer,
    begunAt: batch.begun_at,
    endedAt: batch.ended_at,
    rows: rows.map((row) => ({
      crimeId: row.crime_id,
      crime: `${crimeTypes[row.type] ?? 'Crime'}, ${row.reference}`,
      from: row.from_at,
      wearing: row.wearing_id,
      wearer: wearers.get(row.wearing_id)?.name ?? '',
      look: row.look,
      isTest: isTold && row.is_test,
      answer: row.answer,
      reason: row.reason,
    })),
    total,
  };
}
