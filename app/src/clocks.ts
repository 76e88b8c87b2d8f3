import type { Logger } from 'pino';
import { feedsDue, peopleDue, retentionDue } from './define-jobs.ts';
import { keepHead } from './platform/audit-head.ts';
import type { Jobs } from './platform/jobs.ts';
import { forgetProtected } from './supervision/zones/index.ts';
import { areFeedsDue } from './support/index.ts';
import type { Waymark } from './waymark.ts';
import type { WebServer } from './web/setup/server.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** What is done by the clock, how often, and whether with the start too. */
interface Clock {
  name: string;
  everyMs: number;
  /** After the start; at once where nothing is said, and `null` for not before the first turn. */
  firstMs?: number | null;
  work: () => Promise<unknown>;
}

/**
 * Starts what is done by the clock: most of it asks for a job, which one server of several does.
 * @returns stops all of it
 */
export function startClocks(waymark: Waymark, server: WebServer, jobs: Jobs, log: Logger): () => void {
  const { database, fixes, access, folder } = waymark;
  const clocks: Clock[] = [
    { name: 'forgetting where protected people were', everyMs: hourMs, work: () => forgetProtected(database.db, fixes, access) },
    // Statements expire with the day.
    { name: 'asking for profiles', everyMs: hourMs, firstMs: null, work: () => jobs.ask(peopleDue) },
    { name: 'asking for removal', everyMs: 12 * hourMs, firstMs: 10 * minuteMs, work: () => jobs.ask(retentionDue) },
    { name: 'forgetting sessions that ran out', everyMs: hourMs, work: () => server.forgetExpiredSessions() },
    { name: 'signing the end of the record', everyMs: hourMs, work: () => keepHead(database.db, folder) },
    {
      name: 'looking for feeds',
      everyMs: minuteMs,
      firstMs: null,
      work: async () => ((await areFeedsDue(database.db, waymark)) ? jobs.ask(feedsDue) : undefined),
    },
  ];
  const timers = clocks.flatMap(({ name, everyMs, firstMs = 0, work }) => {
    const turn = () =>
      void work().catch((error: Error) => {
        log.error({ error: error.name, message: error.message }, name);
      });
    if (firstMs === 0) turn();
    return [setInterval(turn, everyMs).unref(), ...(firstMs ? [setTimeout(turn, firstMs).unref()] : [])];
  });
  return () => {
    for (const timer of timers) clearTimeout(timer);
  };
}
