import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { supervisionAccess } from '../own/index.ts';
import { noteSubject, openSubject, type SubjectHead } from '../subjects/index.ts';
import { documentKinds, putOnFile } from './put-on-file.ts';
import { readFile } from './read-file.ts';

export interface DocumentRow {
  id: number;
  kind: string;
  title: string;
  mediaType: string;
  size: number;
  byName: string;
  at: Date;
  removedAt: Date | null;
  removedBy: string | null;
}

export interface OpenDocument {
  title: string;
  mediaType: string;
  bytes: Buffer;
}

const columns = [
  'id',
  'kind',
  'title',
  'media_type as mediaType',
  'size',
  'by_name as byName',
  'at',
  'removed_at as removedAt',
  'removed_by as removedBy',
] as const;

/** What is on file of a subject: the latest first, what was removed by its name alone. */
export const listDocuments: Action<null, { subjectId: number }, { subject: SubjectHead; documents: DocumentRow[] }> = {
  name: 'document.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run(context, _services, { subjectId }) {
    const subject = await openSubject(context, subjectId);
    const documents = await context.tx
      .selectFrom('supervision.documents')
      .select(columns)
      .where('subject_id', '=', subjectId)
      .orderBy('id', 'desc')
      .execute();
    return { subject, documents };
  },
};

/** Puts a file on record. The person can read it. */
export const addDocument: Action<null, { subjectId: number; kind: string; title: string; bytes: Buffer }, { id: number }> = {
  name: 'document.keep',
  room: 'supervision',
  purpose: 'monitoring',
  async run(context, _services, { subjectId, kind, title, bytes }) {
    await openSubject(context, subjectId);
    const own = documentKinds.find((each) => each === kind);
    if (!own) throw new InvalidError('Choose what it is.', 'kind');
    const name = title.trim() || (own === 'photo' ? 'Photo' : '');
    if (name.length < 2 || name.length > 120) throw new InvalidError('Say in 2 to 120 characters what it is.', 'title');
    const file = readFile(bytes);
    if (own === 'photo' && file.mediaType === 'application/pdf') throw new InvalidError('A photo is a JPEG or PNG picture.', 'file');
    return putOnFile(context, { subjectId, kind: own, title: name, ...file });
  },
};

/** Takes a file off the record: its content goes for good, that there was one stays. */
export const removeDocument: Action<null, { id: number }, { subjectId: number }> = {
  name: 'document.keep',
  room: 'supervision',
  purpose: 'monitoring',
  async run(context, _services, { id }) {
    const { tx, actor, note } = context;
    const found = await tx
      .selectFrom('supervision.documents')
      .select('subject_id')
      .where('id', '=', id)
      .where('removed_at', 'is', null)
      .executeTakeFirst();
    if (!found) throw new NotFoundError('There is no such document.');
    note({ kind: 'subject', id: found.subject_id }, { removed: id });
    await noteSubject(context, { subject: found.subject_id });
    await tx
      .updateTable('supervision.documents')
      .set({ removed_at: new Date(), removed_by: actor.name, bytes: Buffer.alloc(0) })
      .where('id', '=', id)
      .execute();
    return { subjectId: found.subject_id };
  },
};

async function bytesOf(tx: Tx, id: number): Promise<(OpenDocument & { subjectId: number }) | null> {
  const found = await tx
    .selectFrom('supervision.documents')
    .select(['subject_id as subjectId', 'title', 'media_type as mediaType', 'bytes'])
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return found ? { ...found, bytes: Buffer.from(found.bytes) } : null;
}

/** @param only a kind of file that it must be, by the beginning of its type */
export const openDocument: Action<null, { id: number; only?: string }, OpenDocument & { subjectId: number }> = {
  name: 'document.open',
  room: 'supervision',
  purpose: 'monitoring',
  async run(context, _services, { id, only = '' }) {
    const found = await bytesOf(context.tx, id);
    if (!found?.mediaType.startsWith(only)) throw new NotFoundError('There is no such document.');
    context.note({ kind: 'subject', id: found.subjectId }, { document: id });
    await noteSubject(context, { subject: found.subjectId });
    return found;
  },
};

/** The latest photo of whom an alert is about, for whoever acts on it: that asks for no reason. */
export const openAlertPhoto: Action<null, { alert: number }, OpenDocument> = {
  name: 'document.open',
  room: 'supervision',
  purpose: 'monitoring',
  async run(context, _services, { alert }) {
    context.note({ kind: 'alert', id: alert });
    await noteSubject(context, { alert });
    const photo = await context.tx
      .selectFrom('supervision.documents as d')
      .innerJoin('supervision.wearings as w', 'w.subject_id', 'd.subject_id')
      .innerJoin('supervision.alerts as a', 'a.wearing_id', 'w.id')
      .select('d.id')
      .where('a.id', '=', alert)
      .where('d.kind', '=', 'photo')
      .where('d.removed_at', 'is', null)
      .orderBy('d.id', 'desc')
      .limit(1)
      .executeTakeFirst();
    const found = photo && (await bytesOf(context.tx, photo.id));
    if (!found) throw new NotFoundError('There is no photo.');
    return found;
  },
};

/** What is on file of the wearer who looks; null where no code has been entered. */
export const readOwnDocuments: Action<null, null, DocumentRow[] | null> = {
  name: 'own.tag',
  room: 'supervision',
  purpose: 'self',
  async run({ tx }) {
    if ((await supervisionAccess.whoAmI(tx)) === null) return null;
    return tx.selectFrom('supervision.documents').select(columns).orderBy('id', 'desc').execute();
  },
};

/** One of them. The database shows nobody another's. */
export const openOwnDocument: Action<null, { id: number }, OpenDocument> = {
  name: 'own.tag',
  room: 'supervision',
  purpose: 'self',
  async run({ tx }, _services, { id }) {
    const found = (await supervisionAccess.whoAmI(tx)) === null ? null : await bytesOf(tx, id);
    if (!found) throw new NotFoundError('There is nothing like that here.');
    return found;
  },
};
