import { type Action, InvalidError, NotFoundError } from '../../../platform/action.ts';
import type { Tx } from '../../../platform/database.ts';
import { areasIn, faultOfArea } from '../../facts/index.ts';
import { anchorOf } from '../../offers/index.ts';
import type {} from '../../schema/tables.ts';

const areasAtMost = 12;

/** Where a person said they can get to, the easiest first. Asked of them; never worked out from an address. */
export async function reachOf(tx: Tx, person: number): Promise<{ areas: string[]; byName: string; at: Date } | null> {
  const found = await tx
    .selectFrom('support.reach')
    .select(['areas', 'by_name as byName', 'at'])
    .where('person_id', '=', person)
    .orderBy('id', 'desc')
    .executeTakeFirst();
  return found ?? null;
}

/** Records where a person said they can get to. An empty list: only what comes to them, or is for everywhere. */
export const recordReach: Action<null, { person: number; areas: string }, null> = {
  name: 'reach.record',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { person, areas }) {
    note({ kind: 'person', id: person });
    const named = areasIn(areas);
    const fault = named.map(faultOfArea).find((own) => own !== null);
    if (fault) throw new InvalidError(fault, 'areas');
    if (named.length > areasAtMost) throw new InvalidError(`Name at most ${areasAtMost} areas, the easiest first.`, 'areas');
    const record = await anchorOf(tx, person);
    if (record === null) throw new NotFoundError('There is no such person.');
    await tx
      .insertInto('support.reach')
      .values({ person_id: person, record_id: record, areas: JSON.stringify(named), by_name: actor.name })
      .execute();
    return null;
  },
};
