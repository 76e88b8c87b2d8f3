import { type Action, NotFoundError } from '../../platform/action.ts';
import { openSubject, type SubjectHead } from '../subjects/index.ts';

export interface OrderView {
  order: {
    id: number;
    kind: string;
    authority: string;
    startsAt: Date;
    endsAt: Date | null;
    conditions: string;
    version: number;
    officer: string;
    officerPhone: string;
  };
  subject: SubjectHead;
  /** The latest first; none where it was never varied. */
  versions: { version: number; authority: string; endsAt: Date | null; conditions: string; reason: string; byName: string; at: Date }[];
}

/** An order, and how it was varied. */
export const readOrder: Action<null, { id: number }, OrderView> = {
  name: 'order.read',
  room: 'supervision',
  purpose: 'monitoring',
  async run(context, _services, { id }) {
    const { tx, note } = context;
    const found = await tx.selectFrom('supervision.orders').selectAll().where('id', '=', id).executeTakeFirst();
    if (!found) throw new NotFoundError('There is no such order.');
    note(null, { order: id });
    const subject = await openSubject(context, found.subject_id);
    const versions = await tx
      .selectFrom('supervision.order_versions')
      .select(['version', 'authority', 'ends_at as endsAt', 'conditions', 'reason', 'by_name as byName', 'at'])
      .where('order_id', '=', id)
      .orderBy('version', 'desc')
      .execute();
    const { kind, authority, starts_at, ends_at, conditions, version, officer_name, officer_phone } = found;
    return {
      order: {
        id,
        kind,
        authority,
        startsAt: starts_at,
        endsAt: ends_at,
        conditions,
        version,
        officer: officer_name,
        officerPhone: officer_phone,
      },
      subject,
      versions,
    };
  },
};
