import type { Tx } from '../../platform/database.ts';
import type {} from '../schema/tables.ts';

/**
 * Has every wearing of a subject watched again, because zones, hours or absences have changed. Put on record with the change, so
 * that it is not forgotten whatever happens next.
 */
export async function watchAgain(tx: Tx, subject: number): Promise<number[]> {
  const wearings = await tx.selectFrom('supervision.wearings').select('id').where('subject_id', '=', subject).execute();
  if (wearings.length > 0) {
    await tx
      .insertInto('supervision.watch_again')
      .values(wearings.map(({ id }) => ({ wearing_id: id })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  return wearings.map(({ id }) => id);
}
