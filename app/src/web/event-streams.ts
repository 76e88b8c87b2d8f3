import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Pages that stay connected at a time; more are told to come back. */
const pagesAtMost = 500;
const aliveEveryMs = 25_000;
/** A page that reads so slowly that this much waits for it is let go; it connects again by itself. Bytes. */
const waitingAtMost = 4_000_000;
/** A connection ends after this long, and whoever is still allowed connects again. */
const lastsMs = 5 * 60_000;

const nobody: ReadonlySet<number> = new Set();

/** Open pages that are told of changes by server-sent events. */
export class EventStreams {
  readonly #pages = new Map<ServerResponse, { until: NodeJS.Timeout; topic: string; session: string; hidden: ReadonlySet<number> }>();
  readonly #alive = setInterval(() => this.#send(': alive\n\n'), aliveEveryMs).unref();

  /** @param onSessionEnd tells when a session ends: its pages are told nothing more */
  constructor(onSessionEnd: (tell: (session: string) => void) => void) {
    onSessionEnd((ended) => {
      for (const [page, { session }] of [...this.#pages]) if (session === ended) this.#letGo(page);
    });
  }

  /**
   * Keeps the connection open and says hello.
   *
   * @param topic what the page wants to be told of
   * @param hello asks the policy and gives what is told first, and about whom this page is told nothing; whoever may not look gets its
   *   error as an ordinary answer
   */
  async connect(
    request: FastifyRequest,
    reply: FastifyReply,
    topic: string,
    hello: () => Promise<{ event: string; data: unknown; hidden?: ReadonlySet<number> }>,
  ): Promise<FastifyReply> {
    const began = this.#changes;
    const { event, data, hidden = nobody } = await hello();
    if (this.#pages.size >= pagesAtMost) {
      return reply.code(503).header('retry-after', '30').send({ error: 'Too many live pages are open. Try again soon.' });
    }
    // Whoever has gone while the policy was asked is not waited for.
    if (request.raw.destroyed) return reply;
    if (this.#closed) return reply.code(503).send({ error: 'The server is stopping.' });
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    raw.write(`retry: 2000\n${textOf(event, data)}`);
    this.#pages.set(raw, { topic, hidden, session: request.session.sessionId, until: setTimeout(() => this.#letGo(raw), lastsMs).unref() });
    request.raw.once('close', () => this.#letGo(raw));
    // Who may be told of what has changed while it was asked.
    if (this.#changes !== began) this.#letGo(raw);
    return reply;
  }

  #closed = false;
  /** How often what pages may be told has changed. */
  #changes = 0;

  /**
   * @param without what is told to a page from which some are hidden; null for nothing. What is about nobody needs none
   */
  tell<T>(topic: string, event: string, data: T, without: (hidden: ReadonlySet<number>) => T | null = () => data): void {
    if (this.#pages.size === 0) return;
    const text = textOf(event, data);
    this.#send(text, topic, (hidden) => {
      const left = without(hidden);
      return left === null ? null : left === data ? text : textOf(event, left);
    });
  }

  /** Has every page connect anew: what each of them may be told has changed. */
  connectAnew(): void {
    this.#changes++;
    for (const page of [...this.#pages.keys()]) this.#letGo(page);
  }

  /** Ends all connections, so that the server can stop. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#alive);
    for (const page of [...this.#pages.keys()]) this.#letGo(page);
  }

  #send(text: string, wanted: string | null = null, leftFor: (hidden: ReadonlySet<number>) => string | null = () => text): void {
    for (const [page, { topic, hidden }] of [...this.#pages]) {
      if (wanted !== null && topic !== wanted) continue;
      const own = hidden.size > 0 ? leftFor(hidden) : text;
      if (page.writableLength > waitingAtMost) this.#letGo(page);
      else if (own !== null) page.write(own);
    }
  }

  #letGo(page: ServerResponse): void {
    clearTimeout(this.#pages.get(page)?.until);
    this.#pages.delete(page);
    if (page.writableLength > waitingAtMost) page.destroy();
    else page.end();
  }
}

function textOf(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
