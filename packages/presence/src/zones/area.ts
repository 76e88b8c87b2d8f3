import Flatbush from 'flatbush';
import { alongSegment, crossesItself, isWithinRing, layPlace, type Place, planeAround, sidesCross } from '../ground/place.ts';
import { longitudeDifference, type Plane, planeAt, toPlane } from '../ground/plane.ts';

/** The first ring is the outside, others are holes. WGS84 longitude, latitude in degrees. */
export type Rings = [number, number][][];

/** Ground: a circle, a polygon, or several polygons that are one area, inside which is inside any of them. */
export type Area =
  | { kind: 'circle'; lon: number; lat: number; radiusM: number }
  | { kind: 'polygon'; rings: Rings }
  | { kind: 'polygons'; polygons: Rings[] };

/** An area laid on a plane of its own, ready to be measured against. */
export interface LaidArea {
  plane: Plane;
  /** 0 for a polygon. */
  radiusM: number;
  /** x1, y1, x2, y2 of each side of a polygon, metres from the plane's origin. */
  edges: Float64Array;
  /** Box around the area, metres from the plane's origin. */
  west: number;
  south: number;
  east: number;
  north: number;
  /** Sides by place, where there are so many that asking all of them would be slow. */
  sides: Flatbush | null;
}

/** Up to this many sides, asking each is as quick as an index. */
const sidesWithoutIndex = 48;

export function layArea(area: Area): LaidArea {
  if (area.kind === 'circle') {
    const { radiusM } = area;
    const box = { west: -radiusM, south: -radiusM, east: radiusM, north: radiusM };
    return { plane: planeAt(area.lon, area.lat), radiusM, edges: new Float64Array(0), ...box, sides: null };
  }
  // Polygons of one area lie apart, so the even-odd rule over all their rings holds for them together.
  const rings = area.kind === 'polygon' ? area.rings : area.polygons.flat();
  const plane = planeAround(rings);
  const edges: number[] = [];
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of rings) {
    for (let i = 0; i + 1 < ring.length; i++) {
      const [x1, y1] = toPlane(plane, ...(ring[i] as [number, number]));
      const [x2, y2] = toPlane(plane, ...(ring[i + 1] as [number, number]));
      edges.push(x1, y1, x2, y2);
      west = Math.min(west, x1, x2);
      east = Math.max(east, x1, x2);
      south = Math.min(south, y1, y2);
      north = Math.max(north, y1, y2);
    }
  }
  return { plane, radiusM: 0, edges: Float64Array.from(edges), west, south, east, north, sides: indexSides(edges) };
}

function indexSides(edges: number[]): Flatbush | null {
  const count = edges.length / 4;
  if (count <= sidesWithoutIndex) return null;
  const index = new Flatbush(count);
  for (let i = 0; i < edges.length; i += 4) {
    const [x1, y1, x2, y2] = edges.slice(i, i + 4) as [number, number, number, number];
    index.add(Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2));
  }
  index.finish();
  return index;
}

/**
 * How deep a position lies in an area, in metres: its distance to the nearest edge, less than 0 outside.
 *
 * @param farM outside, a position at least this far off may get any depth below −farM: that is cheaper
 */
export function depthM(area: LaidArea, lon: number, lat: number, farM = Infinity): number {
  const { plane } = area;
  const x = longitudeDifference(lon, plane.lon) * plane.perLon;
  const y = (lat - plane.lat) * plane.perLat;
  const dx = x < area.west ? area.west - x : x > area.east ? x - area.east : 0;
  const dy = y < area.south ? area.south - y : y > area.north ? y - area.north : 0;
  if (dx > farM || dy > farM) return -Math.max(dx, dy);
  if (area.radiusM > 0) return area.radiusM - Math.sqrt(x * x + y * y);
  return area.sides ? indexedDepth(area, area.sides, x, y) : plainDepth(area.edges, x, y);
}

/** Every side in turn; also the oracle of the indexed way. */
export function plainDepth(edges: Float64Array, x: number, y: number): number {
  let least = Infinity;
  let inside = false;
  for (let i = 0; i < edges.length; i += 4) {
    least = Math.min(least, squaredDistance(edges, i, x, y));
    if (crossesRay(edges, i, x, y)) inside = !inside;
  }
  return inside ? Math.sqrt(least) : -Math.sqrt(least);
}

function indexedDepth({ edges, east }: LaidArea, sides: Flatbush, x: number, y: number): number {
  // Sides that a ray to the east may cross, for the even–odd rule.
  let inside = false;
  for (const side of sides.search(x, y, Math.max(x, east), y)) if (crossesRay(edges, 4 * side, x, y)) inside = !inside;
  // The side whose box is nearest need not be the nearest side; its distance bounds where the nearest can be.
  const [first] = sides.neighbors(x, y, 1);
  let least = squaredDistance(edges, 4 * (first as number), x, y);
  const reach = Math.sqrt(least);
  for (const side of sides.search(x - reach, y - reach, x + reach, y + reach))
    least = Math.min(least, squaredDistance(edges, 4 * side, x, y));
  return inside ? Math.sqrt(least) : -Math.sqrt(least);
}

function squaredDistance(edges: Float64Array, i: number, x: number, y: number): number {
  const x1 = edges[i] as number;
  const y1 = edges[i + 1] as number;
  const dx = (edges[i + 2] as number) - x1;
  const dy = (edges[i + 3] as number) - y1;
  const along = alongSegment(x, y, x1, y1, x1 + dx, y1 + dy);
  const ox = x1 + along * dx - x;
  const oy = y1 + along * dy - y;
  return ox * ox + oy * oy;
}

/** Does a ray from the position to the east cross a side? Crossings counted even or odd tell outside from inside, holes too. */
function crossesRay(edges: Float64Array, i: number, x: number, y: number): boolean {
  const y1 = edges[i + 1] as number;
  const y2 = edges[i + 3] as number;
  if (y1 > y === y2 > y) return false;
  const x1 = edges[i] as number;
  return x < x1 + ((y - y1) / (y2 - y1)) * ((edges[i + 2] as number) - x1);
}

/** Points of a polygon beyond which it is to be simplified before it is drawn as a zone. */
export const pointsAtMost = 5000;
/** On a flat plane, the edge of a larger circle would be off by more than receivers are. */
const radiusAtMostM = 10_000;
const metresAcrossAtMost = 200_000;
const squareMetresAtLeast = 100;
/** Most parts of one area. */
const partsAtMost = 50;
const tooSmall = 'The shape covers less';
/** A place less certain than this says nothing of anybody. */
export const uncertaintyAtMostM = 10_000;

/** What is wrong with an area, in words that say where and what to do; empty when it can be used. */
export function faultsOf(area: Area): string[] {
  if (area.kind === 'circle') {
    const faults = positionFaults(area.lon, area.lat, 'The centre');
    if (!(area.radiusM >= 5 && area.radiusM <= radiusAtMostM)) {
      faults.push(`The radius is ${area.radiusM} m; give one from 5 m to ${radiusAtMostM / 1000} km`);
    }
    return faults;
  }
  if (area.kind === 'polygons') return partFaults(area.polygons);
  const points = area.rings.reduce((sum, ring) => sum + ring.length, 0);
  if (points > pointsAtMost) {
    return [`The shape has ${points.toLocaleString('en-GB')} points; simplify it to at most ${pointsAtMost.toLocaleString('en-GB')}`];
  }
  const faults: string[] = [];
  area.rings.forEach((ring, r) => {
    const name = r === 0 ? 'The outline' : `Hole ${r}`;
    ring.forEach(([lon, lat], i) => {
      faults.push(...positionFaults(lon, lat, `Point ${i + 1} of ${name.toLowerCase()}`));
    });
    const [first, last] = [ring[0], ring[ring.length - 1]];
    if (ring.length < 4) faults.push(`${name} has ${ring.length} points; a closed shape needs at least 4, the last like the first`);
    else if (first?.[0] !== last?.[0] || first?.[1] !== last?.[1])
      faults.push(`${name} is not closed: make its last point the same as its first`);
    else if (crossesItself(ring)) faults.push(`${name} crosses itself; draw it so that its sides do not cross`);
  });
  if (area.rings.length === 0) faults.push('The shape has no outline');
  if (faults.length === 0) faults.push(...holeFaults(area.rings));
  if (faults.length > 0) return faults.slice(0, 5);
  const laid = layArea(area);
  if (squareMetres(laid.edges) < squareMetresAtLeast)
    faults.push(`${tooSmall} than ${squareMetresAtLeast} m²; draw it larger, or use a circle`);
  if (Math.max(laid.east - laid.west, laid.north - laid.south) > metresAcrossAtMost) {
    faults.push(`The shape is more than ${metresAcrossAtMost / 1000} km across; split it, or check that longitude comes before latitude`);
  }
  return faults;
}

/** Each part by itself, and that they lie apart. */
function partFaults(polygons: readonly Rings[]): string[] {
  if (polygons.length < 2 || polygons.length > partsAtMost) return [`The area has ${polygons.length} parts; give 2 to ${partsAtMost}`];
  const points = polygons.flat().reduce((sum, ring) => sum + ring.length, 0);
  if (points > pointsAtMost)
    return [
      `The parts have ${points.toLocaleString('en-GB')} points together; simplify them to at most ${pointsAtMost.toLocaleString('en-GB')}`,
    ];
  const faults = polygons.flatMap((rings, i) => faultsOf({ kind: 'polygon', rings }).map((fault) => `Part ${i + 1}: ${fault}`));
  if (faults.length > 0) return faults.slice(0, 5);
  const outlines = polygons.map(([outline]) => outline as [number, number][]);
  outlines.forEach((outline, i) => {
    for (let j = 0; j < i; j++) {
      const other = outlines[j] as [number, number][];
      const isWithin = isWithinRing(other, ...middleOf(outline)) || isWithinRing(outline, ...middleOf(other));
      if (isWithin || sidesCross(outline, other)) faults.push(`Part ${i + 1} overlaps part ${j + 1}; make one of the two`);
    }
  });
  return faults.slice(0, 5);
}

/**
 * Holes must lie within the outline and apart from one another: by the even-odd rule a hole elsewhere would be ground of its own.
 * Corners may touch.
 */
function holeFaults(rings: readonly [number, number][][]): string[] {
  const anchor = rings[0]?.[0]?.[0] ?? 0;
  const [outline, ...holes] = rings.map((ring) => ring.map(([lon, lat]): [number, number] => [longitudeDifference(lon, anchor), lat]));
  const faults: string[] = [];
  holes.forEach((hole, h) => {
    const name = `Hole ${h + 1}`;
    const [x, y] = middleOf(hole);
    // Without crossing sides, what is smaller and has a point within lies within.
    const isSmaller = ringArea(hole) < ringArea(outline as [number, number][]);
    if (!isSmaller || sidesCross(hole, outline as [number, number][]) || !isWithinRing(outline as [number, number][], x, y))
      faults.push(`${name} does not lie within the outline; take it out, or send it as a shape of its own`);
    else if (holes.some((other, o) => o !== h && (sidesCross(hole, other) || isWithinRing(other, x, y))))
      faults.push(`${name} overlaps another hole; make one hole of the two`);
  });
  return faults;
}

/** Area of a ring by the shoelace formula, in square units of its coordinates. */
function ringArea(ring: readonly [number, number][]): number {
  let twice = 0;
  for (let i = 0; i + 1 < ring.length; i++) {
    const [[x1, y1], [x2, y2]] = [ring[i] as [number, number], ring[i + 1] as [number, number]];
    twice += x1 * y2 - x2 * y1;
  }
  return Math.abs(twice) / 2;
}

/** A position within a ring: the middle of the widest stretch that a line across it lies inside. */
function middleOf(ring: readonly [number, number][]): [number, number] {
  const ys = ring.map(([, y]) => y);
  const y = (Math.min(...ys) + Math.max(...ys)) / 2 + Number.EPSILON;
  const crossings = ring
    .slice(0, -1)
    .flatMap(([x1, y1], i) => {
      const [x2, y2] = ring[i + 1] as [number, number];
      return y1 > y !== y2 > y ? [x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)] : [];
    })
    .sort((a, b) => a - b);
  let best: [number, number] = [crossings[0] ?? ring[0]?.[0] ?? 0, y];
  let widest = -1;
  for (let i = 0; i + 1 < crossings.length; i += 2) {
    const [from, to] = [crossings[i] as number, crossings[i + 1] as number];
    if (to - from > widest) [widest, best] = [to - from, [(from + to) / 2, y]];
  }
  return best;
}

/** What is wrong with the place of a crime, in words that say what to do; empty when it can be used. */
export function placeFaults(place: Place): string[] {
  const faults: string[] = [];
  if (!(place.uncertaintyM >= 0 && place.uncertaintyM <= uncertaintyAtMostM))
    faults.push(`The uncertainty is ${place.uncertaintyM} m; give one from 0 to ${uncertaintyAtMostM.toLocaleString('en-GB')} m`);
  if (place.kind === 'point') return [...faults, ...positionFaults(place.lon, place.lat, 'The place')];
  const paths = place.kind === 'line' ? [place.points] : place.rings;
  if (place.kind === 'polygon')
    faults.push(...faultsOf({ kind: 'polygon', rings: place.rings }).filter((fault) => !fault.startsWith(tooSmall)));
  else place.points.forEach(([lon, lat], i) => void faults.push(...positionFaults(lon, lat, `Point ${i + 1} of the line`)));
  if (faults.length > 0) return faults.slice(0, 5);
  if (2 * layPlace({ kind: 'line', points: paths.flat(), uncertaintyM: 0 }).extentM > metresAcrossAtMost)
    faults.push(`The place is more than ${metresAcrossAtMost / 1000} km across; split it, or check that longitude comes before latitude`);
  return faults;
}

function positionFaults(lon: number, lat: number, name: string): string[] {
  if (Number.isFinite(lon) && Number.isFinite(lat) && Math.abs(lon) <= 180 && Math.abs(lat) <= 90) return [];
  return [`${name} is at longitude ${lon}, latitude ${lat}, which is nowhere; longitude goes from -180 to 180, latitude from -90 to 90`];
}

/** Area by the shoelace formula; holes run the other way or are taken off by the even–odd rule's reader, so this is an upper bound. */
function squareMetres(edges: Float64Array): number {
  let twice = 0;
  for (let i = 0; i < edges.length; i += 4) {
    twice += (edges[i] as number) * (edges[i + 3] as number) - (edges[i + 2] as number) * (edges[i + 1] as number);
  }
  return Math.abs(twice) / 2;
}
