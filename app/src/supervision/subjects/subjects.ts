import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import type { FixStore } from '../../platform/fix-store.ts';
import { bearSameName } from '../../platform/same-name.ts';
import { type Happening, readTimeline } from '../days/read-timeline.ts';
import type { Intake } from '../fixes/intake.ts';
import type { TagState } from '../schema/tables.ts';
import { isTagState, writeTagStep } from '../tags/tag-life.ts';
import { watchAgain } from '../zones/store.ts';

export interface SubjectRow {
  id: number;
  reference: string;
  name: string;
  fictional: boolean;
  tag: string | null;
  order_ends: Date | null;
  worn: boolean;
}

export interface SubjectQuery {
  search?: string;
  sort: 'reference' | 'name';
  descending: boolean;
  limit: number;
  offset: number;
}

export const listSubjects: Action<null, SubjectQuery, { rows: SubjectRow[]; total: number }> = {
  name: 'subject.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }, _services, query) {
    let base = tx.selectFrom('supervision.subjects as s');
    if (query.search) {
      const like = `%${query.search.replace(/[%_\\]/g, '\\$&')}%`;
      base = base.where((eb) => eb.or([eb('s.reference', 'ilike', like), eb('s.name', 'ilike', like)]));
    }
    const { total } = await base.select(sql<number>`count(*)::int`.as('total')).executeTakeFirstOrThrow();
    const rows = await base
      .leftJoin('supervision.wearings as w', (join) =>
        join
          .onRef('w.subject_id', '=', 's.id')
          .on('w.id', '=', sql<number>`(SELECT max(id) FROM supervision.wearings WHERE subject_id = s.id)`),
      )
      .leftJoin('supervision.tags as t', 't.id', 'w.tag_id')
      .leftJoin('supervision.orders as o', 'o.id', 'w.order_id')
      .select([
        's.id',
        's.reference',
        's.name',
        's.fictional',
        't.serial as tag',
        'o.ends_at as order_ends',
        sql<boolean>`w.id IS NOT NULL AND (w.ends_at IS NULL OR w.ends_at > now())`.as('worn'),
      ])
      .orderBy(query.sort === 'name' ? 's.name' : 's.reference', query.descending ? 'desc' : 'asc')
      .orderBy('s.id')
      .limit(query.limit)
      .offset(query.offset)
      .execute();
    note(null, { shown: rows.length });
    return { rows, total };
  },
};

export interface SubjectDetail {
  subject: { id: number; reference: string; name: string; fictional: boolean; created_at: Date };
  orders: { id: number; kind: string; authority: string; starts_at: Date; ends_at: Date | null }[];
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
  async run({ tx, actor, note }, { fixes }, { id }) {
    note({ kind: 'subject', id });
    const subject = await tx.selectFrom('supervision.subjects').selectAll().where('id', '=', id).executeTakeFirst();
    if (!subject) throw new NotFoundError('There is no such subject.');
    if (bearSameName(actor.name, subject.name)) note(null, { sameName: true });
    const orders = await tx
      .selectFrom('supervision.orders')
      .selectAll()
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

export interface NewSubject {
  reference: string;
  name: string;
}

export const declareSubject: Action<null, NewSubject, { id: number }> = {
  name: 'subject.declare',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }, _services, input) {
    const reference = input.reference.trim();
    const name = input.name.trim();
    if (!/^[\w./-]{2,40}$/.test(reference))
      throw new InvalidError('Enter a reference of 2 to 40 letters, digits, dots, dashes or slashes.', 'reference');
    if (name.length < 2 || name.length > 120) throw new InvalidError('Enter a name of 2 to 120 characters.', 'name');
    const taken = await tx.selectFrom('supervision.subjects').select('id').where('reference', '=', reference).executeTakeFirst();
    if (taken) throw new InvalidError(`The reference ${reference} is in use. Choose another.`, 'reference');
    const row = await tx
      .insertInto('supervision.subjects')
      .values({ reference, name, fictional: false })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'subject', id: row.id });
    return row;
  },
};

export interface NewOrder {
  subjectId: number;
  kind: string;
  authority: string;
  startsAt: Date;
  endsAt: Date | null;
}

export const orderKinds = ['community order', 'licence condition', 'court bail', 'immigration bail', 'suspended sentence order'] as const;

export const declareOrder: Action<{ intake: Intake }, NewOrder, { id: number }> = {
  name: 'order.declare',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }, _services, input) {
    if (!(orderKinds as readonly string[]).includes(input.kind)) throw new InvalidError('Choose the kind of order.', 'kind');
    if (input.authority.trim().length < 3) throw new InvalidError('Enter the court or body that made the order.', 'authority');
    if (Number.isNaN(input.startsAt.getTime())) throw new InvalidError('Enter when the order begins, as a date and time.', 'startsAt');
    if (input.endsAt && !(input.endsAt > input.startsAt)) throw new InvalidError('The order must end after it begins.', 'endsAt');
    const subject = await tx.selectFrom('supervision.subjects').select('id').where('id', '=', input.subjectId).executeTakeFirst();
    if (!subject) throw new NotFoundError('There is no such subject.');
    const row = await tx
      .insertInto('supervision.orders')
      .values({
        subject_id: input.subjectId,
        kind: input.kind,
        authority: input.authority.trim(),
        starts_at: input.startsAt,
        ends_at: input.endsAt,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'subject', id: input.subjectId }, { order: row.id });
    return row;
  },
};

export interface NewWearing {
  subjectId: number;
  orderId: number;
  serial: string;
  startsAt: Date;
  note?: string;
}

/** Opens a wearing: from now on fixes of the tag belong to this subject under this order. */
export const openWearing: Action<{ intake: Intake }, NewWearing, { id: number }> = {
  name: 'wearing.open',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note }, _services, input) {
    const order = await tx
      .selectFrom('supervision.orders')
      .selectAll()
      .where('id', '=', input.orderId)
      .where('subject_id', '=', input.subjectId)
      .executeTakeFirst();
    if (!order) throw new NotFoundError('There is no such order for this subject.');
    if (Number.isNaN(input.startsAt.getTime())) throw new InvalidError('Enter when the tag was fitted, as a date and time.', 'startsAt');
    if (input.startsAt.getTime() > Date.now() + aheadMs)
      throw new InvalidError('That time is still to come. Enter when the tag was fitted.', 'startsAt');
    if (input.startsAt < order.starts_at || (order.ends_at && input.startsAt >= order.ends_at)) {
      throw new InvalidError('The tag can be worn only while the order is in force. Check the dates.', 'startsAt');
    }
    const serial = input.serial.trim();
    // The row lock keeps two officers from fitting one tag at the same time.
    if (serial === '') throw new InvalidError('Enter the serial number on the tag.', 'serial');
    const tag = await tx.selectFrom('supervision.tags').select(['id', 'state']).where('serial', '=', serial).forUpdate().executeTakeFirst();
    if (!tag) throw new InvalidError(`No tag with the serial number ${serial} is registered. Add it under Tags first.`, 'serial');
    const clash = await overlapping(tx, tag.id, input.startsAt);
    if (clash) throw new InvalidError(`This tag is worn by subject ${clash.reference} at that time. Remove it there first.`, 'serial');
    const carried = await tx
      .selectFrom('supervision.protections')
      .select('id')
      .where('tag_id', '=', tag.id)
      .where((eb) => eb.or([eb('ends_at', 'is', null), eb('ends_at', '>', input.startsAt)]))
      .executeTakeFirst();
    if (carried) throw new InvalidError(`The device ${serial} is carried by a protected person. Fit another.`, 'serial');
    if (tag.state !== 'in stock')
      throw new InvalidError(
        `Tag ${serial} is ${whyNotInStock[tag.state]}. Fit another, or put it back in stock on its page first.`,
        'serial',
      );
    const row = await tx
      .insertInto('supervision.wearings')
      .values({ tag_id: tag.id, order_id: order.id, subject_id: input.subjectId, starts_at: input.startsAt, ends_at: null })
      .returning('id')
      .executeTakeFirstOrThrow();
    await writeTagStep(tx, {
      tagId: tag.id,
      step: 'fitted',
      wearingId: row.id,
      note: (input.note ?? '').trim().slice(0, 500),
      by: actor.name,
    });
    await watchAgain(tx, input.subjectId);
    note({ kind: 'subject', id: input.subjectId }, { wearing: row.id, tag: tag.id });
    return row;
  },
};

/** Clocks differ by this much, ms: what is later has not happened yet. */
const aheadMs = 5 * 60_000;

const whyNotInStock: Record<Exclude<TagState, 'in stock'>, string> = {
  removed: 'back from somebody and not yet checked',
  faulty: 'marked as faulty',
  lost: 'marked as lost',
};

async function overlapping(tx: Tx, tagId: number, from: Date): Promise<{ reference: string } | undefined> {
  return tx
    .selectFrom('supervision.wearings as w')
    .innerJoin('supervision.subjects as s', 's.id', 'w.subject_id')
    .select('s.reference')
    .where('w.tag_id', '=', tagId)
    .where((eb) => eb.or([eb('w.ends_at', 'is', null), eb('w.ends_at', '>', from)]))
    .executeTakeFirst();
}

export interface WearingEnd {
  id: number;
  endsAt: Date;
  /** What becomes of the tag; `removed`, to be checked, unless told. */
  state?: string;
  note?: string;
}

/** Closes a wearing: the tag is off, and later fixes of it belong to nobody. */
export const closeWearing: Action<{ intake: Intake; fixes: FixStore }, WearingEnd, { subjectId: number }> = {
  name: 'wearing.close',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note: audit }, { fixes }, { id, endsAt, state = 'removed', note = '' }) {
    const wearing = await tx.selectFrom('supervision.wearings').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
    if (!wearing) throw new NotFoundError('There is no such wearing.');
    if (wearing.ends_at) throw new InvalidError('This wearing is closed already.', 'endsAt');
    if (!isTagState(state)) throw new InvalidError('Choose what becomes of the tag.', 'state');
    if (state !== 'removed' && state !== 'in stock' && note.trim().length < 3)
      throw new InvalidError('Say in a few words what happened to the tag.', 'note');
    if (Number.isNaN(endsAt.getTime())) throw new InvalidError('Enter when the tag came off, as a date and time.', 'endsAt');
    if (endsAt.getTime() > Date.now() + aheadMs)
      throw new InvalidError('That time is still to come. Enter when the tag came off.', 'endsAt');
    if (!(endsAt > wearing.starts_at)) throw new InvalidError('The tag must come off after it was fitted.', 'endsAt');
    const later = await fixes.query(
      'SELECT count(*)::INTEGER AS n FROM fixes WHERE wearing = ? AND at_ms > ?',
      { n: 'i32' },
      { values: [id, endsAt.getTime()] },
    );
    const n = later.columns.n[0] ?? 0;
    if (n > 0) {
      throw new InvalidError(
        `${n.toLocaleString('en-GB')} fixes were received for this wearing after that time. Enter a time after the last of them.`,
        'endsAt',
      );
    }
    await tx.updateTable('supervision.wearings').set({ ends_at: endsAt }).where('id', '=', id).execute();
    await tx.updateTable('supervision.tags').set({ state }).where('id', '=', wearing.tag_id).execute();
    await writeTagStep(tx, { tagId: wearing.tag_id, step: state, wearingId: id, note: note.trim().slice(0, 500), by: actor.name });
    audit({ kind: 'subject', id: wearing.subject_id }, { wearing: id });
    return { subjectId: wearing.subject_id };
  },
};

export interface TrackInput {
  wearingId: number;
  from: number;
  to: number;
}

export interface TrackPoint {
  at: number;
  receivedAt: number;
  lon: number;
  lat: number;
  accuracyM: number | null;
  /** It was in their home, and says no more than that. */
  isAtHome?: boolean;
  /** Why it decides nothing, where it is set aside. */
  setAside?: string | null;
}

/** Fixes of one wearing, at most 5,000, latest first cut. */
export const readTrack: Action<{ fixes: FixStore }, TrackInput, { points: TrackPoint[]; more: boolean }> = {
  name: 'track.read',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }, { fixes }, { wearingId, from, to }) {
    const wearing = await tx.selectFrom('supervision.wearings').select(['id', 'subject_id']).where('id', '=', wearingId).executeTakeFirst();
    if (!wearing) throw new NotFoundError('There is no such wearing.');
    note({ kind: 'subject', id: wearing.subject_id }, { wearing: wearingId });
    const { count, columns } = await fixes.track(wearingId, from, to);
    const begin = Math.max(0, count - 5000);
    const points: TrackPoint[] = [];
    for (let i = begin; i < count; i++) {
      const accuracy = columns.accuracyM[i] as number;
      points.push({
        at: columns.at[i] as number,
        receivedAt: columns.receivedAt[i] as number,
        lon: columns.lon[i] as number,
        lat: columns.lat[i] as number,
        accuracyM: Number.isNaN(accuracy) ? null : accuracy,
      });
    }
    return { points, more: begin > 0 };
  },
};
