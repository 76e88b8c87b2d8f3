import type { ActionContext } from '../../platform/action.ts';
import type {} from '../schema/tables.ts';

/**
 * Has every wearing of some subjects watched again, because zones, hours or absences have changed. Put on record with the change, so
 * that it is not forgotten whatever happens next, and told to whoever watches.
 */
export async function watchAgain({ tx, tell }: Pick<ActionContext, 'tx' | 'tell'>, ...subjects: readonly number[]): Promise<void> {
  const wearings = await tx
    .selectFrom('supervision.wearings')
    .select('id')
    .where('subject_id', 'in', [0, ...subjects])
    .execute();
  if (wearings.length === 0) return;
  await tx
    .insertInto('supervision.watch_again')
    .values(wearings.map(({ id }) => ({ wearing_id: id })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  tell(
    'supervision.rules',
    wearings.map(({ id }) => id),
  );
}
