import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type { MailedFile } from '../schema/tables.ts';

export interface MessageRow {
  id: number;
  address: string;
  who: string | null;
  subject: string;
  at: Date;
  state: 'read' | 'not read';
  why: string;
  files: MailedFile[];
  answer: string;
  answerState: string;
}

/** Messages that came to the mailbox, the latest first, with what went in of each and what was answered. */
export const listMessages: Action<null, { limit: number; offset: number }, { rows: MessageRow[]; total: number }> = {
  name: 'mail.list',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }, _services, { limit, offset }) {
    const { total } = await tx
      .selectFrom('supervision.mail_messages')
      .select(sql<number>`count(*)::int`.as('total'))
      .executeTakeFirstOrThrow();
    const rows = await tx
      .selectFrom('supervision.mail_messages as m')
      .leftJoin('supervision.mail_senders as s', 's.id', 'm.sender_id')
      .select([
        'm.id',
        'm.address',
        's.who',
        'm.subject',
        'm.at',
        'm.state',
        'm.why',
        'm.files',
        'm.answer',
        'm.answer_state as answerState',
      ])
      .orderBy('m.id', 'desc')
      .limit(limit)
      .offset(offset)
      .execute();
    note(null, { shown: rows.length });
    return { rows, total };
  },
};
