import * as maplibre from 'maplibre-gl';
import { circle, collection, extendBy, mapIn, type Place, redraw } from '../../web/browser/base-map.ts';
import { element, given } from '../../web/browser/page.ts';

/** Everybody who was near a crime on one map: each a colour, shown or put aside by a tick, and played together. Fixes alone are drawn. */
interface Near {
  from: number;
  to: number;
  radiusM: number;
  place: { kind: 'point'; lon: number; lat: number } | { kind: 'line'; points: Place[] } | { kind: 'polygon'; rings: Place[][] };
  wearers: { wearing: number; name: string; points: [at: number, lon: number, lat: number, accuracyM: number | null][] }[];
}

/** Told apart by those who do not see every colour, and by the number in each. */
const colours = [
  '#0b62a4',
  '#b4460a',
  '#1b7d52',
  '#7a3b8f',
  '#8a6d1a',
  '#c0337a',
  '#2c7f8c',
  '#5b5b5b',
  '#8c1d18',
  '#3d4fb8',
  '#5c7a00',
  '#7c4f2a',
];
const box = element('#crime-map');
const near = given<Near>(box, 'near');
const list = element('#crime-map-wearers');
const slider = element<HTMLInputElement>('#crime-moment');
const momentText = element('#crime-moment-text');
const playButton = element('#crime-play');
const playedS = 12;
const clock = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  timeZone: box.dataset.timeZone,
});

const aside = new Set<number>();
const times = near.wearers.flatMap(({ points }) => points.map(([at]) => at));
const begin = Math.min(near.from, ...times);
const end = Math.max(near.to, ...times);
const colourOf = (i: number) => colours[i % colours.length] ?? '#5b5b5b';
const moment = () => begin + ((end - begin) * Number(slider.value)) / 1000;

function placeFeatures(): GeoJSON.Feature[] {
  const { place, radiusM } = near;
  if (place.kind === 'point') return [circle([place.lon, place.lat], radiusM, {})];
  const geometry: GeoJSON.Geometry =
    place.kind === 'line' ? { type: 'LineString', coordinates: place.points } : { type: 'Polygon', coordinates: place.rings };
  return [{ type: 'Feature', properties: {}, geometry }];
}

function fixFeatures(): GeoJSON.Feature[] {
  const until = moment();
  return near.wearers.flatMap(({ wearing, name, points }, i) =>
    aside.has(wearing)
      ? []
      : points
          .filter(([at]) => at <= until)
          .map(([at, lon, lat, accuracyM]): GeoJSON.Feature => {
            const inside = at >= near.from && at <= near.to;
            const words = `${i + 1} ${name}, ${clock.format(at)}${accuracyM ? `, accuracy ${accuracyM} m` : ''}`;
            return {
              type: 'Feature',
              properties: { colour: colourOf(i), inside, recent: until - at < 180_000, words },
              geometry: { type: 'Point', coordinates: [lon, lat] },
            };
          }),
  );
}

box.hidden = false;
element('#crime-map-controls').hidden = false;
list.hidden = false;
const bounds = new maplibre.LngLatBounds();
for (const { geometry } of placeFeatures()) extendBy(bounds, geometry);
const map = mapIn(box, {
  bounds,
  fitBoundsOptions: { padding: 120, maxZoom: 16 },
  sources: {
    place: { type: 'geojson', data: collection(placeFeatures()) },
    fixes: { type: 'geojson', data: collection(fixFeatures()) },
  },
  layers: [
    {
      id: 'reach',
      type: 'fill',
      source: 'place',
      filter: ['==', '$type', 'Polygon'],
      paint: { 'fill-color': '#1f4f6b', 'fill-opacity': 0.12 },
    },
    { id: 'reach-line', type: 'line', source: 'place', paint: { 'line-color': '#1f4f6b', 'line-width': 2.5, 'line-dasharray': [3, 2] } },
    {
      id: 'fixes',
      type: 'circle',
      source: 'fixes',
      paint: {
        'circle-color': ['get', 'colour'],
        'circle-opacity': ['case', ['get', 'inside'], 0.95, 0.4],
        'circle-radius': ['case', ['get', 'recent'], 7, 4.5],
        'circle-stroke-color': '#fff',
        'circle-stroke-width': 1.5,
      },
    },
  ],
});
map.on('click', 'fixes', ({ features: hit = [], lngLat }) => {
  const words = hit
    .slice(0, 8)
    .map(({ properties }) => String(properties?.words))
    .join('; ');
  if (words) new maplibre.Popup().setLngLat(lngLat).setText(words).addTo(map);
});

function show(): void {
  momentText.textContent = clock.format(moment());
  redraw(map, 'fixes', fixFeatures());
}

near.wearers.forEach(({ wearing }, i) => {
  const tick = list.querySelector<HTMLInputElement>(`#near-${wearing}`);
  const dot = list.querySelector<HTMLElement>(`[data-dot="${wearing}"]`);
  if (dot) dot.style.background = colourOf(i);
  tick?.addEventListener('change', () => {
    if (tick.checked) aside.delete(wearing);
    else aside.add(wearing);
    show();
  });
});
slider.addEventListener('input', show);

let playing: number | null = null;
function stop(): void {
  if (playing !== null) cancelAnimationFrame(playing);
  playing = null;
  playButton.textContent = 'Play together';
}
playButton.addEventListener('click', () => {
  if (playing !== null) {
    stop();
    return;
  }
  playButton.textContent = 'Stop';
  const since = performance.now();
  const step = (now: number) => {
    const share = Math.min(1, (now - since) / (1000 * playedS));
    slider.value = String(Math.round(1000 * share));
    show();
    if (share < 1) playing = requestAnimationFrame(step);
    else stop();
  };
  playing = requestAnimationFrame(step);
});
show();
