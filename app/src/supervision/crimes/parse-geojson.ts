import type { Place } from '@waymark/presence';
import type { ImportProblem } from '../schema/tables.ts';
import { readMetres, readProperties } from './parse-headed-csv.ts';
import { type CrimeFileOptions, type ParsedCrime, type ParsedCrimes, problem } from './parsed-crime.ts';

/** More corners than this make every distance slow and no place clearer. */
const cornersAtMost = 5000;

/** A GeoJSON FeatureCollection of crimes: points, lines or polygons with the properties of the headed CSV. */
export function parseCrimesGeoJson(text: string, options: CrimeFileOptions = {}): ParsedCrimes {
  const problems: ImportProblem[] = [];
  let features: unknown[];
  try {
    const document = JSON.parse(text.replace(/^\uFEFF/, '')) as { type?: string; features?: unknown[] };
    if (document?.type === 'Feature') features = [document];
    else if (document?.type === 'FeatureCollection' && Array.isArray(document.features)) features = document.features;
    else throw new Error('It is not a FeatureCollection.');
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      format: 'geojson',
      rows: 0,
      crimes: [],
      problems: [problem(0, 'file', message, 'INVALID_ATTACHMENT', 'The file cannot be read as GeoJSON.', 'Send a FeatureCollection.')],
    };
  }
  const crimes: ParsedCrime[] = [];
  const state = { zoned: 0 };
  features.forEach((feature, i) => {
    const { geometry, properties } = (feature ?? {}) as { geometry?: unknown; properties?: Record<string, unknown> };
    const record = properties !== null && typeof properties === 'object' ? properties : {};
    const uncertaintyM = readMetres(record.uncertainty_m, i + 1, problems);
    const place = readGeometry(geometry, uncertaintyM ?? 0, i + 1, problems);
    const crime = readProperties(record, uncertaintyM === null ? null : place, i + 1, problems, options, state);
    if (crime) crimes.push(crime);
  });
  return { format: 'geojson', rows: features.length, crimes, problems };
}

function readGeometry(geometry: unknown, uncertaintyM: number, row: number, problems: ImportProblem[]): Place | null {
  const { type, coordinates } = (geometry ?? {}) as { type?: string; coordinates?: unknown };
  const refuse = (code: string, message: string, action: string) => {
    problems.push(problem(row, 'geometry', JSON.stringify(geometry ?? null), code, message, action));
    return null;
  };
  if (!type) return refuse('MISSING_LOCATION_DATA', 'The crime has no place.', 'Give a Point, LineString or Polygon.');
  if (type === 'Point') {
    const point = position(coordinates);
    return point
      ? { kind: 'point', lon: point[0], lat: point[1], uncertaintyM }
      : refuse('INVALID_LOCATION_DATA_RANGE', 'The point is no position.', 'Give [longitude, latitude] within ±180 and ±90.');
  }
  if (type === 'LineString') {
    const points = positions(coordinates);
    if (!points || points.length < 2)
      return refuse(
        'INVALID_LOCATION_DATA_RANGE',
        'The line has fewer than two positions, or impossible ones.',
        'Give at least two positions.',
      );
    if (points.length > cornersAtMost)
      return refuse('INVALID_LOCATION_DATA_RANGE', `The line has over ${cornersAtMost} positions.`, 'Simplify the line.');
    return { kind: 'line', points, uncertaintyM };
  }
  if (type === 'Polygon' && Array.isArray(coordinates)) {
    const rings = coordinates.map(positions);
    const good = rings.filter((ring): ring is [number, number][] => ring !== null && ring.length >= 4);
    if (good.length === 0 || good.length !== rings.length)
      return refuse(
        'INVALID_LOCATION_DATA_RANGE',
        'The polygon has a ring that is not closed or has impossible positions.',
        'Give rings of at least four positions, the last equal to the first.',
      );
    if (good.some(([first, ...rest]) => first?.[0] !== rest.at(-1)?.[0] || first?.[1] !== rest.at(-1)?.[1])) {
      return refuse('INVALID_LOCATION_DATA_RANGE', 'A ring of the polygon is not closed.', 'Repeat the first position at the end.');
    }
    if (good.flat().length > cornersAtMost)
      return refuse('INVALID_LOCATION_DATA_RANGE', `The polygon has over ${cornersAtMost} corners.`, 'Simplify the polygon.');
    return { kind: 'polygon', rings: good, uncertaintyM };
  }
  return refuse('INVALID_LOCATION_DATA_RANGE', `Places of the kind ${String(type)} are not taken.`, 'Give a Point, LineString or Polygon.');
}

function position(value: unknown): [number, number] | null {
  if (!Array.isArray(value)) return null;
  const [lon, lat] = value as unknown[];
  if (typeof lon !== 'number' || typeof lat !== 'number' || !(Math.abs(lon) <= 180) || !(Math.abs(lat) <= 90)) return null;
  return [lon, lat];
}

function positions(value: unknown): [number, number][] | null {
  if (!Array.isArray(value)) return null;
  const list = value.map(position);
  return list.every((point) => point !== null) ? (list as [number, number][]) : null;
}
