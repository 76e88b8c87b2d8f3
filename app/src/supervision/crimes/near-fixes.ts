import { layPlace, type Place } from '@waymark/presence';
import { givesEvidence } from '../../platform/fixes/fix.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import type { ImportProblem } from '../schema/tables.ts';
import { type ParsedCrime, problem } from './parsed-crime.ts';

/** Whole degrees around a place in which a fix is looked for: about 100 km at least, from the equator to Shetland. */
const degreesAround = { lat: 1, lon: 2 };

/** What is known of each store, and up to which receipt. A square whose last fix has been removed stays: it is only for telling slips. */
const grounds = new WeakMap<FixStore, { squares: Set<string>; receipt: number }>();

/** Says whether a place is near any fix that was ever stored. */
export class FixedGround {
  readonly #squares: Set<string>;

  private constructor(squares: Set<string>) {
    this.#squares = squares;
  }

  /** Reads all fixes once for each store, and after that what was stored since. */
  static async read(fixes: FixStore): Promise<FixedGround> {
    const known = grounds.get(fixes) ?? { squares: new Set<string>(), receipt: -1 };
    const upto = fixes.lastReceipt;
    const { count, columns } = await fixes.query(
      `SELECT DISTINCT CAST(floor(lon) AS INTEGER) AS x, CAST(floor(lat) AS INTEGER) AS y FROM fixes WHERE receipt > ? AND wearing > 0 AND ${givesEvidence}`,
      { x: 'i32', y: 'i32' },
      { values: [known.receipt] },
    );
    for (let i = 0; i < count; i++) known.squares.add(`${columns.x[i]}/${columns.y[i]}`);
    grounds.set(fixes, { squares: known.squares, receipt: upto });
    return new FixedGround(known.squares);
  }

  isNear(lon: number, lat: number): boolean {
    for (let y = -degreesAround.lat; y <= degreesAround.lat; y++) {
      for (let x = -degreesAround.lon; x <= degreesAround.lon; x++) {
        const square = ((((Math.floor(lon) + x + 180) % 360) + 360) % 360) - 180;
        if (this.#squares.has(`${square}/${Math.floor(lat) + y}`)) return true;
      }
    }
    return false;
  }

  /**
   * What is to be said of a crime's place before anybody is judged by it: far from every fix, and whether it would be near some
   * if latitude and longitude changed places, or the longitude its sign. Such a slip is an error; null where nothing is.
   */
  faultOf({ place, row }: ParsedCrime): ImportProblem | null {
    if (this.#squares.size === 0) return null;
    const [lon, lat] = middleOf(place);
    if (this.isNear(lon, lat)) return null;
    const written = `${lat}, ${lon}`;
    if (Math.abs(lon) <= 90 && this.isNear(lat, lon))
      return problem(
        row,
        'latitude, longitude',
        written,
        'LOCATION_SWAPPED',
        'No fix was ever near this place; with latitude and longitude changed round there are.',
        'Put them the right way round.',
      );
    if (this.isNear(-lon, lat))
      return problem(
        row,
        'longitude',
        written,
        'LOCATION_SIGN',
        'No fix was ever near this place; with the other sign of the longitude there are.',
        'West of Greenwich is less than 0.',
      );
    return problem(
      row,
      'latitude, longitude',
      written,
      'LOCATION_FAR',
      'No fix was ever within some 100 km of this place: everybody will be ruled out.',
      'Check the place.',
      'warning',
    );
  }
}

/** Longitude and latitude in the middle of a place, degrees. */
export function middleOf(place: Place): [number, number] {
  if (place.kind === 'point') return [place.lon, place.lat];
  const { plane } = layPlace(place);
  return [plane.lon, plane.lat];
}
