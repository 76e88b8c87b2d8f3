import type { Action } from '../../platform/action.ts';
import type { AddressService, Gazetteer, NamedPlace } from '../../platform/gazetteer/index.ts';

interface PlaceServices {
  gazetteer: Gazetteer;
  /** Asked where the gazetteer knows nothing; null where the operator has none. */
  addressService: AddressService | null;
}

interface FoundPlaces {
  places: NamedPlace[];
  /** Whether there is anything that knows places. */
  isThere: boolean;
  /** What is wrong with the address service; null where nothing is, or it was not asked. */
  problem: string | null;
}

/** As many as are offered at a time. */
const offered = 8;
/** What is shorter is not asked outside: it would find anything, and be asked again with the next letter. */
const fromLetters = 5;

/** Addresses, streets, postcodes and places by what was typed. What was asked for is not put on record: it may be somebody's home. */
export const findPlaces: Action<PlaceServices, { text: string }, FoundPlaces> = {
  name: 'place.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ note }, { gazetteer, addressService }, { text }) {
    const known = await gazetteer.find(text, offered);
    const isAsked = known.length === 0 && addressService !== null && text.trim().length >= fromLetters;
    let places = known;
    let problem: string | null = null;
    if (isAsked)
      try {
        places = await addressService.find(text.trim(), offered);
      } catch (error) {
        problem = (error as Error).message;
      }
    note(null, { found: places.length, ...(isAsked ? { asked: 'address service' } : {}) });
    return { places, isThere: gazetteer.isThere || addressService !== null, problem };
  },
};
