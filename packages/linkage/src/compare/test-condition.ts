import type { Condition } from '../model/model.ts';
import { listed, takePart } from '../records/take-part.ts';
import { edits } from '../similarity/edits.ts';
import { jaroWinkler } from '../similarity/jaro-winkler.ts';
import { areNicknames } from '../similarity/nicknames.ts';
import { isCalendarDate } from '../standardise/date.ts';
import { unproven } from '../standardise/identifier.ts';

/** A condition on one field alone: what holds depends on the two values and nothing else. */
export type SingleCondition = Exclude<Condition, { all: unknown } | { any: unknown } | { swapped: unknown }>;

/**
 * Does a condition hold between two standard values? Symmetric: the values are put in one order first, because Jaro–Winkler
 * is not always.
 *
 * @param known similarities already worked out for this pair of values, so that one call serves every threshold
 */
export function testCondition(condition: SingleCondition, one: string, other: string, known: KnownSimilarity): boolean {
  const [a, b] = one < other ? [one, other] : [other, one];
  if ('equal' in condition) return a === b;
  if ('similar' in condition) {
    known.jaroWinkler ??= jaroWinkler(a, b);
    return known.jaroWinkler >= condition.atLeast;
  }
  if ('edits' in condition) {
    known.edits ??= edits(a, b, known.editsAtMost);
    return known.edits <= condition.atMost;
  }
  if ('nickname' in condition) return areNicknames(a, b);
  if ('contained' in condition) return isContained(a, b);
  if ('daysApart' in condition) return daysApart(a, b) <= condition.atMost;
  if ('turned' in condition) return a === turned(b) && a !== b;
  if ('shared' in condition) return share(a, b);
  if ('proven' in condition) return !a.startsWith(unproven) && !b.startsWith(unproven);
  const part = takePart(a, condition.part);
  return part !== null && part !== '' && part === takePart(b, condition.part);
}

/** Similarities of one pair of values, filled as they are asked for. */
export interface KnownSimilarity {
  jaroWinkler: number | undefined;
  edits: number | undefined;
  /** Edits are counted up to here: the most that any level asks for. */
  editsAtMost: number;
}

/** The most edits that any of some conditions asks about. */
export function mostEdits(conditions: SingleCondition[]): number {
  return conditions.reduce((most, condition) => ('edits' in condition ? Math.max(most, condition.atMost) : most), 1);
}

/** Are the words of one value, all but initials, among the words of the other? */
function isContained(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  const words = long.split(' ');
  return words.length > 1 && short.split(' ').every((word) => word.length > 1 && words.includes(word));
}

function turned(date: string): string {
  return `${date.slice(0, 5)}${date.slice(8, 10)}-${date.slice(5, 7)}`;
}

const dayMs = 86_400_000;

function daysApart(a: string, b: string): number {
  return isCalendarDate(a) && isCalendarDate(b) ? Math.abs(Date.parse(a) - Date.parse(b)) / dayMs : Number.POSITIVE_INFINITY;
}

function share(a: string, b: string): boolean {
  const values = new Set(listed(a));
  return listed(b).some((value) => values.has(value));
}
