import type { Actor } from '../../platform/access.ts';
import { type Action, InvalidError, NotFoundError, type Performer } from '../../platform/action.ts';
import { exportEvidencePack, type LeavingPack, readEvidencePack } from './leave-pack.ts';
import type { PackServices } from './make-pack.ts';
import { requestStamp, StampError, type TimeStamp } from './request-stamp.ts';

export interface StoredStamp {
  id: number;
  authority: string;
  stampedAt: Date;
  by: string;
}

const keepStamp: Action<null, { id: number; authority: string; stamp: TimeStamp }, null> = {
  name: 'evidence.stamp',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note }, _services, { id, authority, stamp }) {
    note({ kind: 'evidence', id }, { authority, at: stamp.at.toISOString() });
    await tx
      .insertInto('supervision.evidence_stamps')
      .values({ pack_id: id, answer: stamp.answer, authority, stamped_at: stamp.at, by_name: actor.name })
      .execute();
    return null;
  },
};

/**
 * Has an authority outside stamp the signed data of a pack, as it leaves; its fingerprint is all that is sent. Nobody waits for the
 * authority with the database held.
 * @throws InvalidError where the pack may not leave, or the authority does not stamp it
 */
export async function stampPack(
  performer: Performer,
  actor: Actor,
  services: PackServices,
  { id, url }: { id: number; url: string },
): Promise<Date> {
  const { file } = await performer.perform(actor, exportEvidencePack, services, { id, format: 'jws' });
  const authority = new URL(url).host;
  let stamp: TimeStamp;
  try {
    stamp = await requestStamp(url, Buffer.from(file));
  } catch (error) {
    if (!(error instanceof StampError)) throw error;
    throw new InvalidError(`${authority} gave no time stamp: ${error.message}. The pack is as it was; try again later.`, 'stamp');
  }
  await performer.perform(actor, keepStamp, null, { id, authority, stamp });
  return stamp.at;
}

/** The pack with its time stamps, the first first. */
export const readStampedPack: Action<
  PackServices,
  { id: number },
  Awaited<ReturnType<typeof readEvidencePack.run>> & { stamps: StoredStamp[] }
> = {
  name: 'evidence.read',
  room: 'supervision',
  purpose: 'crime-matching',
  async run(context, services, input) {
    const pack = await readEvidencePack.run(context, services, input);
    const stamps = await context.tx
      .selectFrom('supervision.evidence_stamps')
      .select(['id', 'authority', 'stamped_at as stampedAt', 'by_name as by'])
      .where('pack_id', '=', input.id)
      .orderBy('id')
      .execute();
    return { ...pack, stamps };
  },
};

/** An authority's answer as a file, for the same data that it stamped. */
export const exportStamp: Action<
  PackServices,
  { id: number; stamp: number },
  { answer: Uint8Array; content: Awaited<ReturnType<typeof readEvidencePack.run>>['content'] }
> = {
  name: 'evidence.export',
  room: 'supervision',
  purpose: 'crime-matching',
  async run(context, services, { id, stamp }) {
    const { content } = await exportEvidencePack.run(context, services, { id, format: 'jws' });
    context.note(null, { stamp });
    const row = await context.tx
      .selectFrom('supervision.evidence_stamps')
      .select('answer')
      .where('id', '=', stamp)
      .where('pack_id', '=', id)
      .executeTakeFirst();
    if (!row) throw new NotFoundError('There is no such time stamp.');
    return { answer: row.answer, content };
  },
};

/** The pack as a witness statement has it: by somebody who signs, and never by a program. With its first time stamp, if it has one. */
export const writeStatementOf: Action<
  PackServices,
  { id: number },
  LeavingPack & { stamp: { answer: Uint8Array; authority: string; stampedAt: Date } | null }
> = {
  name: 'statement.write',
  room: 'supervision',
  purpose: 'crime-matching',
  async run(context, services, { id }) {
    const pack = await exportEvidencePack.run(context, services, { id, format: 'docx' });
    const stamp = await context.tx
      .selectFrom('supervision.evidence_stamps')
      .select(['answer', 'authority', 'stamped_at as stampedAt'])
      .where('pack_id', '=', id)
      .orderBy('id')
      .executeTakeFirst();
    return { ...pack, stamp: stamp ?? null };
  },
};
