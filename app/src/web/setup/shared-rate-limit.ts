import { createHmac } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '../../platform/database.ts';

interface Counted {
  current: number;
  /** Ms until it begins anew. */
  ttl: number;
}

type Answer = (error: Error | null, counted?: Counted) => void;

/**
 * Counts requests for all servers together, as a store for `@fastify/rate-limit`. Who asks is kept as a keyed hash, for a minute.
 * @param secret the same on every server
 */
export function sharedCounts(db: Database, secret: string) {
  return class SharedCounts {
    readonly #scope: string;

    constructor({ routeInfo }: { routeInfo?: { url?: string } } = {}) {
      this.#scope = routeInfo?.url ?? '';
    }

    incr(asker: string, answer: Answer, windowMs: number): void {
      const key = createHmac('sha256', secret).update(`${this.#scope}\n${asker}`).digest('base64url');
      sql<{ count: number; ms: number }>`
        INSERT INTO platform.request_counts AS c (asker, count, ends_at)
        VALUES (${key}, 1, now() + make_interval(secs => ${windowMs / 1000}))
        ON CONFLICT (asker) DO UPDATE SET
          count = CASE WHEN c.ends_at <= now() THEN 1 ELSE c.count + 1 END,
          ends_at = CASE WHEN c.ends_at <= now() THEN EXCLUDED.ends_at ELSE c.ends_at END
        RETURNING count, (extract(epoch FROM ends_at - now()) * 1000)::int AS ms`
        .execute(db)
        .then(
          ({ rows }) => answer(null, { current: rows[0]?.count ?? 1, ttl: Math.max(0, rows[0]?.ms ?? windowMs) }),
          (error: Error) => answer(error),
        );
    }

    /** Of a route with a limit of its own, whatever the types of the library say. */
    child(options: object): SharedCounts {
      return new SharedCounts(options as { routeInfo?: { url?: string } });
    }
  };
}

/** Forgets who asked, once their minute is over. */
export async function forgetCounts(db: Database): Promise<void> {
  await db.deleteFrom('platform.request_counts').where('ends_at', '<', sql<Date>`now()`).execute();
}
