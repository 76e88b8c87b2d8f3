import { defaultParameters } from '@waymark/presence';
import { expect, test } from 'vitest';
import { countsOthersAlone, requireKnownModel } from './known-model.ts';

test('parameters of another model are refused in words, where sums with them would call people excluded', () => {
  expect(() => requireKnownModel({ ...defaultParameters })).not.toThrow();
  const { railAfterS: _railAfterS, speedMargin: _speedMargin, ...older } = defaultParameters;
  expect(() => requireKnownModel(older as typeof defaultParameters)).toThrow(/another model of presence/);
  expect(() => requireKnownModel({ ...defaultParameters, clockErrorS: null as never })).toThrow(/another model of presence/);
});

test.each([
  ['presence-2', false],
  ['presence-3', false],
  ['presence-4', true],
  ['presence-5', true],
])('%s counts others alone: %s', (model, others) => expect(countsOthersAlone(model)).toBe(others));
