import fc from 'fast-check';
import { expect, test } from 'vitest';
import { block, composeModel, dateOfBirth, email, identifier, type LinkageModel, name, oneOf, postcode, Records, text } from '../index.ts';
import { Patterns } from './patterns.ts';

const model: LinkageModel = composeModel({
  comparisons: [
    name('forename', { swappedWith: 'surname' }),
    name('surname', { swapIsCountedBy: 'forename' }),
    dateOfBirth('born'),
    postcode(),
    email(),
    oneOf([identifier('nhs'), identifier('upn')], 'identifier'),
    text('address'),
  ],
  blocking: [block('surname')],
});

const letters = fc.string({ unit: fc.constantFrom(...'aabcdeeiklmnorst -é'), maxLength: 9 });
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 6 });
const row = fc.record({
  forename: some(fc.oneof(letters, fc.constantFrom('kate', 'catherine', 'bob', 'robert', 'ann marie', 'ann'))),
  surname: some(letters),
  born: some(fc.stringMatching(/^(19|20)[0-2]\d-(0[1-9]|1[0-2])-([0-2][1-9])$/)),
  postcode: some(fc.constantFrom('M1 1AA', 'M1 1AB', 'M1 2AA', 'M2 1AA', 'L1 1AA', 'nonsense')),
  email: some(fc.constantFrom('a.b@c.org', 'a.b@d.org', 'ab@c.org', 'zz@c.org', 'none')),
  nhs: some(fc.constantFrom('9434765919', '9434765918', '4010232137', '9434765991')),
  upn: some(fc.constantFrom('B801200005001', 'B801200005002', 'B801200005010')),
  address: some(letters),
});

test('levels by remembered values, and by values tested anew, are those of testing every condition plainly', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 2, maxLength: 14 }), (rows) => {
      const records = new Records(model.fields);
      for (const [i, own] of rows.entries()) records.add(String(i), '', (column) => own[column as keyof typeof own]);
      const plain = new Patterns(model, records, { plain: true });
      const remembered = new Patterns(model, records);
      const anew = new Patterns(model, records, { rememberedPairs: 0 });
      for (let i = 0; i < rows.length; i++) {
        for (let j = 0; j < rows.length; j++) {
          const expected = plain.levels(plain.of(i, j));
          expect(remembered.levels(remembered.of(i, j))).toEqual(expected);
          expect(remembered.levels(remembered.of(j, i))).toEqual(expected);
          expect(anew.levels(anew.of(i, j))).toEqual(expected);
        }
      }
    }),
    { seed: 20_261_121, numRuns: 400 },
  );
});
