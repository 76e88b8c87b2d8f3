import { follow } from '../../web/browser/follow.ts';
import { element } from '../../web/browser/page.ts';

/** Keeps the bar of what goes on, and the number in the title, as they are now; with a sound for whoever wants one. */
const bar = element('#going-on');
const title = document.title.replace(/^\(\d+\) /, '');
const soundKey = 'waymark-sound';
const settleMs = 400;
const refreshMs = 60_000;
let asked: ReturnType<typeof setTimeout> | undefined;
let audio: AudioContext | null = null;

function countOf(): number {
  return Number.parseInt(bar.querySelector('.wm-now__count')?.textContent ?? '0', 10);
}

function beep(): void {
  if (localStorage.getItem(soundKey) !== 'on') return;
  audio ??= new AudioContext();
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  volume.gain.value = 0.1;
  tone.frequency.value = 660;
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.25);
}

function offerSound(): void {
  const button = bar.querySelector<HTMLButtonElement>('#now-sound');
  if (!button) return;
  const tell = () => {
    const isOn = localStorage.getItem(soundKey) === 'on';
    button.setAttribute('aria-pressed', String(isOn));
    button.textContent = isOn ? 'Sound is on' : 'Sound is off';
  };
  button.hidden = false;
  tell();
  button.addEventListener('click', () => {
    localStorage.setItem(soundKey, localStorage.getItem(soundKey) === 'on' ? 'off' : 'on');
    tell();
    beep();
  });
}

async function refresh(): Promise<void> {
  const answer = await fetch('/alerts/going-on', { headers: { accept: 'text/html' } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const before = countOf();
  bar.innerHTML = await answer.text();
  const now = countOf() || 0;
  bar.hidden = now === 0;
  document.title = now > 0 ? `(${now}) ${title}` : title;
  offerSound();
  if (now > before) beep();
}

offerSound();
// How long it lasts is told in minutes.
setInterval(() => void refresh(), refreshMs);
follow<{ change: unknown }>('/api/alerts/changes', {
  change: () => {
    clearTimeout(asked);
    asked = setTimeout(() => void refresh(), settleMs);
  },
});
