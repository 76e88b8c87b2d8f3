import type { Action } from '../../platform/action.ts';
import type { Gazetteer, NamedPlace } from '../../platform/gazetteer/index.ts';

/** Addresses, streets, postcodes and places by what was typed. What was asked for is not put on record: it may be somebody's home. */
export const findPlaces: Action<{ gazetteer: Gazetteer }, { text: string }, { places: NamedPlace[]; isThere: boolean }> = {
  name: 'place.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ note }, { gazetteer }, { text }) {
    const places = await gazetteer.find(text);
    note(null, { found: places.length });
    return { places, isThere: gazetteer.isThere };
  },
};
