import type { Action } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { type CrimeVersionRow, crimeTypes } from '../crimes/index.ts';
import { wearerNames } from '../verdicts/index.ts';
import { type Ground, looksAskedFor } from './draw-sample.ts';
import { type ClearingServices, latestCrimes, openExclusions } from './open-exclusions.ts';
import { isBlind, namesOf, type ShownState, shownState } from './read-batch.ts';

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
    /** Null where a second reviewer is not told. */
    answered: number | null;
    state: ShownState;
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
      batches: await lateBatches(tx, actor.id, services.secondReview),
    };
  },
};

const crimeName = ({ type, reference }: CrimeVersionRow) => `${crimeTypes[type] ?? 'Crime'}, ${reference}`;
const batchesShown = 20;

/** Open ones of whoever asks first, then the latest of everybody. */
async function lateBatches(tx: Tx, reviewer: string, secondReview: boolean): Promise<ClearingList['batches']> {
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
    answered: isBlind(row, reviewer, secondReview) ? null : Number(row.answered ?? 0),
    state: shownState(row, reviewer, secondReview),
    at: row.ended_at ?? row.begun_at,
    mine: row.begun_by === reviewer,
    by: row.begun_by_name,
  }));
}
