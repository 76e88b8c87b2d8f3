import { createHash, randomBytes } from 'node:crypto';
import { type Actor, purposeOf, roles, type StaffRole } from './access.ts';
import { type Action, InvalidError, NotFoundError } from './action.ts';
import { type Database, withPurpose } from './database.ts';

export interface ApiTokenRow {
  id: number;
  name: string;
  role: string;
  created_at: Date;
  revoked_at: Date | null;
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** A token with which a program acts in one role, for that role's purpose. The secret is shown once. */
export const issueApiToken: Action<null, { name: string; role: string }, { token: string }> = {
  name: 'token.issue',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, note }, _services, { name, role }) {
    if (!(roles as readonly string[]).includes(role)) throw new InvalidError(`Choose a role: ${roles.join(', ')}.`, 'role');
    if (name.trim().length < 2) throw new InvalidError('Enter a name that says which program uses the token.', 'name');
    const token = `wm_${randomBytes(32).toString('base64url')}`;
    const row = await tx
      .insertInto('platform.api_tokens')
      .values({ name: name.trim().slice(0, 100), role, hash: hashOf(token), revoked_at: null })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'token', id: row.id }, { role });
    return { token };
  },
};

export const listApiTokens: Action<null, null, ApiTokenRow[]> = {
  name: 'token.list',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx }) {
    return tx.selectFrom('platform.api_tokens').select(['id', 'name', 'role', 'created_at', 'revoked_at']).orderBy('id').execute();
  },
};

export const revokeApiToken: Action<null, { id: number }, null> = {
  name: 'token.revoke',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, note }, _services, { id }) {
    note({ kind: 'token', id });
    const row = await tx
      .updateTable('platform.api_tokens')
      .set({ revoked_at: new Date() })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (!row) throw new NotFoundError('There is no such token, or it has ended already.');
    return null;
  },
};

/** Who a token acts for, or null. */
export async function actorOfToken(db: Database, token: string): Promise<Actor | null> {
  return withPurpose(db, 'supervision', 'sign-in', async (tx) => {
    const row = await tx
      .selectFrom('platform.api_tokens')
      .select(['id', 'name', 'role'])
      .where('hash', '=', hashOf(token))
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    if (!row) return null;
    const role = row.role as StaffRole;
    return { id: `token:${row.id}`, name: row.name, role, purpose: purposeOf[role] };
  });
}
