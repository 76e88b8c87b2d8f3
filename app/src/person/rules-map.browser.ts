import * as maplibre from 'maplibre-gl';
import { circle, collection, extendBy, mapIn, zoneLayers } from '../web/browser/base-map.ts';
import { element, given } from '../web/browser/page.ts';

/** Draws the places of somebody's rules, and where their tag was last seen with how sure that is. Nothing can be changed here. */
interface Rules {
  zones: GeoJSON.Feature[];
  last: { lon: number; lat: number; accuracyM: number | null } | null;
}

const box = element('#rules-map');
const { zones, last } = given<Rules>(box, 'rules');
const here: GeoJSON.Feature[] = last
  ? [
      circle([last.lon, last.lat], last.accuracyM ?? 20, { part: 'accuracy' }),
      { type: 'Feature', properties: { part: 'fix' }, geometry: { type: 'Point', coordinates: [last.lon, last.lat] } },
    ]
  : [];

const bounds = new maplibre.LngLatBounds();
for (const { geometry } of [...zones, ...here]) extendBy(bounds, geometry);

const map = mapIn(box, {
  bounds,
  fitBoundsOptions: { padding: 40, maxZoom: 16 },
  sources: {
    zones: { type: 'geojson', data: collection(zones) },
    here: { type: 'geojson', data: collection(here) },
  },
  layers: [
    ...zoneLayers,
    {
      id: 'accuracy',
      type: 'fill',
      source: 'here',
      filter: ['==', 'part', 'accuracy'],
      paint: { 'fill-color': '#1f4f6b', 'fill-opacity': 0.16 },
    },
    {
      id: 'fix',
      type: 'circle',
      source: 'here',
      filter: ['==', 'part', 'fix'],
      paint: { 'circle-radius': 6, 'circle-color': '#1f4f6b', 'circle-stroke-color': '#fff', 'circle-stroke-width': 2 },
    },
  ],
});
map.on('load', () => {
  box.dataset.ready = 'yes';
});
