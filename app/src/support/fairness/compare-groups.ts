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
}

/** A share with its interval, or null where too few stand behind it to be shown. */
export type Share = { of: number; share: number; low: number; high: number } | null;

export interface GroupView {
  group: string;
  /** Null where too few to be shown. */
  people: number | null;
  needSeen: Share;
  /** Of those with a need seen. */
  offered: Share;
  /** Of those who answered. */
  accepted: Share;
  /** Of goals with an outcome. */
  goalsReached: Share;
}

/** Fewer people than this are not shown: somebody could be recognised. */
export const leastShown = 10;
/** A share behind which one to four people stand, or which one to four people lack, is not shown. */
const leastCounted = 5;

const z = 1.959_964;

/** A share with its 95 % interval (Wilson 1927), which holds for few cases too. */
export function shareOf(count: number, of: number): NonNullable<Share> {
  if (of === 0) return { of, share: 0, low: 0, high: 1 };
  const p = count / of;
  const centre = (p + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of));
  return { of, share: p, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

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
      hidden.has(group) ? { group, people: null, needSeen: null, offered: null, accepted: null, goalsReached: null } : viewOf(group, own),
    );
}

function viewOf(group: string, own: readonly CountedPerson[]): GroupView {
  const count = (test: (person: CountedPerson) => boolean) => own.filter(test).length;
  const sum = (value: (person: CountedPerson) => number) => own.reduce((all, person) => all + value(person), 0);
  const isSmall = (count: number) => count > 0 && count < leastCounted;
  const shown = (part: number, of: number): Share => (of < leastShown || isSmall(part) || isSmall(of - part) ? null : shareOf(part, of));
  const needSeen = count((person) => person.needSeen);
  const withNeed = shown(needSeen, own.length);
  const withGoals = count(({ goals }) => goals > 0);
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
  };
}
