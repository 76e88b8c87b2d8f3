import { type Action, InvalidError } from '../../platform/action.ts';
import type { AddressService, Gazetteer, NamedPlace } from '../../platform/gazetteer/index.ts';

export interface PlaceServices {
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
  async run({ note }, services, { text }) {
    const { places, isAsked, problem } = await placesCalled(services, text);
    note(null, { found: places.length, ...(isAsked ? { asked: 'address service' } : {}) });
    return { places, isThere: services.gazetteer.isThere || services.addressService !== null, problem };
  },
};

/** What is called so, by the gazetteer, or where that knows nothing by the address service: whether it was asked, and what was wrong with it. */
export async function placesCalled(
  { gazetteer, addressService }: PlaceServices,
  text: string,
): Promise<Pick<FoundPlaces, 'places' | 'problem'> & { isAsked: boolean }> {
  const places = await gazetteer.find(text, offered);
  if (places.length > 0 || addressService === null || text.trim().length < fromLetters) return { places, isAsked: false, problem: null };
  try {
    return { places: await addressService.find(text.trim(), offered), isAsked: true, problem: null };
  } catch (error) {
    return { places: [], isAsked: true, problem: (error as Error).message };
  }
}

/**
 * The one place among those that were found; null for none.
 * @param remedy what helps besides saying which
 * @throws InvalidError where there are several, naming them
 */
export function onlyPlace(places: readonly NamedPlace[], field: string, remedy: string): NamedPlace | null {
  const [only] = places;
  if (places.length <= 1) return only ?? null;
  const named = places.slice(0, 4).map((place) => [place.name, place.within].filter(Boolean).join(', '));
  throw new InvalidError(`Several places are called that: ${named.join('; ')}. Say which, or ${remedy}.`, field);
}
