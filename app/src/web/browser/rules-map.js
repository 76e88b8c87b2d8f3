import * as maplibre from '/assets/maplibre/maplibre-gl.mjs';
import { baseLayers, baseSources, circle, zoneLayers } from './base-map.js';

/** Draws the places of somebody's rules, and where their tag was last seen with how sure that is. Nothing can be changed here. */
const box = document.querySelector('#rules-map');
const { zones, last } = JSON.parse(box.dataset.rules);
const here = last
  ? [
      circle([last.lon, last.lat], last.accuracyM ?? 20, { part: 'accuracy' }),
      { type: 'Feature', properties: { part: 'fix' }, geometry: { type: 'Point', coordinates: [last.lon, last.lat] } },
    ]
  : [];

const bounds = new maplibre.LngLatBounds();
const extend = (c) => (typeof c[0] === 'number' ? bounds.extend(c) : c.forEach(extend));
for (const { geometry } of [...zones, ...here]) extend(geometry.coordinates);

const map = new maplibre.Map({
  container: box,
  bounds,
  fitBoundsOptions: { padding: 40, maxZoom: 16 },
  attributionControl: false,
  cooperativeGestures: true,
  style: {
    version: 8,
    sources: {
      ...baseSources,
      zones: { type: 'geojson', data: { type: 'FeatureCollection', features: zones } },
      here: { type: 'geojson', data: { type: 'FeatureCollection', features: here } },
    },
    layers: [
      ...baseLayers,
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
  },
});
map.addControl(new maplibre.NavigationControl({ showCompass: false }), 'top-right');
map.addControl(new maplibre.ScaleControl({ unit: 'metric' }), 'bottom-left');
map.on('load', () => {
  box.dataset.ready = 'yes';
});
