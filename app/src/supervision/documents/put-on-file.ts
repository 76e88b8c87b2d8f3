import { createHash } from 'node:crypto';
import type { ActionContext } from '../../platform/action.ts';

export const documentKinds = ['photo', 'order', 'letter', 'report', 'other'] as const;

export interface NewDocument {
  subjectId: number;
  kind: (typeof documentKinds)[number];
  title: string;
  mediaType: string;
  bytes: Buffer;
}

/** Puts content on somebody's file, under the name of whoever does it. The person can read it. */
export async function putOnFile(
  { tx, actor, note }: ActionContext,
  { subjectId, kind, title, mediaType, bytes }: NewDocument,
): Promise<{ id: number }> {
  const row = await tx
    .insertInto('supervision.documents')
    .values({
      subject_id: subjectId,
      kind,
      title,
      media_type: mediaType,
      bytes,
      size: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      by_name: actor.name,
      removed_at: null,
      removed_by: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  note(null, { document: row.id });
  return row;
}
