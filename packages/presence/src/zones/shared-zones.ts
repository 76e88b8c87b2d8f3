import Flatbush from 'flatbush';
import type { WatchedZone } from './watched.ts';

/** The margin that boxes are widened by in the index, metres: fixes of ordinary accuracy need no more. */
const marginM = 600;

/** Zones are looked up once for each cell of about 500 m that anybody has been in. */
const cellDegrees = 0.005;
/** Cells are forgotten together when there are this many; a country has fewer that wearers go to. */
const cellsAtMost = 200_000;

/** Zones that hold for many wearers, found by place. */
export class SharedZones {
  readonly #entries: { zone: WatchedZone; box: Box }[];
  readonly #index: Flatbush | null;
  readonly #cells = new Map<number, readonly WatchedZone[]>();

  constructor(zones: readonly WatchedZone[]) {
    this.#entries = zones.flatMap((zone) => boxesOf(zone).map((box) => ({ zone, box })));
    this.#index = this.#entries.length === 0 ? null : new Flatbush(this.#entries.length);
    for (const { box } of this.#entries) this.#index?.add(...box);
    this.#index?.finish();
  }

  /** Zones that come within some metres of a position, and perhaps some that do not. */
  near(lon: number, lat: number, withinM: number): readonly WatchedZone[] {
    if (!this.#index) return [];
    if (withinM > marginM) {
      // Beyond the margin that is built in, the search is widened.
      const more = (withinM - marginM) / 111_000;
      const moreLon = more / Math.max(0.01, Math.cos((lat * Math.PI) / 180));
      return this.#search(this.#index, lon - moreLon, lat - more, lon + moreLon, lat + more);
    }
    const column = Math.floor(lon / cellDegrees);
    const row = Math.floor(lat / cellDegrees);
    const cell = row * 100_000 + column;
    let found = this.#cells.get(cell);
    if (!found) {
      if (this.#cells.size >= cellsAtMost) this.#cells.clear();
      const [west, south] = [column * cellDegrees, row * cellDegrees];
      found = this.#search(this.#index, west, south, west + cellDegrees, south + cellDegrees);
      this.#cells.set(cell, found);
    }
    return found;
  }

  #search(index: Flatbush, west: number, south: number, east: number, north: number): readonly WatchedZone[] {
    return index.search(west, south, east, north).map((i) => (this.#entries[i] as { zone: WatchedZone }).zone);
  }
}

type Box = [west: number, south: number, east: number, north: number];

/** The box of a zone in degrees; over the date line, one on either side. */
function boxesOf({ area: { plane, west, south, east, north } }: WatchedZone): Box[] {
  const [low, high] = [plane.lon + (west - marginM) / plane.perLon, plane.lon + (east + marginM) / plane.perLon];
  const [bottom, top] = [plane.lat + (south - marginM) / plane.perLat, plane.lat + (north + marginM) / plane.perLat];
  const shifts = low < -180 ? [0, 360] : high > 180 ? [0, -360] : [0];
  return shifts.map((shift) => [low + shift, bottom, high + shift, top]);
}
