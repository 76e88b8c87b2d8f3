import { sql } from 'kysely';
import { type Action, NotFoundError } from '../../../platform/action.ts';
import type { FixStore } from '../../../platform/fixes/fix-store.ts';
import { type Happening, readTimeline } from '../../days/index.ts';
import { noteSubject } from '../index.ts';

export interface SubjectDetail {
  subject: { id: number; reference: string; name: string; fictional: boolean; created_at: Date };
  orders: { id: number; kind: string; authority: string; starts_at: Date; ends_at: Date | null; version: number }[];
  wearings: {
    id: number;
    tag: string;
    tag_id: number;
    order_id: number;
    starts_at: Date;
    ends_at: Date | null;
    fixes: number;
    lastAt: number | null;
    battery: number | null;
  }[];
  /** What happened lately, the latest first. */
  timeline: Happening[];
  openAlerts: number;
}

export const readSubject: Action<{ fixes: FixStore }, { id: number }, SubjectDetail> = {
  name: 'subject.read',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, { fixes }, { id }) {
    note({ kind: 'subject', id });
    await noteSubject({ tx, actor, access, note }, { subject: id });
    const subject = await tx
      .selectFrom('supervision.subjects')
      .select(['id', 'reference', 'name', 'fictional', 'created_at'])
      .where('id', '=', id)
      .executeTakeFirst();
    if (!subject) throw new NotFoundError('There is no such subject.');
    const orders = await tx
      .selectFrom('supervision.orders')
      .select(['id', 'kind', 'authority', 'starts_at', 'ends_at', 'version'])
      .where('subject_id', '=', id)
      .orderBy('starts_at', 'desc')
      .execute();
    const wearings = await tx
      .selectFrom('supervision.wearings as w')
      .innerJoin('supervision.tags as t', 't.id', 'w.tag_id')
      .select(['w.id', 't.serial as tag', 'w.tag_id', 'w.order_id', 'w.starts_at', 'w.ends_at'])
      .where('w.subject_id', '=', id)
      .orderBy('w.starts_at', 'desc')
      .execute();
    const counts = await fixes.query(
      `SELECT wearing, count(*)::INTEGER AS n, max(at_ms) AS "at", arg_max(battery, at_ms) AS battery FROM fixes WHERE wearing IN (${[0, ...wearings.map((w) => w.id)].join(',')}) GROUP BY wearing`,
      { wearing: 'i32', n: 'i32', at: 'time', battery: 'f32' },
    );
    const found = new Map(
      Array.from({ length: counts.count }, (_, i) => [
        counts.columns.wearing[i] as number,
        {
          fixes: counts.columns.n[i] as number,
          lastAt: counts.columns.at[i] as number,
          battery: Number.isNaN(counts.columns.battery[i] as number) ? null : (counts.columns.battery[i] as number),
        },
      ]),
    );
    const { n: openAlerts } = await tx
      .selectFrom('supervision.alerts as a')
      .innerJoin('supervision.wearings as w', 'w.id', 'a.wearing_id')
      .select(sql<number>`count(*)::int`.as('n'))
      .where('w.subject_id', '=', id)
      .where('a.state', 'in', ['raised', 'seen', 'in hand'])
      .executeTakeFirstOrThrow();
    return {
      subject,
      orders,
      wearings: wearings.map((w) => ({ ...w, ...(found.get(w.id) ?? { fixes: 0, lastAt: null, battery: null }) })),
      timeline: await readTimeline(tx, id, 25),
      openAlerts,
    };
  },
};
