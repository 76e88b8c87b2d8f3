import * as maplibre from 'maplibre-gl';
import { collection, firstView, mapIn, redraw } from '../../web/browser/base-map.ts';
import { follow } from '../../web/browser/follow.ts';
import { element } from '../../web/browser/page.ts';

/**
 * The latest position of everybody who wears a tag, as it comes. Zoomed out, people stand together in circles with their
 * number, coloured by the most urgent alert among them.
 */
const box = element('#caseload-map');
const news = element('#caseload-news');
const silentMs = 3_600_000;
/** Drawn again at most this often, ms: the positions come second by second. */
const drawEveryMs = 1000;

/** Where somebody was last: times in ms, battery a share, urgency 1 to 3 of the open alerts or nothing. */
type Case = [
  wearing: number,
  lon: number,
  lat: number,
  at: number,
  battery: number | null,
  urgency: number | null | undefined,
  receivedAt: number,
];

const cases = new Map<number, Case>();
/** By wearing: the subject's reference and number. */
let references: Record<number, [reference: string, subject: number]> = {};
let dirty = false;
let fitted = false;

function features(): GeoJSON.Feature[] {
  const now = Date.now();
  return [...cases.values()].map(([wearing, lon, lat, at, , urgency, receivedAt]) => ({
    type: 'Feature',
    id: wearing,
    properties: { w: wearing, u: urgency ?? 0, s: now - Math.max(at, receivedAt) > silentMs ? 1 : 0 },
    geometry: { type: 'Point', coordinates: [lon, lat] },
  }));
}

const urgencyColour = (value: maplibre.ExpressionSpecification): maplibre.ExpressionSpecification => [
  'match',
  value,
  3,
  '#8c1d18',
  2,
  '#b4460a',
  1,
  '#8a6d1a',
  '#2f6f4f',
];
const map = mapIn(box, {
  ...firstView(),
  fadeDuration: 0,
  sources: {
    people: {
      type: 'geojson',
      data: collection([]),
      cluster: true,
      clusterRadius: 44,
      clusterMaxZoom: 14,
      clusterProperties: { worst: ['max', ['get', 'u']] },
    },
  },
  layers: [
    {
      id: 'groups',
      type: 'circle',
      source: 'people',
      filter: ['has', 'point_count'],
      paint: {
        'circle-color': urgencyColour(['get', 'worst']),
        'circle-opacity': 0.88,
        'circle-stroke-color': '#fff',
        'circle-stroke-width': 2,
        'circle-radius': ['interpolate', ['linear'], ['ln', ['get', 'point_count']], 0.7, 12, 7, 34],
      },
    },
    {
      id: 'counts',
      type: 'symbol',
      source: 'people',
      filter: ['has', 'point_count'],
      layout: {
        'text-field': ['get', 'point_count_abbreviated'],
        'text-font': ['Arial Bold'],
        'text-size': 14,
        'text-allow-overlap': true,
        'text-ignore-placement': true,
      },
      paint: { 'text-color': '#fff' },
    },
    {
      id: 'people',
      type: 'circle',
      source: 'people',
      filter: ['!', ['has', 'point_count']],
      paint: {
        'circle-color': urgencyColour(['get', 'u']),
        'circle-opacity': ['case', ['==', ['get', 's'], 1], 0.25, 1],
        'circle-stroke-color': ['case', ['==', ['get', 's'], 1], urgencyColour(['get', 'u']), '#fff'],
        'circle-stroke-width': 1.5,
        'circle-radius': ['match', ['get', 'u'], 3, 8, 2, 7, 1, 7, 5.5],
      },
    },
  ],
});

function fit() {
  if (fitted || cases.size === 0) return;
  fitted = true;
  const bounds = new maplibre.LngLatBounds();
  for (const [, lon, lat] of cases.values()) bounds.extend([lon, lat]);
  map.fitBounds(bounds, { padding: 50, maxZoom: 15, animate: false });
}

function draw() {
  if (!dirty || !map.isStyleLoaded()) return;
  dirty = false;
  redraw(map, 'people', features());
}

function tell(text: string): void {
  news.textContent = text;
}

const { timeZone } = box.dataset;
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', timeZone });
const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone });
const urgencies = ['No open alert', 'Open alert: low', 'Open alert: medium', 'Open alert: high'];
const ticker = element('#caseload-clock');
const live = () => tell(`${cases.size.toLocaleString('en-GB')} people, live.`);
interface Told {
  all: { references: typeof references; cases: Case[] };
  moved: Case[];
  alert: [wearing: number, urgency: number];
}

follow<Told>(
  '/api/caseload/positions',
  {
    all: (told) => {
      cases.clear();
      references = told.references;
      for (const own of told.cases) cases.set(own[0], own);
      dirty = true;
      fit();
      draw();
      live();
    },
    moved: (all) => {
      for (const own of all) {
        if (!(own[0] in references)) continue;
        own[5] ??= cases.get(own[0])?.[5] ?? 0;
        cases.set(own[0], own);
      }
      dirty = true;
      // Not in the status: nobody wants a clock read out every second.
      ticker.textContent = `Last positions came at ${clock.format(Date.now())}.`;
    },
    alert: ([wearing, urgency]) => {
      const own = cases.get(wearing);
      if (!own) return;
      own[5] = Math.max(own[5] ?? 0, urgency);
      dirty = true;
    },
  },
  (isLost) => (isLost ? tell('The connection is lost; trying again. What is shown may be old.') : live()),
);
setInterval(draw, drawEveryMs);
map.on('load', () => {
  dirty = true;
  draw();
  box.dataset.ready = 'yes';
});

const popup = new maplibre.Popup({ closeButton: true, maxWidth: '260px' });
map.on('click', 'people', ({ features = [], lngLat }) => {
  const wearing = Number(features[0]?.properties.w);
  const own = cases.get(wearing);
  const named = references[wearing];
  if (!own || !named) return;
  const [, , , at, battery, urgency] = own;
  const [reference, subject] = named;
  const link = document.createElement('a');
  link.className = 'govuk-link';
  link.href = `/subjects/${subject}`;
  link.textContent = reference;
  const line = document.createElement('p');
  line.className = 'govuk-body-s govuk-!-margin-bottom-0';
  line.textContent = `${urgencies[urgency ?? 0]}. Position of ${moment.format(at)}${battery === null ? '' : `, battery ${Math.round(battery * 100)} %`}`;
  const content = document.createElement('div');
  content.append(link, line);
  popup.setLngLat(lngLat).setDOMContent(content).addTo(map);
});
map.on('click', 'groups', async ({ features = [] }) => {
  const [feature] = features;
  const people = map.getSource<maplibre.GeoJSONSource>('people');
  if (!feature || !people) return;
  const zoom = await people.getClusterExpansionZoom(feature.properties.cluster_id);
  map.easeTo({ center: (feature.geometry as GeoJSON.Point).coordinates as [number, number], zoom });
});
for (const layer of ['people', 'groups']) {
  map.on('mouseenter', layer, () => {
    map.getCanvas().style.cursor = 'pointer';
  });
  map.on('mouseleave', layer, () => {
    map.getCanvas().style.cursor = '';
  });
}
