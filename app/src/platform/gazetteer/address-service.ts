import { fromBritishGrid } from '../british-grid.ts';
import { keyOf } from './gazetteer.ts';
import type { NamedPlace } from './read-places.ts';

/** A service that gives no answer for so long is not waited for, ms. */
const patienceMs = 3000;
/** Answers that are remembered, so that the same is not asked outside twice. */
const remembered = 500;

/**
 * Addresses from a service of the operator's own choice, where the gazetteer has none. Whoever runs it learns what is typed, which may
 * be somebody's home: so it is asked only where it was set.
 */
export class AddressService {
  readonly #url: string;
  readonly #answers = new Map<string, NamedPlace[]>();

  /** @param url where it answers, with `{query}` for what is looked for, and its key in it */
  constructor(url: string) {
    this.#url = url;
  }

  /** @throws Error with what is wrong with it, without its address: that has the key in it */
  async find(text: string, limit: number): Promise<NamedPlace[]> {
    const key = keyOf(text);
    const known = this.#answers.get(key);
    if (known) return known.slice(0, limit);
    const places = placesOf(await this.#ask(text));
    if (places === null) throw new Error('The address service answers in a form that is not known.');
    this.#answers.set(key, places);
    if (this.#answers.size > remembered) this.#answers.delete(this.#answers.keys().next().value as string);
    return places.slice(0, limit);
  }

  async #ask(text: string): Promise<unknown> {
    const url = this.#url.replaceAll('{query}', encodeURIComponent(text));
    let response: Response;
    try {
      response = await fetch(url, { signal: AbortSignal.timeout(patienceMs), headers: { accept: 'application/json' }, redirect: 'error' });
    } catch (error) {
      const isLate = (error as Error).name === 'TimeoutError';
      throw new Error(isLate ? `The address service gave no answer within ${patienceMs / 1000} s.` : 'The address service is not reached.');
    }
    if (!response.ok) throw new Error(`The address service answers with ${response.status}.`);
    return response.json().catch(() => null);
  }
}

type Fields = Record<string, unknown>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (value: unknown) => (typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '');

/**
 * What an answer names: of Ordnance Survey's Places and Names APIs (`results`), of Nominatim (a list), or GeoJSON, as Photon and Pelias
 * give it.
 * @returns null where it is none of these
 */
export function placesOf(answer: unknown): NamedPlace[] | null {
  const found = Array.isArray(answer)
    ? answer.map(ofNominatim)
    : isFields(answer) && Array.isArray(answer.features)
      ? answer.features.map(ofGeoJson)
      : // Ordnance Survey leaves the list out where nothing was found.
        isFields(answer) && (Array.isArray(answer.results) || isFields(answer.header))
        ? ((answer.results as unknown[] | undefined) ?? []).map(ofOrdnanceSurvey)
        : null;
  return found?.flatMap((place) => (place === null ? [] : [place])) ?? null;
}

const kindOf = (words: string): NamedPlace['kind'] =>
  /postcode/i.test(words)
    ? 'postcode'
    : /street|road|highway/i.test(words)
      ? 'street'
      : /house|building|address|^$/i.test(words)
        ? 'address'
        : 'place';

function placed(place: Omit<NamedPlace, 'lon' | 'lat'>, lon: unknown, lat: unknown): NamedPlace | null {
  const [x, y] = [Number(textOf(lon) || Number.NaN), Number(textOf(lat) || Number.NaN)];
  return place.name && Math.abs(x) <= 180 && Math.abs(y) <= 90 ? { ...place, lon: x, lat: y } : null;
}

function ofOrdnanceSurvey(result: unknown): NamedPlace | null {
  if (!isFields(result)) return null;
  const { DPA: byPost, LPI: byCouncil, GAZETTEER_ENTRY: entry } = result;
  const own = [byPost, byCouncil, entry].find(isFields);
  if (!own) return null;
  const name = textOf(own.ADDRESS ?? own.NAME1);
  const within =
    own === entry ? [own.POPULATED_PLACE, own.DISTRICT_BOROUGH ?? own.COUNTY_UNITARY].map(textOf).filter(Boolean).join(', ') : '';
  const kind = own === entry ? kindOf(`${textOf(own.TYPE)} ${textOf(own.LOCAL_TYPE)}`) : 'address';
  if (own.LNG !== undefined) return placed({ name, kind, within }, own.LNG, own.LAT);
  const [x, y] = [Number(own.X_COORDINATE ?? own.GEOMETRY_X), Number(own.Y_COORDINATE ?? own.GEOMETRY_Y)];
  return Number.isFinite(x) && Number.isFinite(y) ? placed({ name, kind, within }, ...fromBritishGrid(x, y)) : null;
}

function ofNominatim(result: unknown): NamedPlace | null {
  if (!isFields(result)) return null;
  return placed(
    { name: textOf(result.display_name), kind: kindOf(textOf(result.addresstype ?? result.type)), within: '' },
    result.lon,
    result.lat,
  );
}

function ofGeoJson(feature: unknown): NamedPlace | null {
  if (!isFields(feature) || !isFields(feature.geometry) || !isFields(feature.properties)) return null;
  const { coordinates } = feature.geometry;
  if (!Array.isArray(coordinates)) return null;
  const own = feature.properties;
  const house = [own.housenumber, own.street].map(textOf).filter(Boolean).join(' ');
  const name = textOf(own.label) || textOf(own.name) || house;
  const within = own.label ? '' : [own.city ?? own.district, own.county].map(textOf).filter(Boolean).join(', ');
  return placed({ name, kind: kindOf(textOf(own.type ?? own.layer ?? own.osm_key)), within }, coordinates[0], coordinates[1]);
}
