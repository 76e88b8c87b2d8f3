import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { standardDate } from './date.ts';
import { standardEmail } from './email.ts';
import { standards } from './field.ts';
import { standardIdentifier } from './identifier.ts';
import { standardise } from './index.ts';
import { standardName } from './name.ts';
import { standardPhone } from './phone.ts';
import { standardPostcode } from './postcode.ts';

describe('names', () => {
  test.each([
    ['  Dr. José  O’Brien-Smith ', 'jose obrien smith'],
    ['MRS ANN', 'ann'],
    ['Miss', 'miss'],
    ['Łukasz', 'lukasz'],
    ['محمد', 'محمد'],
    ['Ελένη', 'ελενη'],
    ['unknown', null],
    ['Baby', null],
    ['n/a', null],
    ['--', null],
    ['123', null],
  ])('%s', (raw, standard) => {
    expect(standardName(raw)).toBe(standard);
  });
});

describe('dates', () => {
  test.each([
    ['2010-03-04', '2010-03-04'],
    ['20100304', '2010-03-04'],
    ['04/03/2010', '2010-03-04'],
    ['4.3.10', '2010-03-04'],
    ['03/14/2010', '2010-03-14'],
    ['4 Mar 2010', '2010-03-04'],
    ['March 4th, 2010', '2010-03-04'],
    ['2010-03-04T00:00:00Z', '2010-03-04'],
    ['2010-02-31', '2010-02-31'],
    ['1900-01-01', null],
    ['01/01/1900', null],
    ['soon', null],
    ['', null],
  ])('%s', (raw, standard) => {
    expect(standardDate(raw)).toBe(standard);
  });
});

describe('identifiers with check digits', () => {
  test.each([
    ['nhs', '943 476 5919', '9434765919'],
    ['nhs', '9434765918', '?9434765918'],
    ['nhs', '0000000000', null],
    ['upn', 'B801200005001', 'B801200005001'],
    ['upn', 'C801200005001', '?C801200005001'],
    ['nino', 'AB 12 34 56 C', 'AB123456'],
    ['nino', 'BG123456A', '?BG123456A'],
    ['pnc', '79/163001B', '1979/0163001B'],
    ['pnc', '1979/0163001B', '1979/0163001B'],
    ['pnc', '79/163001C', '?79163001C'],
  ] as const)('%s %s', (kind, raw, standard) => {
    expect(standardIdentifier(kind, raw)).toBe(standard);
  });

  test('one digit wrong in an NHS number never passes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 9 }), (at, by) => {
        const digits = [...'9434765919'];
        digits[at] = String((Number(digits[at]) + by) % 10);
        expect(standardIdentifier('nhs', digits.join(''))?.startsWith('?')).toBe(true);
      }),
      { seed: 1 },
    );
  });
});

test.each([
  ['m11aa', 'M1 1AA'],
  ['SW1A 1AA', 'SW1A 1AA'],
  ['M1 OAA', 'M1 0AA'],
  ['ZZ99 3VZ', null],
  ['NF1 1NF', null],
  ['12345', null],
])('postcode %s', (raw, standard) => {
  expect(standardPostcode(raw)).toBe(standard);
});

test.each([
  ['07700 900123', '+447700900123'],
  ['+44 (0)7700 900123', '+447700900123'],
  ['0000000000', null],
  ['none', null],
])('phone %s', (raw, standard) => {
  expect(standardPhone(raw)).toBe(standard);
});

test.each([
  [' A.B@C.org ', 'a.b@c.org'],
  ['none@none.com', null],
  ['not an address', null],
])('e-mail %s', (raw, standard) => {
  expect(standardEmail(raw)).toBe(standard);
});

describe('any input', () => {
  test('is standardised without an error, to something that standardising leaves as it is', () => {
    fc.assert(
      fc.property(fc.constantFrom(...standards), fc.boolean(), fc.string({ unit: 'grapheme', maxLength: 60 }), (standard, list, raw) => {
        const field = { name: 'x', from: ['x'], standard, ...(list ? { list } : {}) };
        const once = standardise(field, [raw]);
        if (once !== null) expect(standardise(field, [once])).toBe(once);
      }),
      { seed: 20_261_121, numRuns: 3000 },
    );
  });

  test('ten megabytes in one value are cut, not choked on', () => {
    const huge = 'a b'.repeat(3_500_000);
    for (const standard of standards)
      expect((standardise({ name: 'x', from: ['x'], standard }, [huge]) ?? '').length).toBeLessThanOrEqual(500);
  });
});
