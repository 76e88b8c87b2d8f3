/** What every map is drawn on: the ground, parks, water and streets that the server holds. */
export const baseSources = { streets: { type: 'geojson', data: '/basemap/streets.geojson' } };

export const baseLayers = [
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
export const zoneLayers = [
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

/** A circle of so many metres as a polygon. */
export function circle([lon, lat], metres, properties) {
  const ring = [];
  const perLat = 111_195;
  const perLon = perLat * Math.cos((lat * Math.PI) / 180);
  for (let i = 0; i <= 48; i++) {
    const angle = (i / 48) * 2 * Math.PI;
    ring.push([lon + (metres * Math.cos(angle)) / perLon, lat + (metres * Math.sin(angle)) / perLat]);
  }
  return { type: 'Feature', properties, geometry: { type: 'Polygon', coordinates: [ring] } };
}
