import type { Action } from '../../platform/action.ts';
import { containing } from '../../platform/containing.ts';

export interface FoundAtDoor {
  subject_id: number;
  subject: string;
  reference: string;
  /** What they wear now. */
  wearing: number | null;
  tag: string | null;
  /** Whether an order is in force under which a tag can be fitted. */
  order: boolean;
}

/** People by name, reference, or the serial number of the tag they wear, for an officer at the door. At most ten. */
export const findAtDoor: Action<null, { search: string }, { rows: FoundAtDoor[] }> = {
  name: 'subject.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }, _services, { search }) {
    if (search.trim() === '') return { rows: [] };
    const like = containing(search.trim());
    const now = new Date();
    const rows = await tx
      .selectFrom('supervision.subjects as s')
      .leftJoin('supervision.wearings as w', (join) => join.onRef('w.subject_id', '=', 's.id').on('w.ends_at', 'is', null))
      .leftJoin('supervision.tags as t', 't.id', 'w.tag_id')
      .select((eb) => [
        's.id as subject_id',
        's.name as subject',
        's.reference',
        'w.id as wearing',
        't.serial as tag',
        eb
          .exists(
            eb
              .selectFrom('supervision.orders as o')
              .select('o.id')
              .whereRef('o.subject_id', '=', 's.id')
              .where('o.starts_at', '<=', now)
              .where((own) => own.or([own('o.ends_at', 'is', null), own('o.ends_at', '>', now)])),
          )
          .as('order'),
      ])
      .where((eb) => eb.or([eb('s.name', 'ilike', like), eb('s.reference', 'ilike', like), eb('t.serial', 'ilike', like)]))
      .orderBy('s.name')
      .limit(10)
      .execute();
    note(null, { shown: rows.length });
    return { rows: rows.map((row) => ({ ...row, order: Boolean(row.order) })) };
  },
};
