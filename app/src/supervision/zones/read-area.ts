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

/** A polygon from GeoJSON text: a Polygon, a Feature of one, or a collection with one of them. */
export function readGeoJsonArea(text: string): Area {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InvalidError('This is not JSON. Paste a GeoJSON polygon.', 'area');
  }
  const geometry = geometryOf(value);
  if (geometry?.type === 'MultiPolygon') throw new InvalidError('The shape has several parts. Add each part as a zone of its own.', 'area');
  if (geometry?.type !== 'Polygon' || !Array.isArray(geometry.coordinates)) {
    throw new InvalidError('The GeoJSON holds no polygon. Paste a Polygon, or a Feature with one.', 'area');
  }
  const rings = geometry.coordinates.map((ring) => {
    if (!Array.isArray(ring)) throw new InvalidError('The polygon has a ring that is no list of points.', 'area');
    return ring.map((point): [number, number] => {
      const [lon, lat] = Array.isArray(point) ? point : [];
      return [typeof lon === 'number' ? lon : Number.NaN, typeof lat === 'number' ? lat : Number.NaN];
    });
  });
  return { kind: 'polygon', rings };
}

function geometryOf(value: unknown): { type?: unknown; coordinates?: unknown } | null {
  if (value === null || typeof value !== 'object') return null;
  const { type, geometry, features } = value as { type?: unknown; geometry?: unknown; features?: unknown };
  if (type === 'Feature') return geometryOf(geometry);
  if (type !== 'FeatureCollection' || !Array.isArray(features)) return value;
  if (features.length !== 1) throw new InvalidError(`The GeoJSON holds ${features.length} shapes. Add each as a zone of its own.`, 'area');
  return geometryOf(features[0]);
}
