import { LIGHT, layers as tileLayers } from '@protomaps/basemaps';
import type { LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl';
import * as maplibre from 'maplibre-gl';
import { Protocol } from 'pmtiles';
import { metresPerDegree } from './metres-per-degree.ts';
import { withoutPictures } from './without-pictures.ts';

/** What a map is drawn on, which the page says: the operator's own tiles, the fictional town, or the outlines of lands. */
const ground = document.documentElement.dataset.ground;

const townSources: Record<string, SourceSpecification> = { streets: { type: 'geojson', data: '/basemap/streets.geojson' } };

const townLayers: LayerSpecification[] = [
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
  {
    id: 'street-names',
    type: 'symbol',
    source: 'streets',
    minzoom: 14.5,
    filter: ['in', 'kind', 'street', 'main'],
    layout: {
      'symbol-placement': 'line',
      'text-field': ['get', 'name'],
      'text-font': ['Arial'],
      'text-size': 11,
      'text-padding': 12,
    },
    paint: { 'text-color': '#5b6670', 'text-halo-color': '#ffffff', 'text-halo-width': 1.5 },
  },
];

const worldSources: Record<string, SourceSpecification> = {
  world: { type: 'geojson', data: '/basemap/world.geojson', attribution: 'Natural Earth' },
};

const worldLayers: LayerSpecification[] = [
  { id: 'sea', type: 'background', paint: { 'background-color': '#cfe0ea' } },
  { id: 'land', type: 'fill', source: 'world', filter: ['==', ['get', 'kind'], 'land'], paint: { 'fill-color': '#f1f3ee' } },
  {
    id: 'borders',
    type: 'line',
    source: 'world',
    filter: ['==', ['get', 'kind'], 'border'],
    paint: { 'line-color': '#b9c2bd', 'line-width': 1, 'line-dasharray': [3, 2] },
  },
];

const tileSource = (attribution: string): SourceSpecification => ({
  type: 'vector',
  url: `pmtiles://${location.origin}/basemap/tiles.pmtiles`,
  attribution,
});

/** Protomaps' own style, with letters of this computer's fonts and without pictures: nothing is asked of anybody else. */
function drawnTiles(): LayerSpecification[] {
  return tileLayers('tiles', LIGHT, { lang: 'en' })
    .map((layer) => withoutPictures(layer as LayerSpecification))
    .filter((layer) => layer !== null);
}

function drawnOn(): { sources: Record<string, SourceSpecification>; layers: LayerSpecification[] } {
  if (ground === 'town') return { sources: townSources, layers: townLayers };
  if (ground !== 'tiles') return { sources: worldSources, layers: worldLayers };
  // Beyond the edge of the file there is the coarse world, not blank grey.
  const tiles = drawnTiles().filter(({ type }) => type !== 'background');
  return { sources: { ...worldSources, tiles: tileSource('© OpenStreetMap') }, layers: [...worldLayers, ...tiles] };
}

/** Draws the operator's tiles by the operator's style, under what the map shows of its own. */
async function drawByStyle(map: maplibre.Map, own: LayerSpecification[]): Promise<void> {
  const answer = await fetch('/basemap/style.json');
  if (!answer.ok) return;
  const { layers, attribution } = (await answer.json()) as { layers: LayerSpecification[]; attribution: string };
  map.addSource('tiles', tileSource(attribution));
  for (const layer of layers) {
    const drawable = withoutPictures(layer);
    // Names may be those of layers that are there already.
    if (drawable) map.addLayer({ ...drawable, id: `tiles-${layer.id}` }, own[0]?.id);
  }
}

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
  const { perLon, perLat } = metresPerDegree(lat);
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

/** Where a map of this window was last, for one that has nothing of its own to show yet. */
const lastView = 'waymark-map-view';

/** Degrees. */
type Box = [west: number, south: number, east: number, north: number];

/** Where a map begins that has nothing to show yet: where the last one was, in the fictional town, or above all that the tiles cover. */
export function firstView(): { center: Place; zoom: number } {
  if (ground === 'town') return { center: [-1.83, 53.09], zoom: 13 };
  const kept = sessionStorage.getItem(lastView);
  if (kept) return JSON.parse(kept) as { center: Place; zoom: number };
  const [west, south, east, north] = (document.documentElement.dataset.covers ?? '-8,50,3,58.4').split(',').map(Number) as Box;
  return { center: [(west + east) / 2, (south + north) / 2], zoom: Math.log2(720 / (east - west)) };
}

/** A map on the ground that the server holds, with its buttons and its scale. `data-ready` on the box says when it is drawn. */
export function mapIn(box: HTMLElement, { sources, layers, ...options }: MapOptions): maplibre.Map {
  const base = drawnOn();
  if (ground === 'tiles' || ground === 'styled tiles') maplibre.addProtocol('pmtiles', new Protocol().tile);
  const map = new maplibre.Map({
    ...options,
    container: box,
    attributionControl: ground === 'town' ? false : { compact: true },
    cooperativeGestures: true,
    style: { version: 8, sources: { ...base.sources, ...sources }, layers: [...base.layers, ...layers] },
  });
  if (ground === 'styled tiles') map.once('load', () => void drawByStyle(map, layers));
  map.addControl(new maplibre.NavigationControl({ showCompass: false }), 'top-right');
  map.addControl(new maplibre.ScaleControl({ unit: 'metric' }), 'bottom-left');
  map.on('moveend', () => {
    const { lng, lat } = map.getCenter();
    sessionStorage.setItem(lastView, JSON.stringify({ center: [lng, lat], zoom: map.getZoom() }));
  });
  return map;
}

/** Draws other features in a source of the map. */
export function redraw(map: maplibre.Map, source: string, features: GeoJSON.Feature[]): void {
  map.getSource<maplibre.GeoJSONSource>(source)?.setData(collection(features));
}
