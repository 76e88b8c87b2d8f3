import { sql } from 'kysely';
import { type Action, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { type CrimeVersionRow, crimeTypes } from '../crimes/index.ts';
import type { ClearingAnswer, ClearingState } from '../schema/tables.ts';
import { wearerNames } from '../verdicts/index.ts';
import { type Ground, looksAskedFor } from './draw-sample.ts';
import { type ClearingServices, latestCrimes, openExclusions } from './open-exclusions.ts';

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
  name: 'clearing.offer',
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
        return { by, id, name, detail, ground, exclusions, looks: looksAskedFor(exclusions) };
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

/** Are the looks of a batch on what is current: the crime's version, and the run that speaks for it? Else the batch shows nothing. */
export async function isAsItWas(tx: Tx, batch: number): Promise<boolean> {
  const { rows } = await sql<{ changed: boolean }>`
    SELECT coalesce(bool_or(c.crime_version_id <> v.id OR c.run_id <> (
        SELECT max(r.run_id) FROM supervision.run_crimes r WHERE r.crime_version_id = c.crime_version_id)), false) AS changed
      FROM supervision.clearing_verdicts c JOIN supervision.crime_versions own ON own.id = c.crime_version_id
        JOIN supervision.crimes k ON k.id = own.crime_id JOIN supervision.crime_versions v ON v.crime_id = k.id AND v.version = k.version
      WHERE c.batch_id = ${batch} AND c.look IS NOT NULL`.execute(tx);
  return rows[0]?.changed === false;
}

/** Of a batch, what is still current, and what this reviewer has not decided by themselves meanwhile. */
export async function standingOf(tx: Tx, batch: number, reviewer: string): Promise<ReadonlySet<number>> {
  const { rows } = await sql<{ id: number }>`
    SELECT c.id FROM supervision.clearing_verdicts c JOIN supervision.crime_versions v ON v.id = c.crime_version_id
        JOIN supervision.crimes k ON k.id = v.crime_id AND k.version = v.version
      WHERE c.batch_id = ${batch}
        AND c.run_id = (SELECT max(r.run_id) FROM supervision.run_crimes r WHERE r.crime_version_id = c.crime_version_id)
        AND NOT EXISTS (SELECT FROM supervision.reviews w WHERE w.crime_version_id = c.crime_version_id AND w.wearing_id = c.wearing_id
          AND w.run_id = c.run_id AND w.reviewer = ${reviewer} AND w.taken_back_at IS NULL)`.execute(tx);
  return new Set(rows.map(({ id }) => id));
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
  /** `ended` where a second reviewer is not told how. */
  state: ClearingState | 'ended';
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

/** A batch that has ended, or whose looks are all done, with what was looked at and what rests on it. */
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
  // Whoever reviews second does not see what the first said.
  const isBlind = secondReview && batch.begun_by !== reviewer;
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
  const shown = isBlind ? [] : rows.slice(offset, offset + limit);
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
    state: isBlind && isTold ? 'ended' : batch.state,
    cleared: Number(batch.cleared ?? 0),
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
    total: isBlind ? 0 : rows.length,
  };
}
