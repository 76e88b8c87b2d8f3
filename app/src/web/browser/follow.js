/** A browser gives up after an answer that is no stream; it is tried again after this long, ms. */
const againMs = 15_000;
/** A break that is shorter is not worth a word: the server ends every connection now and then. Ms. */
const patienceMs = 8000;

/**
 * Follows a stream of server-sent events until the page is left, through breaks and refusals.
 *
 * @param handlers what to do with the data of each kind of event
 * @param onBreak told when the connection has been gone for a while, and when it is there again
 */
export function follow(url, handlers, onBreak = () => undefined) {
  let source = null;
  let isLost = false;
  let waiting = 0;
  const back = () => {
    clearTimeout(waiting);
    waiting = 0;
    if (isLost) onBreak(false);
    isLost = false;
  };
  const open = () => {
    source = new EventSource(url);
    source.addEventListener('open', back);
    source.addEventListener('error', () => {
      waiting ||= setTimeout(() => {
        isLost = true;
        onBreak(true);
      }, patienceMs);
      if (source.readyState === EventSource.CLOSED) setTimeout(open, againMs);
    });
    for (const [event, handle] of Object.entries(handlers)) source.addEventListener(event, ({ data }) => handle(JSON.parse(data)));
  };
  open();
  addEventListener('pagehide', () => source.close());
  // Out of the browser's memory of pages: what it shows may be old.
  addEventListener('pageshow', ({ persisted }) => persisted && location.reload());
}
