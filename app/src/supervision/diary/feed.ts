import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { type Actor, purposeOf } from '../../platform/access.ts';
import type { Action } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';

const lastsMs = 180 * 86_400_000;

const hashOf = (secret: string) => createHash('sha256').update(secret).digest('hex');

/** Makes the address under which a calendar program follows an officer's own diary. It is shown once, ends the one before, and ends by itself. */
export const makeFeed: Action<null, { now: number }, { secret: string; until: Date }> = {
  name: 'diary.follow',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor }, _services, { now }) {
    const secret = randomBytes(32).toString('base64url');
    const until = new Date(now + lastsMs);
    // What has ended by itself, somebody else's too, is of no use to anybody.
    await tx.deleteFrom('supervision.diary_feeds').where('until', '<', new Date(now)).execute();
    await tx
      .insertInto('supervision.diary_feeds')
      .values({ actor: actor.id, name: actor.name, secret_hash: hashOf(secret), until })
      .onConflict((conflict) => conflict.column('actor').doUpdateSet({ secret_hash: hashOf(secret), until }))
      .execute();
    return { secret, until };
  },
};

/** Nobody follows the diary by the address that was given out any more. */
export const endFeed: Action<null, null, { ended: boolean }> = {
  name: 'diary.follow',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor }) {
    const ended = await tx.deleteFrom('supervision.diary_feeds').where('actor', '=', actor.id).returning('actor').executeTakeFirst();
    return { ended: ended !== undefined };
  },
};

/** Until when somebody's diary can be followed; null where it cannot. */
export async function followedUntil(tx: Tx, actor: string, now: number): Promise<Date | null> {
  const feed = await tx.selectFrom('supervision.diary_feeds').select('until').where('actor', '=', actor).executeTakeFirst();
  return feed && feed.until.getTime() > now ? feed.until : null;
}

/** An officer who has not signed in for so long is taken to have gone: their calendar stops. */
const awayMs = 30 * 86_400_000;

/** Whose diary a secret opens: an officer who still signs in as one. Null where it opens none. */
export const openFeed: Action<null, { secret: string; now: number }, Actor | null> = {
  name: 'diary.open-feed',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }, _services, { secret, now }) {
    const { rows } = await sql<{ actor: string; name: string }>`
      SELECT f.actor, f.name FROM supervision.diary_feeds f JOIN platform.staff p ON p.actor = f.actor
        WHERE f.secret_hash = ${hashOf(secret)} AND f.until > ${new Date(now)}
          AND p.role = 'monitoring-officer' AND p.seen_at > ${new Date(now - awayMs)}`.execute(tx);
    const [found] = rows;
    note(null, { opened: found !== undefined });
    return found ? { id: found.actor, name: found.name, role: 'monitoring-officer', purpose: purposeOf['monitoring-officer'] } : null;
  },
};
