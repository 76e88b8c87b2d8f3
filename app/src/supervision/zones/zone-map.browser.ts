import * as maplibre from 'maplibre-gl';
import { TerraDraw, TerraDrawLineStringMode, TerraDrawPolygonMode, TerraDrawSelectMode } from 'terra-draw';
import { TerraDrawMapLibreGLAdapter } from 'terra-draw-maplibre-gl-adapter';
import { circle, collection, extendBy, firstView, mapIn, redraw, zoneLayers } from '../../web/browser/base-map.ts';
import { element, given } from '../../web/browser/page.ts';

/**
 * Draws the zones that hold, and takes a new one from the map: a circle by a click, a shape by its corners. What is drawn is
 * put into the fields of the form, which can be filled in by hand as well.
 */
const box = element('#zone-map');
const zones = given<GeoJSON.Feature[]>(box, 'zones');
const field = (id: string) => element<HTMLInputElement>(`#${id}`);
const news = element('#zone-map-news');

const map = mapIn(box, {
  ...firstView(),
  sources: {
    zones: { type: 'geojson', data: collection(zones) },
    draft: { type: 'geojson', data: collection([]) },
  },
  layers: [
    ...zoneLayers,
    { id: 'draft', type: 'fill', source: 'draft', paint: { 'fill-color': '#1f4f6b', 'fill-opacity': 0.2 } },
    { id: 'draft-line', type: 'line', source: 'draft', paint: { 'line-color': '#1f4f6b', 'line-width': 2.5, 'line-dasharray': [3, 2] } },
  ],
});

/** Shows what the fields say, and gives its features. */
function show(): GeoJSON.Feature[] {
  const text = field('area').value.trim();
  let features: GeoJSON.Feature[] = [];
  if (text) {
    try {
      const value = JSON.parse(text);
      features =
        value.type === 'FeatureCollection'
          ? value.features
          : [value.type === 'Feature' ? value : { type: 'Feature', properties: {}, geometry: value }];
    } catch {
      // The server says what is wrong with it.
    }
  } else {
    const number = (id: string) => (field(id).value.trim() === '' ? Number.NaN : Number(field(id).value));
    const [lat, lon, radius] = [number('lat'), number('lon'), number('radiusM')];
    if (Math.abs(lat) <= 90 && Math.abs(lon) <= 180 && radius > 0 && radius < 20_000) features = [circle([lon, lat], radius, {})];
  }
  redraw(map, 'draft', features);
  return features;
}

function fit(features: GeoJSON.Feature[]): void {
  const bounds = new maplibre.LngLatBounds();
  for (const { geometry } of features) extendBy(bounds, geometry);
  if (!bounds.isEmpty()) map.fitBounds(bounds, { padding: 60, maxZoom: 16, animate: false });
}

let doing: 'circle' | 'shape' | 'way' | 'shape-done' | null = null;
let draw: TerraDraw | null = null;
map.on('load', () => {
  draw = new TerraDraw({
    adapter: new TerraDrawMapLibreGLAdapter({ map }),
    modes: [
      new TerraDrawPolygonMode(),
      new TerraDrawLineStringMode(),
      new TerraDrawSelectMode({
        flags: {
          linestring: { feature: { draggable: true, coordinates: { midpoints: true, draggable: true, deletable: true } } },
          polygon: { feature: { draggable: true, coordinates: { midpoints: true, draggable: true, deletable: true } } },
        },
      }),
    ],
  });
  draw.start();
  draw.on('finish', take);
  draw.on('change', () => {
    if (doing === 'shape-done') take();
  });
  fit([...zones, ...show()]);
  if (box.dataset.draw === 'circle') begin('circle', 'Click on the map where its middle is.');
  box.dataset.ready = 'yes';
});

/** Puts the drawn shape into the form. */
function take() {
  const drawn = draw?.getSnapshot().map(({ geometry }) => geometry) ?? [];
  const shape = drawn.find(({ type }) => type === 'Polygon') as GeoJSON.Polygon | undefined;
  const way = drawn.find(({ type }) => type === 'LineString') as GeoJSON.LineString | undefined;
  const rounded = (points: GeoJSON.Position[]) => points.map((point) => point.map((c) => Math.round(c * 1e6) / 1e6));
  let told = '';
  if (shape) {
    const rings = shape.coordinates.map(rounded);
    field('area').value = JSON.stringify({ type: 'Polygon', coordinates: rings });
    told = `A shape of ${(rings[0]?.length ?? 1) - 1} corners. Drag its corners to change it.`;
  } else if (way) {
    field('area').value = JSON.stringify({ type: 'LineString', coordinates: rounded(way.coordinates) });
    told = `A way of ${way.coordinates.length} points, and ${field('radiusM').value} m on either side. Drag its points to change it.`;
  } else return;
  if (doing === 'shape' || doing === 'way') {
    doing = 'shape-done';
    draw?.setMode('select');
    news.textContent = told;
  }
}

map.on('click', ({ lngLat }) => {
  if (doing !== 'circle') return;
  field('lat').value = lngLat.lat.toFixed(6);
  field('lon').value = lngLat.lng.toFixed(6);
  if (field('radiusM').value.trim() === '') field('radiusM').value = '150';
  field('area').value = '';
  show();
  news.textContent = `A circle of ${field('radiusM').value} m. Change its size in the field below, or click elsewhere.`;
});

function begin(what: typeof doing, text: string): void {
  if (what === 'shape' || what === 'way' || box.dataset.draw !== 'circle') field('area').closest('details')?.setAttribute('open', '');
  doing = what;
  draw?.clear();
  if (what === 'shape' || what === 'way') {
    field('area').value = '';
    draw?.setMode(what === 'way' ? 'linestring' : 'polygon');
  } else draw?.setMode('select');
  show();
  map.getCanvas().style.cursor = what ? 'crosshair' : '';
  news.textContent = text;
}
field('draw-circle').addEventListener('click', () => begin('circle', 'Click on the map where its middle is.'));
field('draw-shape').addEventListener('click', () => begin('shape', 'Click on each corner, and on the first one again to end.'));
document.querySelector('#draw-way')?.addEventListener('click', () => {
  if (field('radiusM').value.trim() === '' || field('radiusM').value === '150') field('radiusM').value = '50';
  begin('way', 'Click along the way, and on its last point again to end.');
});
field('draw-none').addEventListener('click', () => {
  for (const id of ['lat', 'lon', 'radiusM', 'area']) field(id).value = '';
  begin(null, 'Nothing is drawn.');
});
/** What is typed or read takes the place of what was drawn. */
function forgetDrawn() {
  doing = null;
  draw?.clear();
}
for (const id of ['lat', 'lon', 'radiusM', 'area'])
  field(id).addEventListener('change', () => {
    if (id === 'area') forgetDrawn();
    if (doing !== 'shape-done') fit(show());
  });
document.querySelector<HTMLInputElement>('#area-file')?.addEventListener('change', async ({ target }) => {
  const [file] = (target as HTMLInputElement).files ?? [];
  if (!file) return;
  if (file.size > 10_000_000) {
    news.textContent = 'That file is larger than 10 MB. Simplify the shapes first.';
    return;
  }
  forgetDrawn();
  field('area').value = await file.text();
  const features = show();
  fit(features);
  news.textContent =
    features.length === 0
      ? `${file.name} holds no shape that can be read. Choose a GeoJSON file.`
      : `${features.length} ${features.length === 1 ? 'shape' : 'shapes'} from ${file.name}.${features.length > 1 ? ' Each becomes a zone of its own when you add them.' : ''}`;
});
for (const own of document.querySelectorAll<HTMLElement>('.wm-draw')) own.hidden = false;
