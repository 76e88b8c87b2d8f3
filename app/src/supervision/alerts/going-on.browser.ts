import { follow } from '../../web/browser/follow.ts';
import { element } from '../../web/browser/page.ts';
import { ageInWords } from '../../web/words/age-in-words.ts';

/** Keeps the bar of what goes on, and the number in the title, as they are now; with a sound for whoever wants one. */
const bar = element('#going-on');
const title = document.title.replace(/^\(\d+\) /, '');
const soundKey = 'waymark-sound';
/** However much changes, it is asked for no more often than this, ms: each time is a look at who is named. */
const everyMs = 5000;
const settleMs = 400;
const tickMs = 15_000;
let askedAt = 0;
let isToAsk = false;
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
  askedAt = Date.now();
  isToAsk = false;
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
// How long it lasts is counted here: nothing has to be asked for that.
setInterval(() => {
  for (const time of bar.querySelectorAll('time')) time.textContent = ageInWords(Date.now() - Date.parse(time.dateTime));
}, tickMs);
follow<{ change: unknown }>('/api/alerts/changes', {
  change: () => {
    if (isToAsk) return;
    isToAsk = true;
    setTimeout(() => void refresh(), Math.max(settleMs, askedAt + everyMs - Date.now()));
  },
});
