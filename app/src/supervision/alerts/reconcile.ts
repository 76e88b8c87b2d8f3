import { isDeepStrictEqual } from 'node:util';
import { severities } from '../schema/tables.ts';
import { severityOf } from './kinds.ts';
import { causeOf, type FoundAlert, type StoredAlert } from './watchers/index.ts';

export type AlertChange =
  | { change: 'raised'; found: FoundAlert }
  /** Worse: more severe than what people were told. */
  | { change: 'amended'; id: number; found: FoundAlert; isWorse: boolean }
  | { change: 'raised again'; id: number; found: FoundAlert }
  | { change: 'retracted'; id: number };

/** Up to when the fixes of old do not say any more what they said: ms since 1970, −Infinity where all are as they came. */
export interface Settled {
  /** The latest position of the wearing that was made into “at home”. */
  atHome: number;
  /** The oldest fix there is: what ended before it rests on fixes that are gone. */
  oldest: number;
}

/** What still follows from the fixes. The rest has ended, and stays on record as it was found. */
export function unsettled<T extends { from: number; to: number | null }>(all: readonly T[], { atHome, oldest }: Settled): T[] {
  return all.filter(({ from, to }) => to === null || (from >= atHome && to >= oldest));
}

type Span = Pick<FoundAlert, 'from' | 'to'>;

export const overlap = (a: Span, b: Span): boolean => a.from <= (b.to ?? Infinity) && b.from <= (a.to ?? Infinity);

export const isSameCause = (a: StoredAlert | FoundAlert, b: StoredAlert | FoundAlert): boolean => causeOf(a) === causeOf(b);

/**
 * What has to be done to the alerts on record so that they say what the fixes say.
 *
 * An alert is the same if it begins at the same moment, or else overlaps; the same inputs always give the same changes, and
 * none when the record agrees already. While an alert lasts its growing length is no change. One that somebody has closed is raised
 * again when it goes on after all, or turns out worse.
 */
export function reconcile(stored: readonly StoredAlert[], found: readonly FoundAlert[]): AlertChange[] {
  if (stored.length === 0 && found.length === 0) return [];
  const free = new Set([...stored].sort((a, b) => a.from - b.from || a.id - b.id));
  const pairs: { found: FoundAlert; stored: StoredAlert | undefined }[] = [];
  const sorted = [...found].sort((a, b) => a.from - b.from || (a.zoneVersion ?? 0) - (b.zoneVersion ?? 0));
  // What is active comes before what was retracted.
  const take = (candidates: readonly StoredAlert[]): StoredAlert | undefined => {
    const own = candidates.find(({ retracted }) => !retracted) ?? candidates[0];
    if (own) free.delete(own);
    return own;
  };
  const beginningOf = (own: StoredAlert | FoundAlert) => `${own.from} ${causeOf(own)}`;
  const byBeginning = Map.groupBy(free, beginningOf);
  // Exact ones first, so that a neighbour never takes what belongs to another.
  const exact = sorted.map((own) => take((byBeginning.get(beginningOf(own)) ?? []).filter((before) => free.has(before))));
  sorted.forEach((own, i) => {
    pairs.push({ found: own, stored: exact[i] ?? take([...free].filter((before) => isSameCause(before, own) && overlap(before, own))) });
  });
  const changes: AlertChange[] = pairs.flatMap(({ found: own, stored: before }): AlertChange[] => {
    if (!before) return [{ change: 'raised', found: own }];
    if (before.retracted) return [{ change: 'raised again', id: before.id, found: own }];
    const same = before.from === own.from && before.to === own.to && before.kind === own.kind;
    // What it rests on is settled when it has ended.
    const rests = own.to === null || isDeepStrictEqual(before.facts, own.facts);
    if (same && rests) return [];
    const isWorse = severities.indexOf(severityOf(own.kind)) < severities.indexOf(severityOf(before.kind));
    const goesOn = before.to !== null && own.to === null;
    if (before.closed && (isWorse || goesOn)) return [{ change: 'raised again', id: before.id, found: own }];
    return [{ change: 'amended', id: before.id, found: own, isWorse }];
  });
  for (const { id, retracted } of free) if (!retracted) changes.push({ change: 'retracted', id });
  return changes;
}
