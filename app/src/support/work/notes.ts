import { type Action, type ActionContext, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { anchorOf } from '../offers/index.ts';
import type { NoteReaders } from '../schema/tables.ts';

export const noteReaders: readonly NoteReaders[] = ['the person and the team', 'the team', 'leads only'];

export interface NoteView {
  id: number;
  note: string;
  seenBy: NoteReaders;
  byName: string;
  at: Date;
  isOwn: boolean;
}

/** Notes and tasks are for those who work with the person, not for whoever runs the machine. */
export function isOfTheTeam(role: ActionContext['actor']['role']): boolean {
  return role === 'support-worker' || role === 'support-lead';
}

/**
 * The notes on a person that the reader may see, the newest first: leads see all, others what is for the team, and everybody
 * what they wrote themselves.
 */
export async function notesOf(tx: Tx, { id, role }: ActionContext['actor'], person: number): Promise<NoteView[]> {
  if (!isOfTheTeam(role)) return [];
  let query = tx
    .selectFrom('support.notes')
    .select(['id', 'note', 'seen_by as seenBy', 'by_name as byName', 'at', 'by_id'])
    .where('person_id', '=', person)
    .where('taken_back_at', 'is', null);
  if (role !== 'support-lead') query = query.where((where) => where.or([where('seen_by', '<>', 'leads only'), where('by_id', '=', id)]));
  const rows = await query.orderBy('id', 'desc').execute();
  return rows.map(({ by_id, ...row }) => ({ ...row, isOwn: by_id === id }));
}

/** Writes a note on a person and says who may read it. */
export const writeNote: Action<null, { person: number; text: string; seenBy: string }, null> = {
  name: 'note.write',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { person, text, seenBy }) {
    note({ kind: 'person', id: person });
    const readers = noteReaders.find((own) => own === seenBy);
    if (!readers) throw new InvalidError('Choose who may read the note.', 'seen-by');
    if (text.trim().length < 3) throw new InvalidError('Write the note.', 'note');
    const record = await anchorOf(tx, person);
    if (record === null) throw new NotFoundError('There is no such person.');
    note(null, { seenBy: readers });
    await tx
      .insertInto('support.notes')
      .values({
        person_id: person,
        record_id: record,
        note: text.trim().slice(0, 4000),
        seen_by: readers,
        by_id: actor.id,
        by_name: actor.name,
        taken_back_at: null,
      })
      .execute();
    return null;
  },
};

/** An author takes a note back: nobody reads it any more. */
export const takeBackNote: Action<null, { person: number; id: number }, null> = {
  name: 'note.take-back',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { person, id }) {
    note({ kind: 'person', id: person });
    const { numUpdatedRows } = await tx
      .updateTable('support.notes')
      .set({ taken_back_at: new Date() })
      .where('id', '=', id)
      .where('person_id', '=', person)
      .where('by_id', '=', actor.id)
      .where('taken_back_at', 'is', null)
      .executeTakeFirst();
    if (Number(numUpdatedRows) === 0) throw new NotFoundError('There is no such note of yours.');
    return null;
  },
};
