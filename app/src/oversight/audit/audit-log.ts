import { type Selectable, sql } from 'kysely';
import type { AccessPolicy, PolicyText } from '../../platform/access.ts';
import { type Action, InvalidError } from '../../platform/action.ts';
import { containing } from '../../platform/containing.ts';
import type { Tables, Tx } from '../../platform/database.ts';
import { isDay } from '../../platform/days.ts';

const shown = ['seq', 'at', 'actor', 'actor_name', 'role', 'purpose', 'action', 'about_kind', 'about_id', 'outcome', 'detail'] as const;
/** An entry as it is listed. */
export type AuditRow = Pick<Selectable<Tables['oversight.audit_entries']>, (typeof shown)[number]>;

export interface AuditQuery {
  search?: string;
  action?: string;
  outcome?: string;
  purpose?: string;
  /** Whose entries, by the account. */
  actor?: string;
  /** Kind and number of what they are about, such as `subject 12`. */
  about?: string;
  /** First and last day on the clock, `YYYY-MM-DD`. */
  from?: string;
  to?: string;
  limit: number;
  offset: number;
}

/** Entries that a question is about. */
function entriesOf(tx: Tx, { search, action, outcome, purpose, actor, about, from, to }: AuditQuery, timeZone: string) {
  let base = tx.selectFrom('oversight.audit_entries');
  if (search) {
    const like = containing(search);
    base = base.where((eb) => eb.or([eb('actor_name', 'ilike', like), eb('actor', 'ilike', like), eb('about_id', '=', search)]));
  }
  if (action) base = base.where('action', '=', action);
  if (outcome) base = base.where('outcome', '=', outcome);
  if (purpose) base = base.where('purpose', '=', purpose);
  if (actor) base = base.where('actor', '=', actor);
  if (about) {
    const [, kind = '', id = ''] = /^(.*) (\S+)$/.exec(about.trim()) ?? [];
    // A look at an alert or a record is a look at its person: their number stands in the detail.
    base = base.where((eb) =>
      eb.or([eb.and([eb('about_kind', '=', kind), eb('about_id', '=', id)]), sql<boolean>`detail ->> ${kind}::text = ${id}::text`]),
    );
  }
  const midnight = (day: string, days: number) => sql<Date>`((${day}::date + ${days}::int)::timestamp AT TIME ZONE ${timeZone}::text)`;
  if (from) base = base.where('at', '>=', midnight(from, 0));
  if (to) base = base.where('at', '<', midnight(to, 1));
  return base;
}

function checkDays({ from, to }: AuditQuery): void {
  for (const [field, day] of [
    ['from', from],
    ['to', to],
  ] as const) {
    if (day && !isDay(day)) throw new InvalidError(`“${day.slice(0, 40)}” is no day. Enter one such as 2026-10-31.`, field);
  }
}

/** Who did what, when and for which purpose; newest first. */
export const listAudit: Action<{ timeZone: string }, AuditQuery, { rows: AuditRow[]; total: number; actions: string[] }> = {
  name: 'audit.list',
  room: 'oversight',
  purpose: 'oversight',
  async run({ tx, note }, { timeZone }, query) {
    checkDays(query);
    const base = entriesOf(tx, query, timeZone);
    const { total } = await base.select(sql<number>`count(*)::int`.as('total')).executeTakeFirstOrThrow();
    const rows = await base.select(shown).orderBy('seq', 'desc').limit(query.limit).offset(query.offset).execute();
    const actions = await tx.selectFrom('oversight.audit_entries').select('action').distinct().orderBy('action').execute();
    note(null, { shown: rows.length });
    return { rows, total, actions: actions.map((row) => row.action) };
  },
};

/** Entries that one file of the audit may have. */
export const exportedAtMost = 50_000;

/** The same as a list to take away: whoever takes it is on record with what they asked for. */
export const exportAudit: Action<{ timeZone: string }, Omit<AuditQuery, 'limit' | 'offset'>, AuditRow[]> = {
  name: 'audit.export',
  room: 'oversight',
  purpose: 'oversight',
  async run({ tx, note }, { timeZone }, query) {
    checkDays({ ...query, limit: 0, offset: 0 });
    const rows = await entriesOf(tx, { ...query, limit: 0, offset: 0 }, timeZone)
      .select(shown)
      .orderBy('seq', 'desc')
      .limit(exportedAtMost)
      .execute();
    note(null, { rows: rows.length, asked: query });
    return rows;
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
