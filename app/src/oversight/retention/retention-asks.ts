import { sql } from 'kysely';
import { type Action, InvalidError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';

/** A removal that waits for two people: why it is unusual, and what would go. */
export interface RetentionAsk {
  id: number;
  at: Date;
  day: string;
  why: string[];
  /** Rows by table, of both halves. */
  wouldGo: Record<string, number>;
  agreed: { id: string; name: string; at: string }[];
}

/** An agreement counts for so many days: what would go must still be about what they saw. */
const countsForDays = 3;
const agreedBy = 2;
/** What falls due between an agreement and the run is let be up to this share more, and up to so many rows. */
const moreAtMost = { share: 0.05, rows: 100 };

function isMuchMore(now: Record<string, number>, seen: Record<string, number>): boolean {
  return Object.entries(now).some(([table, count]) => {
    const before = seen[table] ?? 0;
    return count > before + Math.max(moreAtMost.rows, before * moreAtMost.share);
  });
}

/** What waits for two people; null where nothing does. */
export async function openAsk(tx: Tx): Promise<RetentionAsk | null> {
  const { rows } = await sql<RetentionAsk>`
    SELECT id, at, to_char(day, 'YYYY-MM-DD') AS day, why, would_go AS "wouldGo", agreed FROM oversight.retention_asks
      WHERE ended_at IS NULL ORDER BY id DESC LIMIT 1`.execute(tx);
  return rows[0] ?? null;
}

/** Asks two people whether what would go may go; where that was asked already, it is told what would go now. */
export const askForRetention: Action<
  null,
  { day: string; why: string[]; wouldGo: Record<string, number> },
  { ask: RetentionAsk; isAgreed: boolean }
> = {
  name: 'retention.ask',
  room: 'oversight',
  purpose: 'retention',
  async run({ tx, note }, _services, { day, why, wouldGo }) {
    const known = await openAsk(tx);
    const age = known ? (Date.parse(day) - Date.parse(known.day)) / 86_400_000 : 0;
    // Another clock, or too long ago: nobody has agreed to this.
    const isStale = known !== null && (age < 0 || age > countsForDays);
    if (isStale)
      await sql`UPDATE oversight.retention_asks SET ended_at = now(), ended_how = 'no longer due' WHERE id = ${known.id}`.execute(tx);
    // Whoever agreed has agreed to what they saw: to more than that nobody has.
    const agreed = known && !isMuchMore(wouldGo, known.wouldGo) ? known.agreed : [];
    if (known && !isStale)
      await sql`UPDATE oversight.retention_asks SET why = ${JSON.stringify(why)}, would_go = ${JSON.stringify(agreed.length > 0 ? known.wouldGo : wouldGo)},
        agreed = ${JSON.stringify(agreed)} WHERE id = ${known.id}`.execute(tx);
    else
      await sql`INSERT INTO oversight.retention_asks (day, why, would_go) VALUES (${day}, ${JSON.stringify(why)}, ${JSON.stringify(wouldGo)})`.execute(
        tx,
      );
    const ask = (await openAsk(tx)) as RetentionAsk;
    note(null, { ask: ask.id, why: why.length });
    return { ask, isAgreed: new Set(ask.agreed.map(({ id }) => id)).size >= agreedBy };
  },
};

/** Puts on record that somebody looked at what a run would remove. */
export const noteRetentionPreview: Action<null, { wouldGo: Record<string, number> }, null> = {
  name: 'retention.preview',
  room: 'oversight',
  purpose: 'retention',
  async run({ note }, _services, { wouldGo }) {
    note(null, { wouldGo });
    return null;
  },
};

/** Ends the question: it was done, or nothing unusual is due any more. */
export const endRetentionAsk: Action<null, { how: 'done' | 'no longer due' }, null> = {
  name: 'retention.ask',
  room: 'oversight',
  purpose: 'retention',
  async run({ tx, note }, _services, { how }) {
    note(null, { how });
    await sql`UPDATE oversight.retention_asks SET ended_at = now(), ended_how = ${how} WHERE ended_at IS NULL`.execute(tx);
    return null;
  },
};

/**
 * One person agrees that what would go goes. It takes two.
 * @throws InvalidError where nothing is asked, or the same person agrees twice
 */
export const agreeToRetention: Action<null, { id: number }, { stillNeeds: number }> = {
  name: 'retention.agree',
  room: 'oversight',
  purpose: 'oversight',
  async run({ tx, actor, note }, _services, { id }) {
    const ask = await openAsk(tx);
    if (!ask || ask.id !== id) throw new InvalidError('This is no longer asked. Look at the page again.');
    if (ask.agreed.some((own) => own.id === actor.id)) throw new InvalidError('You have agreed already. It takes another person.');
    const agreed = [...ask.agreed, { id: actor.id, name: actor.name, at: new Date().toISOString() }];
    await sql`UPDATE oversight.retention_asks SET agreed = ${JSON.stringify(agreed)} WHERE id = ${id}`.execute(tx);
    note(null, { ask: id, agreed: agreed.length });
    return { stillNeeds: Math.max(0, agreedBy - agreed.length) };
  },
};
