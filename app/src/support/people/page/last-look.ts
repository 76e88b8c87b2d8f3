import type { Tx } from '../../../platform/database.ts';
import type { Profile } from '../../needs/index.ts';
import type { Seen } from '../../schema/tables.ts';

/** What is different from when the same reader last looked at a person. */
export interface SinceLastLook {
  at: Date;
  levels: { factor: string; before: [number, number]; after: [number, number] }[];
  score: { before: [number, number] | null; after: [number, number] | null } | null;
  /** Statements that are new, by number. */
  added: number[];
  /** Statements that were relied on then, and are not now. */
  dropped: number[];
  /** How many statements are there no more: their agency took them back, or their time is over. */
  gone: number;
}

/** Looks within this time are one: what was new at its beginning stays marked to its end. */
const oneLookMs = 4 * 3_600_000;

/** What somebody sees of a person, in as few words as tell later what has changed. */
export function seenNow(profile: Profile | null, facts: readonly { id: number; standing: string }[]): Seen {
  return {
    levels: Object.fromEntries((profile?.factors ?? []).filter(({ applies }) => applies).map(({ name, low, high }) => [name, [low, high]])),
    score: profile ? [profile.score.low, profile.score.high] : null,
    facts: Object.fromEntries(facts.map(({ id, standing }) => [id, standing === 'relied on'])),
  };
}

/** Compares what is there now with what was seen before; null where nothing is different. */
export function changesSince(at: Date, before: Seen, now: Seen): SinceLastLook | null {
  const same = (a?: [number, number] | null, b?: [number, number] | null) => a?.[0] === b?.[0] && a?.[1] === b?.[1];
  const levels = Object.entries(now.levels).flatMap(([factor, after]) => {
    const was = before.levels[factor];
    return was && !same(was, after) ? [{ factor, before: was, after }] : [];
  });
  const added = Object.keys(now.facts).filter((id) => !(id in before.facts));
  const dropped = Object.keys(now.facts).filter((id) => before.facts[id] && !now.facts[id]);
  const gone = Object.keys(before.facts).filter((id) => !(id in now.facts)).length;
  const score = same(before.score, now.score) ? null : { before: before.score, after: now.score };
  if (levels.length === 0 && added.length === 0 && dropped.length === 0 && gone === 0 && score === null) return null;
  return { at, levels, score, added: added.map(Number), dropped: dropped.map(Number), gone };
}

/**
 * Notes that a reader looks at a person, and gives what has changed since the same reader's last look. Opening the page again
 * within some hours is the same look.
 */
export async function lookAt(tx: Tx, actor: string, person: number, now: Seen, at: Date): Promise<SinceLastLook | null> {
  const known = await tx
    .selectFrom('support.looks')
    .select(['at', 'seen', 'before_at', 'before_seen'])
    .where('person_id', '=', person)
    .where('actor', '=', actor)
    .forUpdate()
    .executeTakeFirst();
  const isSameLook = known !== undefined && at.getTime() - known.at.getTime() < oneLookMs;
  const before = isSameLook ? known.before_seen && { at: known.before_at as Date, seen: known.before_seen } : known;
  if (!isSameLook) {
    const row = {
      at,
      seen: JSON.stringify(now),
      before_at: known?.at ?? null,
      before_seen: known ? JSON.stringify(known.seen) : null,
    };
    await tx
      .insertInto('support.looks')
      .values({ person_id: person, actor, ...row })
      .onConflict((conflict) => conflict.columns(['person_id', 'actor']).doUpdateSet(row))
      .execute();
  }
  return before ? changesSince(before.at, before.seen, now) : null;
}
