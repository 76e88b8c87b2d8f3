import { sql } from 'kysely';
import { type Action, InvalidError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';

/** Up to when somebody has looked, and what they had said before that, which can be brought back. */
export interface LastLook {
  at: Date;
  before: Date | null;
}

export async function lastLook(tx: Tx, actor: string): Promise<LastLook | null> {
  return (await tx.selectFrom('supervision.crime_looks').select(['at', 'before']).where('actor', '=', actor).executeTakeFirst()) ?? null;
}

/** Says that everything that had come up to a moment has been looked at: the moment at which the list was shown, so that nothing falls between. */
export const markLooked: Action<null, { upto: number; now: number }, LastLook> = {
  name: 'crime.looked',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note }, _services, { upto, now }) {
    note(null);
    const known = await lastLook(tx, actor.id);
    if (!Number.isFinite(upto) || upto > now || upto < (known?.at.getTime() ?? 0))
      throw new InvalidError('Open the list of crimes anew, and say it there: this one is older than what you said last.', 'looked');
    const at = new Date(upto);
    await tx
      .insertInto('supervision.crime_looks')
      .values({ actor: actor.id, at, before: null })
      .onConflict((conflict) => conflict.column('actor').doUpdateSet({ at, before: sql`crime_looks.at` }))
      .execute();
    note({ kind: 'last look', id: actor.id });
    return { at, before: known?.at ?? null };
  },
};

/** Takes back what was said last. */
export const unmarkLooked: Action<null, null, LastLook> = {
  name: 'crime.looked',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note }) {
    note(null);
    const known = await lastLook(tx, actor.id);
    if (!known?.before) throw new InvalidError('There is nothing to take back.', 'looked');
    await tx.updateTable('supervision.crime_looks').set({ at: known.before, before: null }).where('actor', '=', actor.id).execute();
    note({ kind: 'last look', id: actor.id });
    return { at: known.before, before: null };
  },
};
