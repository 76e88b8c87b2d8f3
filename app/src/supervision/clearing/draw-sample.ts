import { reasonBit } from '@waymark/presence';
import { inAnyOrder } from '../review/index.ts';

/**
 * What exclusions of one batch have in common: nothing speaks against the fixes that rule them out, something was set aside, or the tag was
 * worn for a part of the window only.
 */
export const grounds = ['plain', 'set aside', 'partly worn'] as const;
export type Ground = (typeof grounds)[number];

/** @param reasons bits of a verdict of exclusion, see `reasonBit` */
export function groundOf(reasons: number): Ground {
  if ((reasons & (reasonBit.frozen | reasonBit.contradicted)) !== 0) return 'set aside';
  return (reasons & reasonBit.partlyWorn) !== 0 ? 'partly worn' : 'plain';
}

const looksAtLeast = 5;
const shareLookedAt = 0.1;

/** How many of so many exclusions are looked at one by one before all of them are cleared: five, or a tenth, whichever is more. */
export function looksFor(exclusions: number): number {
  return Math.min(exclusions, Math.max(looksAtLeast, Math.ceil(shareLookedAt * exclusions)));
}

/**
 * How many looks a batch of so many asks for: the sample, and where that is not all of them one look more, which is a test in some batches and
 * one more exclusion in the others. So their number tells nobody which.
 */
export const looksAskedFor = (exclusions: number): number => Math.min(exclusions, looksFor(exclusions) + 1);

/**
 * Draws by lot which are looked at, in the order in which they are shown: of each kind at least one, as far as there are looks.
 * @param looks how many
 */
export function drawSample<T>(all: readonly T[], kindOf: (one: T) => string, random: () => number, looks = looksFor(all.length)): T[] {
  const shuffled = inAnyOrder(all, random);
  const seen = new Set<string>();
  const firsts = shuffled.filter((one) => {
    const kind = kindOf(one);
    return !seen.has(kind) && seen.add(kind);
  });
  const isFirst = new Set(firsts);
  return inAnyOrder([...firsts, ...shuffled.filter((one) => !isFirst.has(one))].slice(0, looks), random);
}
