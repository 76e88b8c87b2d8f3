import type { LaidPlace } from './ground/place.ts';
import { negligibleFrom } from './way-law.ts';

/** Fixes per block, and blocks per row. */
export const blockSize = 16;
export const blocksPerRow = 8;

/**
 * What is known of stretches of fixes without reading them, `stride` numbers for each: one cache line.
 *
 * West, south, east and north of the fixes, observed and likely, and of the first fix after them, degrees; then the
 * figures below. A stretch that nothing can be said about has a box without limits.
 */
export type Bounds = Float64Array;

export const stride = 8;
const west = 0;
const south = 1;
const east = 2;
const north = 3;
/** Longest gap that begins in the stretch, seconds. */
export const longestGapS = 4;
/** Largest variance that a way of the stretch reaches, m², see `widestVariance`. */
const widestWay = 5;
/** Largest reported spread, metres. */
export const widestSigma = 6;
/**
 * From this distance on no prism of the stretch reaches anything, there and back, metres: the longest way that a gap allows, and the
 * greatest error of both its ends.
 */
export const thereAndBackM = 7;

/** Writes the bounds of one stretch; `boundless` where the box must never be used to pass it over. */
export function setBounds(
  bounds: Bounds,
  i: number,
  box: { west: number; south: number; east: number; north: number },
  figures: { longestGapS: number; widestWay: number; widestSigma: number; thereAndBackM: number },
  boundless: boolean,
): void {
  const offset = stride * i;
  bounds[offset + west] = boundless ? -Infinity : box.west;
  bounds[offset + south] = boundless ? -Infinity : box.south;
  bounds[offset + east] = boundless ? Infinity : box.east;
  bounds[offset + north] = boundless ? Infinity : box.north;
  bounds[offset + longestGapS] = figures.longestGapS;
  bounds[offset + widestWay] = figures.widestWay;
  bounds[offset + widestSigma] = figures.widestSigma;
  bounds[offset + thereAndBackM] = figures.thereAndBackM;
}

/** The same for rows of `blocksPerRow` blocks at a time. */
export function joinBounds(blocks: Bounds): Bounds {
  const rows = new Float64Array(stride * Math.ceil(blocks.length / stride / blocksPerRow));
  for (let offset = 0; offset < blocks.length; offset += stride) {
    const row = stride * Math.floor(offset / stride / blocksPerRow);
    const first = offset % (stride * blocksPerRow) === 0;
    for (let figure = 0; figure < stride; figure++) {
      const value = blocks[offset + figure] as number;
      const known = rows[row + figure] as number;
      rows[row + figure] = first ? value : figure === west || figure === south ? Math.min(known, value) : Math.max(known, value);
    }
  }
  return rows;
}

/**
 * Lower bound on the distance in metres from every fix and every line between fixes of a stretch to the place's reach;
 * −Infinity where the box says nothing.
 */
export function clearOf(bounds: Bounds, i: number, place: LaidPlace, reach: number): number {
  const { plane } = place;
  const offset = stride * i;
  const fromWest = (bounds[offset + west] as number) - plane.lon;
  const fromSouth = (bounds[offset + south] as number) - plane.lat;
  const fromEast = (bounds[offset + east] as number) - plane.lon;
  const fromNorth = (bounds[offset + north] as number) - plane.lat;
  // Across the date line, wholly or in part, or without limits.
  if (fromWest < -180 || fromEast > 180) return -Infinity;
  const dx = (fromWest > 0 ? fromWest : fromEast < 0 ? -fromEast : 0) * plane.perLon;
  const dy = (fromSouth > 0 ? fromSouth : fromNorth < 0 ? -fromNorth : 0) * plane.perLat;
  return Math.sqrt(dx * dx + dy * dy) - place.extentM - reach;
}

/** Is every way of a stretch this far from the reach negligible? */
export function isWeightless(bounds: Bounds, i: number, clear: number): boolean {
  return clear > 0 && clear * clear >= negligibleFrom(bounds[stride * i + widestWay] as number);
}
