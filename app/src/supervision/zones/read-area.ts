import { buffer } from '@turf/buffer';
import type { Area } from '@waymark/presence';
import { InvalidError } from '../../platform/action.ts';

/** A circle by its centre and radius, as a form gives them. */
export function readCircle(lat: string, lon: string, radius: string): Area {
  const number = (text: string, field: string, what: string) => {
    const value = Number(text.trim());
    if (text.trim() === '' || !Number.isFinite(value))
      throw new InvalidError(`Enter ${what} as a number; you entered "${text.slice(0, 40)}".`, field);
    return value;
  };
  return {
    kind: 'circle',
    lat: number(lat, 'lat', 'the latitude'),
    lon: number(lon, 'lon', 'the longitude'),
    radiusM: number(radius, 'radiusM', 'the radius in metres'),
  };
}

/** A shape of a file, and the name that it bears there. */
export interface NamedArea {
  name: string | null;
  area: Area;
}

/** Most shapes of one file. */
const shapesAtMost = 500;

/** Most points of a way. */
const pointsAtMost = 2000;

/**
 * Polygons from GeoJSON text: a Polygon, a Feature of one, or a collection of them. A shape of several parts is one area. A way (a
 * LineString) is all that is within so many metres of it.
 */
export function readGeoJsonAreas(text: string, besideM = 50): NamedArea[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InvalidError('This is not JSON. Paste a GeoJSON polygon.', 'area');
  }
  const found = featuresOf(value).flatMap(({ name, geometry }, i) => {
    const where = `Shape ${i + 1}`;
    if (geometry?.type === 'Polygon') return [{ name, area: polygonOf(geometry.coordinates, where) }];
    // Several parts of one shape are one area: who is in any of them is in it.
    if (geometry?.type === 'MultiPolygon' && Array.isArray(geometry.coordinates))
      return [{ name, area: joinedAreas(geometry.coordinates.map((part) => polygonOf(part, where))) }];
    if (geometry?.type === 'LineString') return [{ name, area: wayOf(geometry.coordinates, besideM, where) }];
    throw new InvalidError(`${where} of the GeoJSON is no polygon and no way. Leave only those in it.`, 'area');
  });
  if (found.length === 0) throw new InvalidError('The GeoJSON holds no polygon. Paste a Polygon, or a Feature with one.', 'area');
  if (found.length > shapesAtMost)
    throw new InvalidError(`The GeoJSON holds ${found.length} shapes; at most ${shapesAtMost} go in at once. Split it.`, 'area');
  return found;
}

/** The one polygon of GeoJSON text. */
export function readGeoJsonArea(text: string): Area {
  const [first, ...more] = readGeoJsonAreas(text);
  if (more.length > 0) throw new InvalidError(`The GeoJSON holds ${more.length + 1} shapes. Here it can be one alone.`, 'area');
  return (first as NamedArea).area;
}

/** One area of several. @throws InvalidError for a circle among them */
export function joinedAreas(areas: readonly Area[]): Area {
  if (areas.length === 1) return areas[0] as Area;
  const polygons = areas.flatMap((area) => (area.kind === 'polygon' ? [area.rings] : area.kind === 'polygons' ? area.polygons : []));
  return { kind: 'polygons', polygons };
}

/** All that is within so many metres of a way. */
function wayOf(coordinates: unknown, besideM: number, where: string): Area {
  if (!(besideM >= 20 && besideM <= 1000))
    throw new InvalidError('Enter how many metres beside the way still count, from 20 to 1,000.', 'radiusM');
  const points = Array.isArray(coordinates) ? coordinates : [];
  const isPoint = (point: unknown): point is [number, number] =>
    Array.isArray(point) && Math.abs(point[0]) <= 180 && Math.abs(point[1]) < 85;
  if (points.length < 2 || points.length > pointsAtMost || !points.every(isPoint))
    throw new InvalidError(`${where} of the GeoJSON is no way of 2 to ${pointsAtMost} points.`, 'area');
  const line = { type: 'LineString' as const, coordinates: points.map(([lon, lat]) => [lon, lat]) };
  const around = buffer(line, besideM, { units: 'meters' })?.geometry;
  if (around?.type === 'Polygon') return polygonOf(around.coordinates, where);
  if (around?.type === 'MultiPolygon') return joinedAreas(around.coordinates.map((part) => polygonOf(part, where)));
  throw new InvalidError(`${where} of the GeoJSON is a way without length.`, 'area');
}

function polygonOf(coordinates: unknown, where: string): Area {
  if (!Array.isArray(coordinates)) throw new InvalidError(`${where} of the GeoJSON has no coordinates.`, 'area');
  const rings = coordinates.map((ring) => {
    if (!Array.isArray(ring)) throw new InvalidError(`${where} has a ring that is no list of points.`, 'area');
    return ring.map((point): [number, number] => {
      const [lon, lat] = Array.isArray(point) ? point : [];
      return [typeof lon === 'number' ? lon : Number.NaN, typeof lat === 'number' ? lat : Number.NaN];
    });
  });
  return { kind: 'polygon', rings };
}

interface Shape {
  name: string | null;
  geometry: { type?: unknown; coordinates?: unknown } | null;
}

function featuresOf(value: unknown): Shape[] {
  if (value === null || typeof value !== 'object') return [];
  const { type, geometry, features, properties } = value as {
    type?: unknown;
    geometry?: unknown;
    features?: unknown;
    properties?: unknown;
  };
  if (type === 'FeatureCollection') return Array.isArray(features) ? features.flatMap(featuresOf) : [];
  if (type !== 'Feature') return [{ name: null, geometry: value }];
  const { name } = (properties ?? {}) as { name?: unknown };
  return [{ name: typeof name === 'string' ? name : null, geometry: geometry as Shape['geometry'] }];
}
