import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../../platform/access.ts';
import type { Performer } from '../../platform/action.ts';
import type { LiveWatch } from './live-watch.ts';
import { listAlerts } from './read-alerts.ts';

/** Pages that stay connected at a time; more are told to come back. */
const pagesAtMost = 500;
const aliveEveryMs = 25_000;

/** Tells open pages that alerts have changed, by number only: a page asks again for what it may see. */
export class AlertChanges {
  readonly #performer: Performer;
  readonly #pages = new Set<ServerResponse>();
  readonly #stopListening: () => void;
  readonly #alive: NodeJS.Timeout;

  constructor(performer: Performer, live: LiveWatch) {
    this.#performer = performer;
    this.#stopListening = live.listen(({ id, change }) => this.#tell(`event: change\ndata: ${JSON.stringify({ id, change })}\n\n`));
    this.#alive = setInterval(() => this.#tell(': alive\n\n'), aliveEveryMs).unref();
  }

  /** Keeps the connection open. The policy decides, and the look is on record, before anything is told. */
  async connect(actor: Actor, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { counts } = await this.#performer.perform(actor, listAlerts, null, { list: 'open', limit: 1, offset: 0 });
    if (this.#pages.size >= pagesAtMost) {
      return reply.code(503).header('retry-after', '30').send({ error: 'Too many live pages are open. Try again soon.' });
    }
    // Whoever has gone while the policy was asked is not waited for.
    if (request.raw.destroyed) return reply;
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    raw.write(`event: open\ndata: ${JSON.stringify(counts)}\n\n`);
    this.#pages.add(raw);
    request.raw.once('close', () => this.#pages.delete(raw));
    return reply;
  }

  /** Ends all connections, so that the server can stop. */
  close(): void {
    this.#stopListening();
    clearInterval(this.#alive);
    for (const page of this.#pages) page.end();
    this.#pages.clear();
  }

  #tell(text: string): void {
    for (const page of this.#pages) page.write(text);
  }
}
