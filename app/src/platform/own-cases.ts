import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from './action.ts';
import type { Tx } from './database.ts';
import type { Half } from './own-access.ts';

export const caseKinds = ['something is wrong', 'talk to a human', 'stop the support', 'a copy of my data'] as const;
export type CaseKind = (typeof caseKinds)[number];

/** Something that a person asks or says, and what became of it. Days as `YYYY-MM-DD`. */
export interface CaseView {
  id: number;
  who: number;
  kind: CaseKind;
  about: string;
  said: string;
  openedAt: Date;
  dueOn: string;
  owner: string | null;
  reply: string | null;
  repliedBy: string | null;
  repliedAt: Date | null;
}

/** An answer is due within a month, as for any request about one's own data (UK GDPR, article 12). */
const answerWithin = '1 month';

export interface OwnCases {
  /** Opens a case: from now on its clock runs. */
  open(tx: Tx, given: { who: number; kind: CaseKind; about: string; said: string; today: string; record?: number | null }): Promise<number>;
  /** The person's own cases, the newest first. */
  mine(tx: Tx): Promise<CaseView[]>;
  /** Cases that wait for an answer, the most urgent first, and after them those answered. */
  list: Action<null, { limit: number; offset: number }, { rows: CaseView[]; total: number; open: number }>;
  /** A named person takes a case, or answers it. The person reads the answer. */
  answer: Action<null, { id: number; take: boolean; reply: string }, null>;
}

/** What people ask of one half, with a clock and a named owner. */
export function ownCases({ room, purpose, about: kind, who }: Half): OwnCases {
  const table = sql.table(`${room}.own_cases`);
  const columns = sql`id, ${sql.id(who)} AS who, kind, about, said, opened_at AS "openedAt", to_char(due_on, 'YYYY-MM-DD') AS "dueOn",
    owner_name AS owner, reply, replied_by AS "repliedBy", replied_at AS "repliedAt"`;
  return {
    async open(tx, given) {
      if (given.said.trim().length < 3) throw new InvalidError('Tell us in a few words.', 'said');
      const anchor = room === 'support' ? [sql`, record_id`, sql`, ${given.record ?? null}`] : [sql``, sql``];
      const { rows } = await sql<{ id: number }>`
        INSERT INTO ${table} (${sql.id(who)}, kind, about, said, due_on${anchor[0]})
        VALUES (${given.who}, ${given.kind}, ${given.about.slice(0, 300)}, ${given.said.trim().slice(0, 4000)},
          (${given.today}::date + ${answerWithin}::interval)::date${anchor[1]}) RETURNING id`.execute(tx);
      return rows[0]?.id as number;
    },
    async mine(tx) {
      return (await sql<CaseView>`SELECT ${columns} FROM ${table} ORDER BY id DESC`.execute(tx)).rows;
    },
    list: {
      name: 'case.list',
      room,
      purpose,
      async run({ tx, note }, _services, { limit, offset }) {
        const { rows } = await sql<CaseView>`
          SELECT ${columns} FROM ${table} ORDER BY replied_at IS NOT NULL, CASE WHEN replied_at IS NULL THEN due_on END, id DESC
          LIMIT ${limit} OFFSET ${offset}`.execute(tx);
        const counts = await sql<{ total: number; open: number }>`
          SELECT count(*)::int AS total, count(*) FILTER (WHERE replied_at IS NULL)::int AS open FROM ${table}`.execute(tx);
        note(null, { shown: rows.length });
        return { rows, total: counts.rows[0]?.total ?? 0, open: counts.rows[0]?.open ?? 0 };
      },
    },
    answer: {
      name: 'case.answer',
      room,
      purpose,
      async run({ tx, actor, note }, _services, { id, take, reply }) {
        note({ kind: 'case', id });
        const { rows } = await sql<{ who: number; replied_at: Date | null }>`
          SELECT ${sql.id(who)} AS who, replied_at FROM ${table} WHERE id = ${id} FOR UPDATE`.execute(tx);
        const [found] = rows;
        if (!found) throw new NotFoundError('There is no such case.');
        note(null, { [kind]: found.who });
        if (found.replied_at) throw new InvalidError('This has been answered already.', `reply-${id}`);
        if (take) {
          await sql`UPDATE ${table} SET owner_name = ${actor.name} WHERE id = ${id}`.execute(tx);
          return null;
        }
        if (reply.trim().length < 10) throw new InvalidError('Write the answer in a sentence or more. The person reads it.', `reply-${id}`);
        await sql`UPDATE ${table} SET owner_name = coalesce(owner_name, ${actor.name}), reply = ${reply.trim().slice(0, 4000)},
          replied_by = ${actor.name}, replied_at = now() WHERE id = ${id}`.execute(tx);
        return null;
      },
    },
  };
}
