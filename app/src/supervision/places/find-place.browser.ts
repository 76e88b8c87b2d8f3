import { element } from '../../web/browser/page.ts';

/** Offers addresses while one is typed; choosing one puts its place into the form. */
interface Place {
  name: string;
  kind: string;
  within: string;
  lon: number;
  lat: number;
}

const field = element<HTMLInputElement>('[data-find-place]');
const list = document.createElement('ul');
const news = element('#zone-map-news');
list.className = 'wm-found';
list.hidden = true;
list.setAttribute('aria-label', 'Places that match');
field.after(list);
field.autocomplete = 'off';

const quietMs = 200;
const fromLetters = 3;
let waiting: ReturnType<typeof setTimeout> | undefined;
let asked = 0;

function close(): void {
  list.hidden = true;
  list.replaceChildren();
}

function choose({ name, kind, within, lon, lat }: Place): void {
  // A house number that was typed stays: the street alone is known.
  const number = /^\s*(\d+[a-z]?)\s/i.exec(field.value)?.[1];
  const own = number && kind === 'street' ? `${number} ${name}` : name;
  field.value = within ? `${own}, ${within.split(', ')[0]}` : own;
  element<HTMLInputElement>('#lat').value = lat.toFixed(6);
  element<HTMLInputElement>('#lon').value = lon.toFixed(6);
  element<HTMLInputElement>('#lat').dispatchEvent(new Event('change'));
  news.textContent =
    kind === 'street'
      ? 'This is the middle of the street. Click on the map where the house is.'
      : 'The circle is on the map. Click elsewhere to move it.';
  close();
  field.focus();
}

async function ask(): Promise<void> {
  const text = field.value.trim();
  const own = ++asked;
  if (text.length < fromLetters) return close();
  const answer = await fetch(`/api/places?search=${encodeURIComponent(text)}`).catch(() => null);
  if (own !== asked || !answer?.ok) return;
  const { places, isThere, problem } = (await answer.json()) as { places: Place[]; isThere: boolean; problem: string | null };
  if (!isThere) return close();
  list.replaceChildren(
    ...places.map((place) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = place.within ? `${place.name}, ${place.within}` : place.name;
      button.addEventListener('click', () => choose(place));
      const item = document.createElement('li');
      item.append(button);
      return item;
    }),
  );
  list.hidden = places.length === 0;
  news.textContent =
    places.length === 0
      ? `${problem ?? 'No address like that is known.'} Click on the map where it is.`
      : `${places.length} found: choose one.`;
}

field.addEventListener('input', () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => void ask(), quietMs);
});
addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') return close();
  const buttons = [...list.querySelectorAll('button')];
  if (list.hidden || (key !== 'ArrowDown' && key !== 'ArrowUp')) return;
  const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
  buttons[Math.max(0, Math.min(buttons.length - 1, at + (key === 'ArrowDown' ? 1 : -1)))]?.focus();
});
