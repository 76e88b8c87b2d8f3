import * as maplibre from 'maplibre-gl';
import { collection, firstView, mapIn } from '../../web/browser/base-map.ts';

/**
 * Shows how a file of crimes is read, on the same page, so that the file need not be chosen again to put it on record. Without this script
 * the server answers with a page of its own, in the same words.
 */
const form = document.querySelector<HTMLFormElement>('#import-crimes');
const result = document.querySelector<HTMLElement>('#import-result');
const status = document.querySelector<HTMLElement>('#import-status');
let map: maplibre.Map | null = null;

if (form && result && status) {
  drawPlaces(result);
  form.dataset.ready = '';
  form.addEventListener('change', (event) => {
    // What was looked at is not what would go in.
    if ((event.target as HTMLInputElement).type === 'file') forget();
  });
  form.addEventListener('submit', (event) => {
    const data = new FormData(form);
    if (event.defaultPrevented || data.get('how') !== 'look' || !(data.get('file') as File | null)?.size) return;
    event.preventDefault();
    const button = form.querySelector('button');
    if (button) button.disabled = true;
    forget();
    status.textContent = 'Reading the file …';
    void look(data)
      .catch(() => {
        status.textContent = 'The line broke. Nothing was stored: try again.';
      })
      .finally(() => {
        if (button) button.disabled = false;
      });
  });
}

function forget(): void {
  map?.remove();
  map = null;
  result?.replaceChildren();
}

async function look(data: FormData): Promise<void> {
  const response = await fetch('/crimes/import', { method: 'POST', body: data });
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  const told = page.querySelector('#import-result');
  // Signed out meanwhile, refused, or a file that cannot be read: the page says so.
  if (response.redirected || !told?.firstElementChild || !result || !form || !status) {
    form?.submit();
    return;
  }
  result.replaceChildren(...told.childNodes);
  status.textContent = '';
  const put = form.querySelector<HTMLInputElement>('#how-put');
  if (put && result.querySelector('table input, #looked-map')) put.checked = true;
  drawPlaces(result);
  result.querySelector<HTMLElement>('[tabindex="-1"]')?.focus();
}

/** The places of the file, each with its reference when it is pointed at. */
function drawPlaces(within: HTMLElement): void {
  const box = within.querySelector<HTMLElement>('#looked-map');
  const places = JSON.parse(box?.dataset.places ?? '[]') as [row: number, reference: string, lon: number, lat: number][];
  if (!box || places.length === 0) return;
  box.hidden = false;
  const features = places.map(
    ([row, reference, lon, lat]): GeoJSON.Feature => ({
      type: 'Feature',
      properties: { words: `${reference}, row ${row}` },
      geometry: { type: 'Point', coordinates: [lon, lat] },
    }),
  );
  const own = mapIn(box, {
    ...firstView(),
    sources: { places: { type: 'geojson', data: collection(features) } },
    layers: [
      {
        id: 'places',
        type: 'circle',
        source: 'places',
        paint: { 'circle-color': '#8c1d18', 'circle-radius': 7, 'circle-stroke-color': '#fff', 'circle-stroke-width': 2 },
      },
    ],
  });
  map = own;
  const bounds = new maplibre.LngLatBounds();
  for (const [, , lon, lat] of places) bounds.extend([lon, lat]);
  own.fitBounds(bounds, { padding: 50, maxZoom: 15, animate: false });
  own.on('click', 'places', ({ features: hit, lngLat }) => {
    const words = hit?.map((one) => String(one.properties?.words)).join('; ');
    if (words) new maplibre.Popup().setLngLat(lngLat).setText(words).addTo(own);
  });
}
