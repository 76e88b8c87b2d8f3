import Flatbush from 'flatbush';
import { longitudeDifference, type Plane, planeAt, toPlane } from './plane.ts';

/** Where a crime is recorded to have happened. Coordinates are WGS84 longitude, latitude in degrees. */
export type Place =
  | { kind: 'point'; lon: number; lat: number; uncertaintyM: number }
  | { kind: 'line'; points: [number, number][]; uncertaintyM: number }
  | { kind: 'polygon'; rings: [number, number][][]; uncertaintyM: number };

/**
 * A place laid on its own plane, in metres from its centre.
 *
 * `edges` holds x1, y1, x2, y2 of each side; a point has none. `extentM` is the distance from the centre that no part
 * of the place exceeds, for cheap lower bounds.
 */
export interface LaidPlace {
  plane: Plane;
  edges: Float64Array;
  filled: boolean;
  extentM: number;
  uncertaintyM: number;
}

export function layPlace(place: Place): LaidPlace {
  if (place.kind === 'point') {
    return {
      plane: planeAt(place.lon, place.lat),
      edges: new Float64Array(0),
      filled: false,
      extentM: 0,
      uncertaintyM: place.uncertaintyM,
    };
  }
  const paths = place.kind === 'line' ? [place.points] : place.rings;
  const plane = planeAround(paths);
  const edges: number[] = [];
  let extentM = 0;
  for (const path of paths) {
    for (let i = 0; i + 1 < path.length; i++) {
      const [x1, y1] = toPlane(plane, ...(path[i] as [number, number]));
      const [x2, y2] = toPlane(plane, ...(path[i + 1] as [number, number]));
      edges.push(x1, y1, x2, y2);
      extentM = Math.max(extentM, Math.hypot(x1, y1), Math.hypot(x2, y2));
    }
  }
  return { plane, edges: Float64Array.from(edges), filled: place.kind === 'polygon', extentM, uncertaintyM: place.uncertaintyM };
}

/** A plane laid in the middle of some paths, the short way round the globe: 2 km across longitude 180 are 2 km. */
export function planeAround(paths: readonly (readonly [number, number][])[]): Plane {
  const points = paths.flat();
  const anchor = points[0]?.[0] ?? 0;
  const isRound = points.some(([lon]) => Math.abs(lon - anchor) > 180);
  const [lon, lat] = centreOf(isRound ? points.map(([own, y]) => [anchor + longitudeDifference(own, anchor), y]) : points);
  return planeAt(lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon, lat);
}

/** The middle of the points' bounding box. */
export function centreOf(points: [number, number][]): [lon: number, lat: number] {
  let west = Infinity;
  let east = -Infinity;
  let south = Infinity;
  let north = -Infinity;
  for (const [lon, lat] of points) {
    west = Math.min(west, lon);
    east = Math.max(east, lon);
    south = Math.min(south, lat);
    north = Math.max(north, lat);
  }
  return [(west + east) / 2, (south + north) / 2];
}

/** Distance in metres from a position on the plane to the place; 0 inside a polygon. */
export function distanceToPlace(place: LaidPlace, x: number, y: number): number {
  const { edges } = place;
  if (edges.length === 0) return Math.sqrt(x * x + y * y);
  if (place.filled && isInside(edges, x, y)) return 0;
  let least = Infinity;
  for (let i = 0; i < edges.length; i += 4) {
    const d = squaredDistanceToSegment(x, y, edges[i] as number, edges[i + 1] as number, edges[i + 2] as number, edges[i + 3] as number);
    if (d < least) least = d;
  }
  return Math.sqrt(least);
}

/** Even-odd rule over all rings, so holes are outside. */
function isInside(edges: Float64Array, x: number, y: number): boolean {
  let inside = false;
  for (let i = 0; i < edges.length; i += 4) {
    const y1 = edges[i + 1] as number;
    const y2 = edges[i + 3] as number;
    if (y1 > y === y2 > y) continue;
    const x1 = edges[i] as number;
    const x2 = edges[i + 2] as number;
    if (x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
  }
  return inside;
}

export function squaredDistanceToSegment(px: number, py: number, x1: number, y1: number, x2: number, y2: number): number {
  const along = alongSegment(px, py, x1, y1, x2, y2);
  const dx = x1 + along * (x2 - x1) - px;
  const dy = y1 + along * (y2 - y1) - py;
  return dx * dx + dy * dy;
}

/** Where on the segment, 0..1, a point is nearest. */
export function alongSegment(px: number, py: number, x1: number, y1: number, x2: number, y2: number): number {
  const dx = x2 - x1;
  const dy = y2 - y1;
  const length = dx * dx + dy * dy;
  if (length === 0) return 0;
  const along = ((px - x1) * dx + (py - y1) * dy) / length;
  return along < 0 ? 0 : along > 1 ? 1 : along;
}

/** Does a ring cross itself? Corners in degrees, taken the short way round the globe. */
export function crossesItself(ring: readonly [number, number][]): boolean {
  const n = ring.length - 1;
  if (n < 3) return false;
  const anchor = ring[0]?.[0] ?? 0;
  const corners = ring.map(([lon, lat]): [number, number] => [longitudeDifference(lon, anchor), lat]);
  return sidesCross(corners, corners, (i, j) => j < i + 2 || (i === 0 && j === n - 1));
}

/** Does a side of one path cross a side of another? @param passOver pairs of sides that are not asked about */
export function sidesCross(
  a: readonly [number, number][],
  b: readonly [number, number][],
  passOver: (i: number, j: number) => boolean = () => false,
): boolean {
  if (a.length < 2 || b.length < 2) return false;
  const index = new Flatbush(b.length - 1);
  for (let j = 0; j + 1 < b.length; j++) index.add(...boxOf(b[j] as [number, number], b[j + 1] as [number, number]));
  index.finish();
  for (let i = 0; i + 1 < a.length; i++) {
    const near = index.search(...boxOf(a[i] as [number, number], a[i + 1] as [number, number]));
    if (near.some((j) => !passOver(i, j) && properlyCross(a[i], a[i + 1], b[j], b[j + 1]))) return true;
  }
  return false;
}

function boxOf([x1, y1]: [number, number], [x2, y2]: [number, number]): [number, number, number, number] {
  return [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)];
}

/** Is a position within a ring, by the even-odd rule? On its edge it may be either. */
export function isWithinRing(ring: readonly [number, number][], x: number, y: number): boolean {
  let inside = false;
  for (let i = 0; i + 1 < ring.length; i++) {
    const [x1, y1] = ring[i] as [number, number];
    const [x2, y2] = ring[i + 1] as [number, number];
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
  }
  return inside;
}

type Corner = [number, number] | undefined;

function properlyCross(a: Corner, b: Corner, c: Corner, d: Corner): boolean {
  if (!a || !b || !c || !d) return false;
  return turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0;
}

function turn(a: [number, number], b: [number, number], c: [number, number]): number {
  return Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
}
