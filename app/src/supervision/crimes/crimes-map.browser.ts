import * as maplibre from 'maplibre-gl';
import { collection, firstView, mapIn } from '../../web/browser/base-map.ts';
import { element } from '../../web/browser/page.ts';

/** Crimes of a list on a map, coloured by what waits; whoever points at one is led to it. */
const box = element('#crimes-map');
/** 0 nobody present, 1 somebody, and reviewed, 2 somebody to review, 3 waits for verdicts. */
type Crime = [id: number, lon: number, lat: number, state: number, words: string, from: number];
const crimes = JSON.parse(box.dataset.crimes ?? '[]') as Crime[];

if (crimes.length > 0) {
  box.hidden = false;
  element('#crimes-legend').hidden = false;
  const features = crimes.map(
    ([id, lon, lat, state, words]): GeoJSON.Feature => ({
      type: 'Feature',
      properties: { id, state, words },
      geometry: { type: 'Point', coordinates: [lon, lat] },
    }),
  );
  const map = mapIn(box, {
    ...firstView(),
    sources: { crimes: { type: 'geojson', data: collection(features) } },
    layers: [
      {
        id: 'crimes',
        type: 'circle',
        source: 'crimes',
        // What waits for somebody stands on top.
        layout: { 'circle-sort-key': ['match', ['get', 'state'], 2, 3, 1, 2, 3, 1, 0] },
        paint: {
          'circle-color': ['match', ['get', 'state'], 2, '#8c1d18', 1, '#b4460a', 3, '#fff', '#5b6b74'],
          'circle-radius': ['match', ['get', 'state'], 2, 8, 1, 7, 6],
          'circle-stroke-color': ['match', ['get', 'state'], 3, '#5b6b74', '#fff'],
          'circle-stroke-width': 2,
        },
      },
    ],
  });
  const bounds = new maplibre.LngLatBounds();
  for (const [, lon, lat] of crimes) bounds.extend([lon, lat]);
  map.fitBounds(bounds, { padding: 50, maxZoom: 14, animate: false });
  map.on('click', 'crimes', ({ features: hit = [], lngLat }) => {
    const list = document.createElement('ul');
    list.className = 'govuk-list govuk-!-margin-bottom-0';
    for (const { properties } of hit.slice(0, 12)) {
      const item = document.createElement('li');
      const link = document.createElement('a');
      link.className = 'govuk-link';
      link.href = `/crimes/${Number(properties?.id)}`;
      link.textContent = String(properties?.words);
      item.append(link);
      list.append(item);
    }
    new maplibre.Popup().setLngLat(lngLat).setDOMContent(list).addTo(map);
  });
  map.on('mouseenter', 'crimes', () => {
    map.getCanvas().style.cursor = 'pointer';
  });
  map.on('mouseleave', 'crimes', () => {
    map.getCanvas().style.cursor = '';
  });
}
