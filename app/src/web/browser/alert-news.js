/** Says that alerts have changed, and shows them when asked: a list never moves under somebody's hand. */
const status = document.querySelector('#alert-news');
let changes = 0;

function tell() {
  const link = document.createElement('a');
  link.className = 'govuk-link';
  link.href = location.href;
  link.textContent = `${changes} ${changes === 1 ? 'change' : 'changes'} since this page was opened. Show them`;
  status.replaceChildren(link);
}

const source = new EventSource('/api/alerts/changes');
source.addEventListener('change', () => {
  changes++;
  tell();
});
addEventListener('pagehide', () => source.close());
