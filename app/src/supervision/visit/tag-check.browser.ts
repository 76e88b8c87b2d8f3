import { follow } from '../../web/browser/follow.ts';
import { element } from '../../web/browser/page.ts';

/** Opens the page again when the tag is heard for the first time, so that an officer at the door sees it without a touch. */
const box = element('#tag-check');
const news = element('#tag-check-news');
const shown = box.dataset.heard === 'yes';

function heard() {
  if (!shown) location.reload();
}

follow<{ hello: { heard: boolean }; heard: unknown }>(
  `/api/wearings/${box.dataset.wearing}/heard`,
  {
    // It may have been heard between the page and this connection.
    hello: ({ heard: already }) => {
      if (already) heard();
    },
    heard,
  },
  (isLost) => {
    news.textContent = isLost ? 'The connection is lost. Choose “Look again”.' : '';
  },
);
