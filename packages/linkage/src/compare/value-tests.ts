import type { Part } from '../model/model.ts';
import type { Dictionary } from '../records/dictionary.ts';
import { takePart } from '../records/take-part.ts';
import { edits } from '../similarity/edits.ts';
import { jaroWinkler } from '../similarity/jaro-winkler.ts';
import { nicknameGroups } from '../similarity/nicknames.ts';
import { type KnownSimilarity, type SingleCondition, testCondition } from './test-condition.ts';

/** Tests one condition on two coded values. Gives what `testCondition` gives, with less work. */
export type ValueTest = (a: number, b: number, known: KnownSimilarity) => boolean;

/**
 * The condition as a test on codes. What depends on one value alone is worked out once for each value, and strings too far
 * apart to pass are told by their letters, without being compared.
 *
 * @param similarAtLeast the lowest similarity that any level of the comparison asks for
 */
export function valueTest(condition: SingleCondition, dictionary: Dictionary, similarAtLeast: number): ValueTest {
  const { values } = dictionary;
  if ('equal' in condition) return (a, b) => a === b;
  if ('part' in condition) {
    const codeOf = partCodes(dictionary, condition.part);
    return (a, b) => codeOf(a) >= 0 && codeOf(a) === codeOf(b);
  }
  if ('nickname' in condition) {
    const groupsOf = perValue(dictionary, nicknameGroups);
    return (a, b) => {
      const [one, other] = [groupsOf(a), groupsOf(b)];
      return one !== null && other !== null && one.some((group) => other.includes(group));
    };
  }
  if ('contained' in condition) {
    const wordsOf = perValue(dictionary, (value) => value.includes(' '));
    return (a, b, known) => (wordsOf(a) || wordsOf(b)) && testCondition(condition, values[a] as string, values[b] as string, known);
  }
  if ('similar' in condition) {
    const letters = lettersOf(dictionary);
    return (a, b, known) => {
      if (known.jaroWinkler === undefined) {
        const [one, other] = [values[a] as string, values[b] as string];
        const atMost = similarityAtMost(one, other, letters(a), letters(b));
        known.jaroWinkler = atMost < similarAtLeast ? 0 : ordered(one, other, similarAtLeast);
      }
      return known.jaroWinkler >= condition.atLeast;
    };
  }
  if ('edits' in condition) {
    const letters = lettersOf(dictionary);
    return (a, b, known) => {
      if (known.edits === undefined) {
        // Each edit brings in or takes out one kind of letter at most.
        const [lettersA, lettersB] = [letters(a), letters(b)];
        const least = Math.max(bitsIn(lettersA & ~lettersB), bitsIn(lettersB & ~lettersA));
        const [one, other] = inOrder(values[a] as string, values[b] as string);
        known.edits = least > known.editsAtMost ? known.editsAtMost + 1 : edits(one, other, known.editsAtMost);
      }
      return known.edits <= condition.atMost;
    };
  }
  return (a, b, known) => testCondition(condition, values[a] as string, values[b] as string, known);
}

function ordered(a: string, b: string, atLeast: number): number {
  return a < b ? jaroWinkler(a, b, atLeast) : jaroWinkler(b, a, atLeast);
}

/** Something about each value, worked out when first asked for. */
function perValue<T>(dictionary: Dictionary, of: (value: string) => T): (code: number) => T {
  const known: T[] = [];
  return (code) => {
    const found = known[code];
    if (found !== undefined) return found;
    const value = of(dictionary.values[code] as string);
    known[code] = value;
    return value;
  };
}

function partCodes(dictionary: Dictionary, part: Part): (code: number) => number {
  const codes = new Map<string, number>();
  return perValue(dictionary, (value) => {
    const taken = takePart(value, part);
    if (taken === null || taken === '') return -1;
    const known = codes.get(taken);
    if (known !== undefined) return known;
    codes.set(taken, codes.size);
    return codes.size - 1;
  });
}

/** The kinds of characters in a value, as bits: characters that share a bit only make the filter weaker, never wrong. */
function lettersOf({ values }: Dictionary): (code: number) => number {
  // 0 stands for "not worked out yet": a value has a character.
  let known = new Int32Array(values.length);
  return (code) => {
    if (code >= known.length) {
      const larger = new Int32Array(Math.max(1024, values.length, 2 * code));
      larger.set(known);
      known = larger;
    }
    const found = known[code] as number;
    if (found !== 0) return found;
    const value = values[code] as string;
    let letters = 0;
    for (let i = 0; i < value.length; i++) letters |= 1 << (value.charCodeAt(i) & 31);
    known[code] = letters;
    return letters;
  };
}

/** Upper bound on Jaro–Winkler: no more characters can be in common than are of kinds that both have. */
function similarityAtMost(a: string, b: string, lettersA: number, lettersB: number): number {
  const common = Math.min(a.length - bitsIn(lettersA & ~lettersB), b.length - bitsIn(lettersB & ~lettersA));
  if (common <= 0) return 0;
  const jaro = (Math.min(1, common / a.length) + Math.min(1, common / b.length) + 1) / 3;
  let prefix = 0;
  while (prefix < 4 && prefix < a.length && prefix < b.length && a.charCodeAt(prefix) === b.charCodeAt(prefix)) prefix++;
  // A hair more, so that rounding never makes the bound too low.
  return jaro + prefix * 0.1 * (1 - jaro) + 1e-9;
}

function inOrder(a: string, b: string): [string, string] {
  return a < b ? [a, b] : [b, a];
}

function bitsIn(value: number): number {
  let bits = value - ((value >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
