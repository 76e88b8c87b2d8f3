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
export function follow<Events extends object>(
  url: string,
  handlers: { [Name in keyof Events]: (data: Events[Name]) => void },
  onBreak: (isLost: boolean) => void = () => undefined,
): void {
  let source: EventSource | null = null;
  let isLost = false;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const back = () => {
    clearTimeout(waiting);
    waiting = undefined;
    if (isLost) onBreak(false);
    isLost = false;
  };
  const open = () => {
    const own = new EventSource(url);
    source = own;
    own.addEventListener('open', back);
    own.addEventListener('error', () => {
      waiting ??= setTimeout(() => {
        isLost = true;
        onBreak(true);
      }, patienceMs);
      if (own.readyState === EventSource.CLOSED) setTimeout(open, againMs);
    });
    for (const [event, handle] of Object.entries<(data: never) => void>(handlers))
      own.addEventListener(event, ({ data }: MessageEvent<string>) => handle(JSON.parse(data) as never));
  };
  open();
  addEventListener('pagehide', () => source?.close());
  // Out of the browser's memory of pages: what it shows may be old.
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) location.reload();
  });
}
