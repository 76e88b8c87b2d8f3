import { follow } from './follow.js';

/** Opens the page again when the tag is heard for the first time, so that an officer at the door sees it without a touch. */
const box = document.querySelector('#tag-check');
const news = document.querySelector('#tag-check-news');
const shown = box.dataset.heard === 'yes';

function heard() {
  if (!shown) location.reload();
}

follow(
  `/api/wearings/${box.dataset.wearing}/heard`,
  {
    // It may have been heard between the page and this connection.
    hello: ({ heard: already }) => already && heard(),
    heard,
  },
  (isLost) => {
    news.textContent = isLost ? 'The connection is lost. Choose “Look again”.' : '';
  },
);
