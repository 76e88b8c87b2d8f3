import { follow } from '../../web/browser/follow.ts';
import { element } from '../../web/browser/page.ts';

/** Says that alerts have changed, and shows them when asked: a list never moves under somebody's hand. */
const status = element('#alert-news');
let changes = 0;

function tell(text: string): void {
  const link = document.createElement('a');
  link.className = 'govuk-link';
  link.href = location.href;
  link.textContent = text;
  status.replaceChildren(link);
}

follow<{ change: unknown }>(
  '/api/alerts/changes',
  {
    change: () => {
      changes++;
      tell(`${changes} ${changes === 1 ? 'change' : 'changes'} since this page was opened. Show them`);
    },
  },
  (isLost) => {
    if (isLost) tell('The connection is lost: this list may be old. Open it again');
  },
);

/** Keys for whoever works through the list: j and k go from row to row, Enter opens (a link has it already), t takes. */
const keysKey = 'waymark-keys';
const areKeysOn = () => localStorage.getItem(keysKey) !== 'off';
const keys = document.querySelector<HTMLButtonElement>('#keys');
function tellKeys(): void {
  if (!keys) return;
  keys.hidden = false;
  keys.textContent = areKeysOn() ? 'Switch them off' : 'They are off: switch them on';
}
keys?.addEventListener('click', () => {
  localStorage.setItem(keysKey, areKeysOn() ? 'off' : 'on');
  tellKeys();
});
tellKeys();
const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')];
addEventListener('keydown', (event) => {
  const { key, target, ctrlKey, metaKey, altKey } = event;
  if (!areKeysOn() || ctrlKey || metaKey || altKey || (target instanceof HTMLElement && target.closest('input, select, textarea'))) return;
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  if (key === 'j' || key === 'k') {
    const next = rows[Math.min(rows.length - 1, Math.max(0, key === 'j' ? at + 1 : at - 1))];
    next?.querySelector<HTMLElement>('[data-open]')?.focus();
    next?.scrollIntoView({ block: 'nearest' });
  } else if (key === 't') rows[at]?.querySelector<HTMLElement>('[data-take]')?.click();
});
