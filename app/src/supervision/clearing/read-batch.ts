import { type Action, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { type CrimeVersionRow, crimeTypes, listVersions } from '../crimes/index.ts';
import type { ClearingAnswer, ClearingState } from '../schema/tables.ts';
import { wearerNames } from '../verdicts/index.ts';
import { type Ground, looksFor } from './draw-sample.ts';
import { type ClearingServices, latestCrimes, openExclusions } from './open-exclusions.ts';

export const crimesOfVersions = (tx: Tx, of: readonly { crime_version_id: number }[]): Promise<CrimeVersionRow[]> =>
  listVersions(tx, [...new Set(of.map(({ crime_version_id }) => crime_version_id))]);

/** Exclusions that can be put into one batch. */
export interface BatchOffer {
  by: 'wearer' | 'crime';
  id: number;
  name: string;
  detail: string;
  ground: Ground;
  exclusions: number;
  looks: number;
}

export interface ClearingList {
  offers: BatchOffer[];
  total: number;
  /** Exclusions that wait, over all offers. */
  exclusions: number;
  looks: number;
  /** How many of the crimes of these days were looked through. */
  crimes: { of: number; looked: number };
  batches: {
    id: number;
    name: string;
    ground: Ground;
    exclusions: number;
    looks: number;
    answered: number;
    state: ClearingState;
    at: Date;
    mine: boolean;
    by: string;
  }[];
}

export interface ClearingQuery {
  by: 'wearer' | 'crime';
  days: number;
  now: number;
  search?: string;
  limit: number;
  offset: number;
}

/** What can be cleared together, by wearer or by crime, the most first; and the batches there were lately. */
export const listClearing: Action<ClearingServices, ClearingQuery, ClearingList> = {
  name: 'clearing.list',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note }, services, { by, days, now, search = '', limit, offset }) {
    const { crimes, of } = await latestCrimes(tx, { now, days });
    const counts = new Map<string, { id: number; ground: Ground; exclusions: number }>();
    const crimeNames = new Map(crimes.map((crime) => [crime.crime_id, crime]));
    for await (const { open } of openExclusions(tx, services, actor.id, crimes)) {
      for (const { wearing, crimeId, ground } of open) {
        const id = by === 'wearer' ? wearing : crimeId;
        const known = counts.get(`${id}/${ground}`);
        if (known) known.exclusions++;
        else counts.set(`${id}/${ground}`, { id, ground, exclusions: 1 });
      }
    }
    const names = by === 'wearer' ? await wearerNames(tx, [...new Set([...counts.values()].map(({ id }) => id))]) : null;
    const all = [...counts.values()]
      .map(({ id, ground, exclusions }): BatchOffer => {
        const wearer = names?.get(id);
        const crime = crimeNames.get(id);
        const [name, detail] =
          by === 'wearer'
            ? [wearer?.name ?? '', `${wearer?.subject ?? ''}, tag ${wearer?.tag ?? ''}`]
            : [crime ? crimeName(crime) : '', crime?.text ?? ''];
        return { by, id, name, detail, ground, exclusions, looks: looksFor(exclusions) };
      })
      .filter(({ name, detail }) => `${name} ${detail}`.toLowerCase().includes(search.trim().toLowerCase()))
      .sort((a, b) => b.exclusions - a.exclusions || a.id - b.id);
    note(null, { crimes: crimes.length, offers: all.length });
    return {
      offers: all.slice(offset, offset + limit),
      total: all.length,
      exclusions: all.reduce((sum, { exclusions }) => sum + exclusions, 0),
      looks: all.reduce((sum, { looks }) => sum + looks, 0),
      crimes: { of, looked: crimes.length },
      batches: await lateBatches(tx, actor.id),
    };
  },
};

const crimeName = ({ type, reference }: CrimeVersionRow) => `${crimeTypes[type] ?? 'Crime'}, ${reference}`;
const batchesShown = 20;

/** Open ones of whoever asks first, then the latest of everybody. */
async function lateBatches(tx: Tx, reviewer: string): Promise<ClearingList['batches']> {
  const rows = await tx
    .selectFrom('supervision.clearing_batches as b')
    .selectAll()
    .select((eb) => [
      eb
        .selectFrom('supervision.clearing_verdicts as c')
        .select((count) => count.fn.countAll<string>().as('n'))
        .whereRef('c.batch_id', '=', 'b.id')
        .where('c.answer', 'is not', null)
        .as('answered'),
    ])
    .orderBy((eb) => eb.and([eb('b.state', '=', 'open'), eb('b.begun_by', '=', reviewer)]), 'desc')
    .orderBy('b.id', 'desc')
    .limit(batchesShown)
    .execute();
  const names = await namesOf(tx, rows);
  return rows.map((row) => ({
    id: row.id,
    name: names(row),
    ground: row.ground as Ground,
    exclusions: row.exclusions,
    looks: row.looks,
    answered: Number(row.answered ?? 0),
    state: row.state,
    at: row.ended_at ?? row.begun_at,
    mine: row.begun_by === reviewer,
    by: row.begun_by_name,
  }));
}

type Named = { wearing_id: number | null; crime_id: number | null };

async function namesOf(tx: Tx, batches: readonly Named[]): Promise<(batch: Named) => string> {
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

export interface BatchPage {
  id: number;
  name: string;
  wearing: number | null;
  crime: number | null;
  ground: Ground;
  exclusions: number;
  looks: number;
  state: ClearingState;
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

/** A batch that has ended, or whose looks are all done, with what was looked at and what rests on it. */
export async function readBatch(
  tx: Tx,
  { id, reviewer, limit, offset }: { id: number; reviewer: string; limit: number; offset: number },
): Promise<BatchPage> {
  const batch = await tx.selectFrom('supervision.clearing_batches').selectAll().where('id', '=', id).executeTakeFirst();
  if (!batch) throw new NotFoundError('There is no such batch.');
  const isTold = batch.state !== 'open';
  const rows = await tx
    .selectFrom('supervision.clearing_verdicts as c')
    .innerJoin('supervision.crime_versions as v', 'v.id', 'c.crime_version_id')
    .innerJoin('supervision.crimes as k', 'k.id', 'v.crime_id')
    .select(['c.wearing_id', 'c.look', 'c.is_test', 'c.answer', 'c.reason', 'v.crime_id', 'v.type', 'v.from_at', 'k.reference'])
    .where('c.batch_id', '=', id)
    // Whether one of them is a test is not to be seen before.
    .$if(!isTold, (query) => query.where('c.look', 'is', null))
    .orderBy(
      (eb) => eb.ref('c.look'),
      (order) => order.asc().nullsLast(),
    )
    .orderBy('c.id')
    .execute();
  const shown = rows.slice(offset, offset + limit);
  const wearers = await wearerNames(
    tx,
    shown.map(({ wearing_id }) => wearing_id),
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
    state: batch.state,
    by: batch.begun_by_name,
    mine: batch.begun_by === reviewer,
    begunAt: batch.begun_at,
    endedAt: batch.ended_at,
    rows: shown.map((row) => ({
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
    total: rows.length,
  };
}
