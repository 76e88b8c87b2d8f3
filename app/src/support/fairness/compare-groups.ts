import { type Share, shareOf } from '../../platform/share.ts';

/** What is counted of one person. */
export interface CountedPerson {
  group: string;
  needSeen: boolean;
  offered: boolean;
  accepted: boolean;
  declined: boolean;
  /** Goals that have an outcome, and those achieved at least partly. */
  goals: number;
  goalsReached: number;
  /** Days from when they could first have been offered something to the first offer; null where there was none, or no wait. */
  waitedDays: number | null;
  /** Days for which they have waited until today without an offer; null where they do not wait. */
  waitingDays: number | null;
}

/** A share, or null where too few stand behind it to be shown. */
export type ShownShare = Share | null;

export interface GroupView {
  group: string;
  /** Null where too few to be shown. */
  people: number | null;
  needSeen: ShownShare;
  /** Of those with a need seen. */
  offered: ShownShare;
  /** Of those who answered. */
  accepted: ShownShare;
  /** Of goals with an outcome. */
  goalsReached: ShownShare;
  /** How long those waited who were offered something, in days. */
  waited: Wait | null;
  /** How long those have waited so far who still wait: their whole wait is longer. */
  waiting: Wait | null;
}

/** The middle of some waits, with its 95 % interval; none where fewer than five stand at or beyond an end of it. */
export interface Wait {
  of: number;
  median: number;
  interval: { low: number; high: number } | null;
}

/** Fewer people than this are not shown: somebody could be recognised. */
export const leastShown = 10;
/** A share behind which one to four people stand, or which one to four people lack, is not shown. */
const leastCounted = 5;

/**
 * Needs found, offers, answers and outcomes by group. Groups of fewer than ten are not shown; where that would leave only one
 * hidden, which could be had by taking the others from the whole, the next smallest is hidden too. A share of fewer than ten,
 * or one with one to four people on either side of it, is not shown either.
 */
export function compareGroups(people: readonly CountedPerson[]): GroupView[] {
  const groups = new Map<string, CountedPerson[]>();
  for (const person of people) {
    const own = groups.get(person.group);
    if (own) own.push(person);
    else groups.set(person.group, [person]);
  }
  const bySize = [...groups].sort(([a, x], [b, y]) => x.length - y.length || (a < b ? -1 : 1));
  const hidden = new Set(bySize.filter(([, own]) => own.length < leastShown).map(([group]) => group));
  const next = bySize.find(([group]) => !hidden.has(group));
  if (hidden.size === 1 && next) hidden.add(next[0]);
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([group, own]) =>
      hidden.has(group)
        ? { group, people: null, needSeen: null, offered: null, accepted: null, goalsReached: null, waited: null, waiting: null }
        : viewOf(group, own),
    );
}

function viewOf(group: string, own: readonly CountedPerson[]): GroupView {
  const count = (test: (person: CountedPerson) => boolean) => own.filter(test).length;
  const sum = (value: (person: CountedPerson) => number) => own.reduce((all, person) => all + value(person), 0);
  const isSmall = (count: number) => count > 0 && count < leastCounted;
  const shown = (part: number, of: number): ShownShare =>
    of < leastShown || isSmall(part) || isSmall(of - part) ? null : shareOf(part, of);
  const needSeen = count((person) => person.needSeen);
  const withNeed = shown(needSeen, own.length);
  const withGoals = count(({ goals }) => goals > 0);
  // Of how many it is told must not tell how few are left out.
  const waitShown = (days: number[]) => (isSmall(Math.abs(needSeen - days.length)) ? null : waitOf(days));
  const answered = count(({ accepted, declined }) => accepted || declined);
  return {
    group,
    people: own.length,
    needSeen: withNeed,
    // Its base would tell what is hidden beside it.
    offered:
      withNeed &&
      shown(
        count((person) => person.needSeen && person.offered),
        needSeen,
      ),
    accepted: shown(
      count(({ accepted }) => accepted),
      answered,
    ),
    // Goals of a few people would tell of them.
    goalsReached:
      withGoals < leastShown
        ? null
        : shown(
            sum(({ goalsReached }) => goalsReached),
            sum(({ goals }) => goals),
          ),
    waited: withNeed && waitShown(own.flatMap(({ waitedDays }) => (waitedDays === null ? [] : [waitedDays]))),
    waiting: withNeed && waitShown(own.flatMap(({ waitingDays }) => (waitingDays === null ? [] : [waitingDays]))),
  };
}

/**
 * The median with its 95 % interval from the order of the values (the binomial of how many lie below it, by its normal
 * approximation), so that no form of their distribution is assumed. Null of fewer than may be shown.
 */
export function waitOf(days: readonly number[]): Wait | null {
  if (days.length < leastShown) return null;
  const sorted = [...days].sort((a, b) => a - b);
  const at = (rank: number) => sorted[Math.min(sorted.length - 1, Math.max(0, rank - 1))] as number;
  const half = (1.959_964 * Math.sqrt(sorted.length)) / 2;
  const middle = sorted.length / 2;
  const [low, high] = [Math.floor(middle - half), Math.ceil(middle + half) + 1];
  return {
    of: sorted.length,
    median: (at(Math.ceil(middle)) + at(Math.floor(middle) + 1)) / 2,
    // An end with one to four people at or beyond it would tell of them.
    interval: low < leastCounted || sorted.length - high + 1 < leastCounted ? null : { low: at(low), high: at(high) },
  };
}
