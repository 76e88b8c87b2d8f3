import type { Action } from '../../platform/action.ts';
import type {} from '../schema/tables.ts';

export interface NewWearer {
  tag: string;
  name: string;
  firstAt: number;
}

/** For trying things out: a fictional subject, an order and an open wearing from its first fix, for each tag not yet known. */
export const registerWearers: Action<null, NewWearer[], { registered: number; orders: number[] }> = {
  name: 'fixes.register',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, note, tell }, _services, wearers) {
    let registered = 0;
    const made: number[] = [];
    for (let i = 0; i < wearers.length; i += 500) {
      const part = wearers.slice(i, i + 500);
      const serials = part.map(({ tag }) => tag);
      const known = new Set(
        (await tx.selectFrom('supervision.tags').select('serial').where('serial', 'in', serials).execute()).map(({ serial }) => serial),
      );
      const fresh = part.filter(({ tag }) => !known.has(tag));
      if (fresh.length === 0) continue;
      const tags = await tx
        .insertInto('supervision.tags')
        .values(fresh.map(({ tag }) => ({ serial: tag, model: 'Fictional', credential_hash: null })))
        .returning(['id', 'serial'])
        .execute();
      const subjects = await tx
        .insertInto('supervision.subjects')
        .values(fresh.map(({ tag, name }) => ({ reference: `F-${tag}`, name, fictional: true })))
        .returning(['id', 'reference'])
        .execute();
      const subjectOf = new Map(subjects.map(({ id, reference }) => [reference, id]));
      const orders = await tx
        .insertInto('supervision.orders')
        .values(
          fresh.map(({ tag, firstAt }) => ({
            subject_id: subjectOf.get(`F-${tag}`) as number,
            kind: 'community order',
            authority: 'Fictional court',
            starts_at: new Date(firstAt),
            ends_at: null,
          })),
        )
        .returning(['id', 'subject_id'])
        .execute();
      const orderOf = new Map(orders.map(({ id, subject_id }) => [subject_id, id]));
      made.push(...orders.map(({ id }) => id));
      const tagOf = new Map(tags.map(({ id, serial }) => [serial, id]));
      await tx
        .insertInto('supervision.wearings')
        .values(
          fresh.map(({ tag, firstAt }) => {
            const subject = subjectOf.get(`F-${tag}`) as number;
            return {
              tag_id: tagOf.get(tag) as number,
              order_id: orderOf.get(subject) as number,
              subject_id: subject,
              starts_at: new Date(firstAt),
              ends_at: null,
            };
          }),
        )
        .execute();
      registered += fresh.length;
    }
    if (registered > 0) tell('supervision.senders');
    note(null, { registered });
    return { registered, orders: made };
  },
};
