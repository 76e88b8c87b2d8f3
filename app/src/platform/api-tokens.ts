import { createHash, randomBytes } from 'node:crypto';
import { type Actor, purposeOf, roles, type StaffRole } from './access.ts';
import { type Action, InvalidError, NotFoundError } from './action.ts';
import { type Database, type Room, withPurpose } from './database.ts';
import { actionsOf, scopesIn, storedScopes, tokenScopes } from './token-scopes.ts';

const rooms: readonly Room[] = ['supervision', 'support', 'oversight'];

export interface ApiTokenRow {
  id: number;
  name: string;
  role: string;
  /** What it is for; null where it is for all that its role may. */
  scopes: string[] | null;
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
}

export interface NewToken {
  name: string;
  role: string;
  /** What it is for, by name; empty for all that its role may. */
  scopes?: readonly string[];
  /** After how many days it ends by itself; a year where it is not said. */
  days?: number;
}

const daysAtMost = 731;
const usualDays = 365;
const dayMs = 86_400_000;

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** A token with which a program acts in one role, for that role's purpose, until its day. The secret is shown once. */
export const issueApiToken: Action<null, NewToken, { token: string; until: Date }> = {
  name: 'token.issue',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, access, note }, _services, { name, role, scopes = [], days = usualDays }) {
    if (!(roles as readonly string[]).includes(role)) throw new InvalidError(`Choose a role: ${roles.join(', ')}.`, 'role');
    if (name.trim().length < 2) throw new InvalidError('Enter a name that says which program uses the token.', 'name');
    if (!Number.isInteger(days) || days < 1 || days > daysAtMost)
      throw new InvalidError(`Enter after how many days it ends: 1 to ${daysAtMost}.`, 'days');
    const program = { id: 'token:', role: role as StaffRole, purpose: purposeOf[role as StaffRole] };
    for (const scope of scopes) {
      const actions = Object.hasOwn(tokenScopes, scope) ? tokenScopes[scope] : undefined;
      if (!actions) throw new InvalidError(`There is no “${scope}”. Choose from: ${Object.keys(tokenScopes).join('; ')}.`, 'scopes');
      if (!actions.some((action) => rooms.some((room) => access.decide(program, action, program.purpose, room).allowed)))
        throw new InvalidError(`A program of this role cannot “${scope}” at all. Leave it out, or choose another role.`, 'scopes');
    }
    const until = new Date(Date.now() + days * dayMs);
    const token = `wm_${randomBytes(32).toString('base64url')}`;
    const row = await tx
      .insertInto('platform.api_tokens')

      .values({
        name: name.trim().slice(0, 100),
        role,
        hash: hashOf(token),
        scopes: storedScopes(scopes),
        expires_at: until,
        revoked_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'token', id: row.id }, { role, days, ...(scopes.length > 0 ? { scopes: scopes.join(', ') } : {}) });
    return { token, until };
  },
};

export const listApiTokens: Action<null, null, ApiTokenRow[]> = {
  name: 'token.list',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx }) {
    const rows = await tx
      .selectFrom('platform.api_tokens')
      .select(['id', 'name', 'role', 'scopes', 'created_at', 'expires_at', 'revoked_at'])
      .orderBy('id')
      .execute();
    return rows.map((row) => ({ ...row, scopes: scopesIn(row.scopes) }));
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
      .select(['id', 'name', 'role', 'scopes'])
      .where('hash', '=', hashOf(token))
      .where('revoked_at', 'is', null)
      .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', new Date())]))
      .executeTakeFirst();
    if (!row) return null;
    const role = row.role as StaffRole;
    return { id: `token:${row.id}`, name: row.name, role, purpose: purposeOf[role], may: actionsOf(row.scopes) };
  });
}
