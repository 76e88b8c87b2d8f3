import * as maplibre from 'maplibre-gl';
import { circle, collection, extendBy, mapIn, type Place, redraw } from './base-map.ts';
import { element, given } from './page.ts';

/**
 * Draws the recorded place, the observed fixes with their accuracy circles, and nothing between them; plays the window.
 */
interface Evidence {
  /** The window, ms, and how much is shown on either side of it. */
  from: number;
  to: number;
  marginMs: number;
  place:
    | { kind: 'none' }
    | { kind: 'zones'; zones: GeoJSON.Geometry[] }
    | { kind: 'geometry'; geometry: GeoJSON.Geometry }
    | ({ kind: 'point' } & { lon: number; lat: number })
    | { kind: 'line'; points: Place[] }
    | { kind: 'area'; rings: Place[][] };
  /** How near counts as there, metres. */
  radiusM: number;
  points: [at: number, lon: number, lat: number, accuracyM: number | null][];
  gaps: { from: number; to: number }[];
}

const box = element('#evidence-map');
const evidence = given<Evidence>(box, 'evidence');
const controls = element('.wm-map-controls');
const slider = element<HTMLInputElement>('#moment');
const momentText = element('#moment-text');
const momentStatus = element('#moment-status');
const playButton = element('#play');

const from = evidence.from - evidence.marginMs;
const to = evidence.to + evidence.marginMs;
const clock = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZone: box.dataset.timeZone,
});

function placeFeatures({ place, radiusM }: Evidence): GeoJSON.Feature[] {
  if (place.kind === 'none') return [];
  if (place.kind === 'zones') {
    return place.zones.map((geometry) => ({ type: 'Feature', properties: { part: 'shape' }, geometry }));
  }
  if (place.kind === 'geometry') return [{ type: 'Feature', properties: { part: 'shape' }, geometry: place.geometry }];
  if (place.kind === 'point') {
    const centre: Place = [place.lon, place.lat];
    return [
      circle(centre, radiusM, { part: 'reach' }),
      { type: 'Feature', properties: { part: 'place' }, geometry: { type: 'Point', coordinates: centre } },
    ];
  }
  const geometry: GeoJSON.Geometry =
    place.kind === 'line' ? { type: 'LineString', coordinates: place.points } : { type: 'Polygon', coordinates: place.rings };
  return [{ type: 'Feature', properties: { part: 'shape' }, geometry }];
}

function fixFeatures(until: number): GeoJSON.Feature[] {
  const features: GeoJSON.Feature[] = [];
  for (const [at, lon, lat, accuracyM] of evidence.points) {
    if (at > until) continue;
    const inside = at >= evidence.from && at <= evidence.to;
    // Recent fixes stand out while the window plays.
    const recent = until - at < 180_000;
    const properties = {
      inside,
      recent,
      text: `${clock.format(at)}${accuracyM ? `, accuracy ${Math.round(accuracyM)} m` : ', accuracy not reported'}`,
    };
    if (accuracyM) features.push(circle([lon, lat], accuracyM, { ...properties, part: 'accuracy' }));
    features.push({ type: 'Feature', properties: { ...properties, part: 'fix' }, geometry: { type: 'Point', coordinates: [lon, lat] } });
  }
  return features;
}

function bounds() {
  const all = new maplibre.LngLatBounds();
  // The whole of a person's zones may lie all over the country: a day is shown where it was spent.
  for (const feature of evidence.place.kind === 'zones' ? [] : placeFeatures(evidence)) {
    extendBy(all, feature.geometry);
  }
  const near = evidence.points.filter(([at]) => at >= evidence.from - 300_000 && at <= evidence.to + 300_000);
  for (const [, lon, lat] of near) all.extend([lon, lat]);
  if (all.isEmpty()) for (const [, lon, lat] of evidence.points) all.extend([lon, lat]);
  return all;
}

const inside: maplibre.ExpressionSpecification = ['get', 'inside'];
const map = mapIn(box, {
  bounds: bounds(),
  fitBoundsOptions: { padding: 40, maxZoom: 17 },
  sources: {
    place: { type: 'geojson', data: collection(placeFeatures(evidence)) },
    fixes: { type: 'geojson', data: collection(fixFeatures(to)) },
  },
  layers: [
    {
      id: 'reach',
      type: 'fill',
      source: 'place',
      filter: ['==', 'part', 'reach'],
      paint: { 'fill-color': '#1f4f6b', 'fill-opacity': 0.1 },
    },
    {
      id: 'reach-line',
      type: 'line',
      source: 'place',
      filter: ['in', 'part', 'reach', 'shape'],
      paint: { 'line-color': '#1f4f6b', 'line-width': 2.5, 'line-dasharray': [3, 2] },
    },
    {
      id: 'accuracy',
      type: 'fill',
      source: 'fixes',
      filter: ['==', 'part', 'accuracy'],
      paint: { 'fill-color': ['case', inside, '#b4460a', '#6f8793'], 'fill-opacity': ['case', ['get', 'recent'], 0.16, 0.05] },
    },
    {
      id: 'accuracy-line',
      type: 'line',
      source: 'fixes',
      filter: ['==', 'part', 'accuracy'],
      paint: {
        'line-color': ['case', inside, '#b4460a', '#6f8793'],
        'line-opacity': ['case', ['get', 'recent'], 0.8, 0.25],
        'line-width': 1,
      },
    },
    {
      id: 'fix',
      type: 'circle',
      source: 'fixes',
      filter: ['==', 'part', 'fix'],
      paint: {
        'circle-radius': ['case', ['get', 'recent'], 6, 4.5],
        'circle-color': ['case', inside, '#b4460a', '#6f8793'],
        'circle-stroke-color': '#fff',
        'circle-stroke-width': 1.2,
      },
    },
    {
      id: 'place',
      type: 'circle',
      source: 'place',
      filter: ['==', 'part', 'place'],
      paint: { 'circle-radius': 7, 'circle-color': '#fff', 'circle-stroke-color': '#1f4f6b', 'circle-stroke-width': 3.5 },
    },
  ],
});
const popup = new maplibre.Popup({ closeButton: false, closeOnClick: false });
map.on('mousemove', 'fix', ({ features = [], lngLat }) => {
  popup.setLngLat(lngLat).setText(features[0]?.properties.text).addTo(map);
});
map.on('mouseleave', 'fix', () => popup.remove());
map.on('load', () => {
  box.dataset.ready = 'yes';
});

function show() {
  const moment = from + (Number(slider.value) / 1000) * (to - from);
  momentText.textContent = clock.format(moment);
  slider.setAttribute('aria-valuetext', clock.format(moment));
  const gap = evidence.gaps.find((g) => moment > g.from + 60_000 && moment < g.to);
  const where = evidence.marginMs === 0 ? '' : moment < evidence.from ? 'Before it.' : moment > evidence.to ? 'After it.' : 'During it.';
  const words = gap
    ? `${where} No fix for ${Math.round((gap.to - gap.from) / 60_000)} minutes here: where the wearer was is not known.`
    : where;
  // A status that says the same again would be read out again.
  if (momentStatus.textContent !== words) momentStatus.textContent = words;
  redraw(map, 'fixes', fixFeatures(moment));
}

let playing: ReturnType<typeof setInterval> | undefined;
const playText = playButton.textContent;
playButton.addEventListener('click', () => {
  if (playing) {
    clearInterval(playing);
    playing = undefined;
    playButton.textContent = playText;
    return;
  }
  if (Number(slider.value) >= 1000) slider.value = '0';
  playButton.textContent = 'Pause';
  playing = setInterval(() => {
    slider.value = String(Number(slider.value) + 5);
    show();
    if (Number(slider.value) >= 1000) playButton.click();
  }, 60);
});
slider.addEventListener('input', show);
controls.hidden = false;
momentText.textContent = clock.format(to);
