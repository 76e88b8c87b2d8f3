import { defaultParameters } from '@waymark/presence';
import { expect, test } from 'vitest';
import { requireKnownModel } from './known-model.ts';

test('parameters of another model are refused in words, where sums with them would call people excluded', () => {
  expect(() => requireKnownModel({ ...defaultParameters })).not.toThrow();
  const { railAfterS: _railAfterS, speedMargin: _speedMargin, ...older } = defaultParameters;
  expect(() => requireKnownModel(older as typeof defaultParameters)).toThrow(/another model of presence/);
  expect(() => requireKnownModel({ ...defaultParameters, clockErrorS: null as never })).toThrow(/another model of presence/);
});
