/** Opens the page again when the tag is heard, so that an officer at the door sees it without a touch. */
const box = document.querySelector('#tag-check');
const source = new EventSource(`/api/wearings/${box.dataset.wearing}/heard`);
let opened = Date.now();
source.addEventListener('heard', () => {
  // Later fixes of a tag that is heard already are shown now and then only.
  if (box.dataset.heard === 'yes' && Date.now() - opened < 20_000) return;
  source.close();
  location.reload();
});
source.addEventListener('open', () => {
  opened = Date.now();
});
addEventListener('pagehide', () => source.close());
