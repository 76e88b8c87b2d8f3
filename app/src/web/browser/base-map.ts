import type { LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl';
import * as maplibre from 'maplibre-gl';

/** What every map is drawn on: the ground, parks, water and streets that the server holds. */
const baseSources: Record<string, SourceSpecification> = { streets: { type: 'geojson', data: '/basemap/streets.geojson' } };

const baseLayers: LayerSpecification[] = [
  { id: 'ground', type: 'background', paint: { 'background-color': '#f1f3ee' } },
  { id: 'parks', type: 'fill', source: 'streets', filter: ['==', 'kind', 'park'], paint: { 'fill-color': '#d7e6cf' } },
  {
    id: 'river',
    type: 'line',
    source: 'streets',
    filter: ['==', 'kind', 'river'],
    paint: { 'line-color': '#b5d3e3', 'line-width': ['interpolate', ['exponential', 2], ['zoom'], 12, 3, 17, 60] },
  },
  {
    id: 'street-edges',
    type: 'line',
    source: 'streets',
    filter: ['in', 'kind', 'street', 'main'],
    layout: { 'line-cap': 'round' },
    paint: { 'line-color': '#d5d8d2', 'line-width': ['interpolate', ['exponential', 1.8], ['zoom'], 12, 1.5, 17, 15] },
  },
  {
    id: 'street-fills',
    type: 'line',
    source: 'streets',
    filter: ['in', 'kind', 'street', 'main'],
    layout: { 'line-cap': 'round' },
    paint: {
      'line-color': ['case', ['==', ['get', 'kind'], 'main'], '#fff6dc', '#ffffff'],
      'line-width': ['interpolate', ['exponential', 1.8], ['zoom'], 12, 0.8, 17, 12],
    },
  },
];

/** Zones of a source called `zones`: places to keep out of by a broken line, places to be in by a full one. */
export const zoneLayers: LayerSpecification[] = [
  {
    id: 'zones',
    type: 'fill',
    source: 'zones',
    paint: { 'fill-color': ['match', ['get', 'kind'], 'exclusion', '#b4460a', '#2f6f4f'], 'fill-opacity': 0.16 },
  },
  {
    id: 'zone-lines',
    type: 'line',
    source: 'zones',
    filter: ['!=', 'kind', 'exclusion'],
    paint: { 'line-color': '#2f6f4f', 'line-width': 2 },
  },
  {
    id: 'zone-lines-out',
    type: 'line',
    source: 'zones',
    filter: ['==', 'kind', 'exclusion'],
    paint: { 'line-color': '#b4460a', 'line-width': 2.5, 'line-dasharray': [2, 1.5] },
  },
];

/** Longitude and latitude, degrees. */
export type Place = [lon: number, lat: number];

/** A circle of so many metres as a polygon. */
export function circle([lon, lat]: Place, metres: number, properties: object): GeoJSON.Feature<GeoJSON.Polygon> {
  const ring: Place[] = [];
  const perLat = 111_195;
  const perLon = perLat * Math.cos((lat * Math.PI) / 180);
  for (let i = 0; i <= 48; i++) {
    const angle = (i / 48) * 2 * Math.PI;
    ring.push([lon + (metres * Math.cos(angle)) / perLon, lat + (metres * Math.sin(angle)) / perLat]);
  }
  return { type: 'Feature', properties: { ...properties }, geometry: { type: 'Polygon', coordinates: [ring] } };
}

export const collection = (features: GeoJSON.Feature[]): GeoJSON.FeatureCollection => ({ type: 'FeatureCollection', features });

/** Makes room for every corner of a shape; what is no shape takes none. */
export function extendBy(bounds: maplibre.LngLatBounds, geometry: GeoJSON.Geometry | null | undefined): void {
  if (!geometry) return;
  if (geometry.type === 'GeometryCollection') {
    for (const part of geometry.geometries) extendBy(bounds, part);
    return;
  }
  const extend = (c: unknown): void => {
    if (!Array.isArray(c)) return;
    if (typeof c[0] === 'number') bounds.extend(c as Place);
    else c.forEach(extend);
  };
  extend(geometry.coordinates);
}

interface MapOptions extends Omit<maplibre.MapOptions, 'style' | 'container'> {
  sources: StyleSpecification['sources'];
  layers: LayerSpecification[];
}

/** A map on the ground that the server holds, with its buttons and its scale. `data-ready` on the box says when it is drawn. */
export function mapIn(box: HTMLElement, { sources, layers, ...options }: MapOptions): maplibre.Map {
  const map = new maplibre.Map({
    ...options,
    container: box,
    attributionControl: false,
    cooperativeGestures: true,
    style: { version: 8, sources: { ...baseSources, ...sources }, layers: [...baseLayers, ...layers] },
  });
  map.addControl(new maplibre.NavigationControl({ showCompass: false }), 'top-right');
  map.addControl(new maplibre.ScaleControl({ unit: 'metric' }), 'bottom-left');
  return map;
}

/** Draws other features in a source of the map. */
export function redraw(map: maplibre.Map, source: string, features: GeoJSON.Feature[]): void {
  map.getSource<maplibre.GeoJSONSource>(source)?.setData(collection(features));
}
