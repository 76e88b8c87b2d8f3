import { expect, test } from 'vitest';
import { AddressService, Gazetteer } from '../../platform/gazetteer/index.ts';
import { findPlaces } from './find-places.ts';

test('a service is asked only where the gazetteer knows nothing, and from five letters on; that it fails is told, and who looked is noted', async () => {
  const asked: string[] = [];
  const service = Object.assign(new AddressService('http://127.0.0.1:1/{query}'), {
    find: async (text: string) => {
      asked.push(text);
      if (text === 'nowhere') throw new Error('The address service is not reached.');
      return [{ name: '1 Far Street', kind: 'address' as const, within: '', lon: 0, lat: 0 }];
    },
  });
  const gazetteer = Object.assign(new Gazetteer('/nothing/there'), {
    find: async (text: string) =>
      text === 'mill lane' ? [{ name: 'Mill Lane', kind: 'street' as const, within: '', lon: 1, lat: 1 }] : [],
  });
  const notes: unknown[] = [];
  const find = (text: string, addressService: AddressService | null = service) =>
    findPlaces.run(
      { note: (_about: unknown, detail: unknown) => void notes.push(detail) } as never,
      { gazetteer, addressService },
      { text },
    );
  expect(await find('mill lane')).toMatchObject({ places: [{ name: 'Mill Lane' }], isThere: true, problem: null });
  expect(await find('far')).toMatchObject({ places: [], problem: null });
  expect(await find('far street')).toMatchObject({ places: [{ name: '1 Far Street' }], problem: null });
  expect(await find('nowhere')).toEqual({ places: [], isThere: true, problem: 'The address service is not reached.' });
  expect(await find('far street', null)).toEqual({ places: [], isThere: false, problem: null });
  expect(asked).toEqual(['far street', 'nowhere']);
  // What was looked for may be somebody's home: how much was found is noted, and that somebody outside was asked.
  expect(notes).toEqual([
    { found: 1 },
    { found: 0 },
    { found: 1, asked: 'address service' },
    { found: 0, asked: 'address service' },
    { found: 0 },
  ]);
});
