import { createHash, createHmac, randomInt } from 'node:crypto';
import { sql } from 'kysely';
import type { Actor, Purpose } from './access.ts';
import { type Action, InvalidError, NotFoundError } from './action.ts';
import type { Room, Tx } from './database.ts';

/** One half of the platform, and how it calls the people in its data. */
export interface Half {
  room: Room & ('supervision' | 'support');
  /** What its staff work for. */
  purpose: Purpose;
  /** What audit entries call such a person, and the column that holds their number. */
  about: string;
  who: string;
  /** The table of these people. */
  table: string;
}

/** No letters or digits that are taken for one another. */
const letters = 'ABCDEFGHJKMNPQRSTVWXYZ23456789';
const codeLength = 12;
const codeDays = 14;
/** A code says by its first letter which half it is for: support, or the tag. */
const beginnings: Record<Half['room'], string> = { support: 'S', supervision: 'T' };

/** Which half a code is for; null where it is none. */
export function halfOfCode(code: string): Half['room'] | null {
  const first = code.trim().slice(0, 1).toUpperCase();
  return first === beginnings.support ? 'support' : first === beginnings.supervision ? 'supervision' : null;
}

/**
 * Somebody who looks at themselves, as one half knows them. The key of an account differs from half to half, and can be worked
 * out only with the server's secret and by the account itself: nothing that is stored says that two keys are one account.
 */
export function ownActor(secret: string, accountId: string, room: Half['room']): Actor {
  const self = createHmac('sha256', secret).update(`${room}\n${accountId}`).digest('base64url');
  return { id: `own:${self.slice(0, 16)}`, name: 'The person themselves', role: 'person', purpose: 'self', self };
}

function hashOf(code: string): string {
  const plain = code.toUpperCase().replace(/[^A-Z0-9]/g, '');
  return createHash('sha256').update(`waymark invitation ${plain}`).digest('base64url');
}

export interface OwnAccess {
  /** Makes a code, good once and for two weeks, by which somebody gets to see what is held of them. */
  invite: Action<null, { id: number }, { code: string; expiresAt: Date }>;
  /** The person enters the code: their account is that of this person from now on. @throws InvalidError */
  redeem: Action<null, { code: string }, null>;
  /** Ends every account's access to one person. */
  end: Action<null, { id: number }, { ended: number }>;
  /** Whose account it is; null where no code was entered for this half. */
  whoAmI(tx: Tx): Promise<number | null>;
}

/** Access of people to what one half holds of them. @param onOther does what must be done when access ends or another account gets it */
export function ownAccess(
  { room, purpose, about, who, table }: Half,
  onOther: (tx: Tx, who: number) => Promise<void> = async () => undefined,
): OwnAccess {
  const [access, invitations] = ['own_access', 'own_invitations'].map((name) => sql.table(`${room}.${name}`));
  const column = sql.id(who);
  const record = room === 'support' ? sql`, record_id` : sql``;
  return {
    invite: {
      name: 'access.invite',
      room,
      purpose,
      async run({ tx, actor, note }, _services, { id }) {
        note({ kind: about, id });
        const { rows } =
          await sql`SELECT 1 FROM ${sql.table(`${room}.${table}`)} WHERE id = ${id}${room === 'support' ? sql` AND ended_at IS NULL` : sql``}`.execute(
            tx,
          );
        if (rows.length === 0) throw new NotFoundError('There is nobody of that number.');
        const code = `${beginnings[room]}${Array.from({ length: codeLength - 1 }, () => letters[randomInt(letters.length)]).join('')}`;
        const expiresAt = new Date(Date.now() + codeDays * 86_400_000);
        // What is anchored to a record follows the person through merges and splits.
        const own = room === 'support' ? sql`, (SELECT min(r.id) FROM support.records r WHERE r.person_id = ${id})` : sql``;
        await sql`INSERT INTO ${invitations} (code_hash, ${column}, by_name, expires_at${record})
          VALUES (${hashOf(code)}, ${id}, ${actor.name}, ${expiresAt}${own})`.execute(tx);
        return { code: code.replace(/(.{4})(?=.)/g, '$1-'), expiresAt };
      },
    },
    redeem: {
      name: 'own.redeem',
      room,
      purpose: 'self',
      async run({ tx, actor, note }, _services, { code }) {
        const hash = hashOf(code);
        await sql`SELECT set_config('waymark.code', ${hash}, true)`.execute(tx);
        const { rows } = await sql<{ who: number; record_id: number | null }>`
          UPDATE ${invitations} SET used_at = now() WHERE code_hash = ${hash} AND used_at IS NULL AND expires_at > now()
          RETURNING ${column} AS who${room === 'support' ? sql`, record_id` : sql`, NULL::int AS record_id`}`.execute(tx);
        const [found] = rows;
        if (!found)
          throw new InvalidError('This code is not known, has been used, or is too old. Check each letter, or ask for a new one.', 'code');
        note({ kind: about, id: found.who });
        const own = room === 'support' ? sql`, ${found.record_id}` : sql``;
        await sql`INSERT INTO ${access} (account_key, ${column}${record}) VALUES (${actor.self ?? ''}, ${found.who}${own})
          ON CONFLICT (account_key) DO UPDATE SET ${column} = excluded.${column}, since = now()${room === 'support' ? sql`, record_id = excluded.record_id` : sql``}`.execute(
          tx,
        );
        // What an earlier account chose was not theirs to choose.
        await onOther(tx, found.who);
        return null;
      },
    },
    end: {
      name: 'access.end',
      room,
      purpose,
      async run({ tx, note }, _services, { id }) {
        note({ kind: about, id });
        const { numAffectedRows } = await sql`DELETE FROM ${access} WHERE ${column} = ${id}`.execute(tx);
        await onOther(tx, id);
        // A code that was given out and not used yet opens nothing either.
        const codes = await sql`UPDATE ${invitations} SET used_at = now() WHERE ${column} = ${id} AND used_at IS NULL`.execute(tx);
        const ended = Number(numAffectedRows ?? 0) + Number(codes.numAffectedRows ?? 0);
        if (ended === 0) throw new NotFoundError('Nobody has access to this.');
        return { ended };
      },
    },
    async whoAmI(tx) {
      const { rows } = await sql<{ who: number }>`SELECT ${column} AS who FROM ${access}`.execute(tx);
      return rows[0]?.who ?? null;
    },
  };
}
