/** What happened to a person's id when records were put together anew. */
export type IdentityEvent =
  | { kind: 'created'; person: string; records: string[] }
  | { kind: 'merged'; person: string; into: string }
  | { kind: 'split'; person: string; into: string[] }
  | { kind: 'gained'; person: string; records: string[] }
  | { kind: 'lost'; person: string; records: string[] }
  | { kind: 'ended'; person: string };

export interface Identities {
  /** The person of each record, by the record's key. */
  personOf: Map<string, string>;
  events: IdentityEvent[];
}

/**
 * Gives each new group of records its person's id, so that ids survive re-runs, merges and splits.
 *
 * A group takes over the id of the person it has most records of; of several groups that want one id, the one with most of
 * its records gets it, and of equals the one with the smallest record key. What is left over gets new ids.
 *
 * @param before the person of each record so far
 * @param groups record keys of each group
 * @param newId called for groups in order of their smallest key
 */
export function carryIdentities(
  before: ReadonlyMap<string, string>,
  groups: readonly (readonly string[])[],
  newId: () => string,
): Identities {
  const sorted = groups.map((group) => [...group].sort()).sort((a, b) => ((a[0] as string) < (b[0] as string) ? -1 : 1));
  const claims: { group: number; person: string; shared: number }[] = [];
  sorted.forEach((group, g) => {
    const shared = new Map<string, number>();
    for (const key of group) {
      const person = before.get(key);
      if (person !== undefined) shared.set(person, (shared.get(person) ?? 0) + 1);
    }
    for (const [person, count] of shared) claims.push({ group: g, person, shared: count });
  });
  claims.sort((a, b) => b.shared - a.shared || (a.person < b.person ? -1 : a.person > b.person ? 1 : a.group - b.group));
  const idOf: (string | undefined)[] = new Array(sorted.length).fill(undefined);
  const taken = new Set<string>();
  for (const { group, person } of claims) {
    if (idOf[group] !== undefined || taken.has(person)) continue;
    idOf[group] = person;
    taken.add(person);
  }
  const personOf = new Map<string, string>();
  const events: IdentityEvent[] = [];
  const keptBy = new Map<string, Set<string>>();
  sorted.forEach((group, g) => {
    const person = idOf[g] ?? newId();
    const isNew = idOf[g] === undefined;
    for (const key of group) {
      personOf.set(key, person);
      const was = before.get(key);
      if (was !== undefined) keptBy.set(was, (keptBy.get(was) ?? new Set()).add(person));
    }
    if (isNew) events.push({ kind: 'created', person, records: group });
    else {
      const gained = group.filter((key) => before.get(key) !== person);
      if (gained.length > 0) events.push({ kind: 'gained', person, records: gained });
    }
  });
  const recordsBefore = new Map<string, string[]>();
  for (const [key, person] of before) recordsBefore.set(person, [...(recordsBefore.get(person) ?? []), key]);
  for (const [person, keys] of [...recordsBefore].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const into = [...(keptBy.get(person) ?? [])].sort();
    if (into.length === 0) events.push({ kind: 'ended', person });
    else if (into.length > 1) events.push({ kind: 'split', person, into });
    else if (into[0] !== person) events.push({ kind: 'merged', person, into: into[0] as string });
    const lost = keys.filter((key) => personOf.get(key) !== person);
    if (taken.has(person) && lost.length > 0) events.push({ kind: 'lost', person, records: lost.sort() });
  }
  return { personOf, events };
}
