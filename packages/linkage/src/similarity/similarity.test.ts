import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { edits } from './edits.ts';
import { jaroWinkler } from './jaro-winkler.ts';
import { areNicknames } from './nicknames.ts';

// Values published by Winkler (1990) and repeated in most texts on the measure.
test.each([
  ['martha', 'marhta', 0.9611],
  ['dwayne', 'duane', 0.84],
  ['dixon', 'dicksonx', 0.8133],
  ['abc', 'xyz', 0],
  ['', 'a', 0],
  ['same', 'same', 1],
])('Jaro–Winkler of %s and %s', (a, b, expected) => {
  expect(jaroWinkler(a, b)).toBeCloseTo(expected, 4);
});

/** The distance by its definition, without any shortcut. */
function plainEdits(a: string, b: string): number {
  const cost = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  const at = (i: number, j: number) => cost[i]?.[j] as number;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      let least = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, at(i - 2, j - 2) + 1);
      (cost[i] as number[])[j] = least;
    }
  }
  return at(a.length, b.length);
}

describe('edits', () => {
  const word = fc.string({ unit: fc.constantFrom(...'abc'), maxLength: 9 });
  test('are those of the definition, up to the limit', () => {
    fc.assert(
      fc.property(word, word, fc.integer({ min: 1, max: 4 }), (a, b, atMost) => {
        expect(edits(a, b, atMost)).toBe(Math.min(plainEdits(a, b), atMost + 1));
      }),
      { seed: 20_261_121, numRuns: 2000 },
    );
  });
});

test('nicknames go both ways, and not across', () => {
  expect(areNicknames('bob', 'robert')).toBe(true);
  expect(areNicknames('robert', 'bob')).toBe(true);
  expect(areNicknames('kate', 'catherine jane')).toBe(true);
  expect(areNicknames('kate', 'robert')).toBe(false);
});
