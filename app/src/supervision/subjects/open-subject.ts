import { type ActionContext, NotFoundError } from '../../platform/action.ts';
import { noteSubject } from './note-subject.ts';

/** What stands at the head of every page about somebody. */
export interface SubjectHead {
  id: number;
  name: string;
  reference: string;
  fictional: boolean;
}

/**
 * Opens somebody's case for an action: it stands on record, and whoever goes into another's case has to have said why.
 *
 * @throws NotFoundError where there is no such subject, or this actor may not know of them
 * @throws AskFirstError where the reason is missing
 */
export async function openSubject(context: Pick<ActionContext, 'tx' | 'actor' | 'access' | 'note'>, id: number): Promise<SubjectHead> {
  context.note({ kind: 'subject', id });
  await noteSubject(context, { subject: id });
  const subject = await context.tx
    .selectFrom('supervision.subjects')
    .select(['id', 'name', 'reference', 'fictional'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (!subject) throw new NotFoundError('There is no such subject.');
  return subject;
}
