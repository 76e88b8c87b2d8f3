import { sql } from 'kysely';
import type { AccessPolicy, PolicyText } from '../platform/access.ts';
import type { Action } from '../platform/action.ts';
import type {} from '../platform/database.ts';

export interface AuditRow {
  seq: number;
  at: Date;
  actor: string;
  actor_name: string;
  role: string;
  purpose: string;
  action: string;
  about_kind: string | null;
  about_id: string | null;
  outcome: string;
  detail: Record<string, unknown>;
}

export interface AuditQuery {
  search?: string;
  action?: string;
  outcome?: string;
  limit: number;
  offset: number;
}

/** Who did what, when and for which purpose; newest first. */
export const listAudit: Action<null, AuditQuery, { rows: AuditRow[]; total: number; actions: string[] }> = {
  name: 'audit.list',
  room: 'oversight',
  purpose: 'oversight',
  async run({ tx, note }, _services, { search, action, outcome, limit, offset }) {
    let base = tx.selectFrom('oversight.audit_entries');
    if (search) {
      const like = `%${search.replace(/[%_\\]/g, '\\$&')}%`;
      base = base.where((eb) => eb.or([eb('actor_name', 'ilike', like), eb('actor', 'ilike', like), eb('about_id', '=', search)]));
    }
    if (action) base = base.where('action', '=', action);
    if (outcome) base = base.where('outcome', '=', outcome);
    const { total } = await base.select(sql<number>`count(*)::int`.as('total')).executeTakeFirstOrThrow();
    const rows = await base
      .select(['seq', 'at', 'actor', 'actor_name', 'role', 'purpose', 'action', 'about_kind', 'about_id', 'outcome', 'detail'])
      .orderBy('seq', 'desc')
      .limit(limit)
      .offset(offset)
      .execute();
    const actions = await tx.selectFrom('oversight.audit_entries').select('action').distinct().orderBy('action').execute();
    note(null, { shown: rows.length });
    return { rows: rows as AuditRow[], total, actions: actions.map((row) => row.action) };
  },
};

/** Leaves its own entry; the walk over the chain itself follows outside this transaction. */
export const askForAuditCheck: Action<null, null, null> = {
  name: 'audit.verify',
  room: 'oversight',
  purpose: 'oversight',
  run: async () => null,
};

/** The access policies as they are in force. */
export const readPolicy: Action<{ access: AccessPolicy }, null, PolicyText[]> = {
  name: 'policy.read',
  room: 'oversight',
  purpose: 'oversight',
  run: async (_context, { access }) => access.policies,
};
