import type { Tx } from '../../platform/database.ts';
import type { WaitingErasure } from '../../platform/erase-tree.ts';

/** What was decided and is not done yet; null where nothing is. */
export async function waitingErasure(tx: Tx, person: number, reader: string): Promise<WaitingErasure | null> {
  const found = await tx
    .selectFrom('support.erasures')
    .select(['by_name as byName', 'by_id as byId', 'reason', 'at', 'agreed_by as agreedBy'])
    .where('person_id', '=', person)
    .where('done_at', 'is', null)
    .orderBy('id', 'desc')
    .executeTakeFirst();
  if (!found) return null;
  const { byId, ...rest } = found;
  return { ...rest, isOwn: byId === reader };
}
