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
