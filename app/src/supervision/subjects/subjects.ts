import { type RawBuilder, sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { containing } from '../../platform/containing.ts';
import { isTheirs, type Whose } from './whose.ts';

export interface SubjectRow {
  id: number;
  reference: string;
  name: string;
  fictional: boolean;
  tag: string | null;
  order_ends: Date | null;
  worn: boolean;
}

export const subjectShows = ['ending', 'untagged'] as const;
export type SubjectShow = (typeof subjectShows)[number];

/** Orders that end within so many days are told of. */
export const endsWithinDays = 7;

/** Which orders `o` in force at a moment a list of subjects is about; whoever counts them counts by the same. */
export function isShown(show: SubjectShow, at: Date): RawBuilder<boolean> {
  switch (show) {
    case 'ending':
      return sql<boolean>`o.ends_at <= ${at}::timestamptz + make_interval(days => ${endsWithinDays})`;
    case 'untagged':
      return sql<boolean>`NOT EXISTS (
        SELECT FROM supervision.wearings w WHERE w.subject_id = o.subject_id AND (w.ends_at IS NULL OR w.ends_at > ${at}))`;
  }
}

export interface SubjectQuery {
  search?: string;
  whose?: Whose;
  /** `ending`: with an order that ends within a week; `untagged`: under an order, without a tag. */
  show?: SubjectShow;
  sort: 'reference' | 'name';
  descending: boolean;
  limit: number;
  offset: number;
}

export const listSubjects: Action<null, SubjectQuery, { rows: SubjectRow[]; total: number }> = {
  name: 'subject.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note }, _services, query) {
    let base = tx.selectFrom('supervision.subjects as s').where(isTheirs(query.whose ?? 'all', actor.id, sql`s.id`));
    if (query.search) {
      const like = containing(query.search);
      base = base.where((eb) => eb.or([eb('s.reference', 'ilike', like), eb('s.name', 'ilike', like)]));
    }
    if (query.show)
      base = base.where(sql<boolean>`EXISTS (SELECT FROM supervision.orders o
        WHERE o.subject_id = s.id AND o.starts_at <= now() AND (o.ends_at IS NULL OR o.ends_at > now()) AND ${isShown(query.show, new Date())})`);
    const { total } = await base.select(sql<number>`count(*)::int`.as('total')).executeTakeFirstOrThrow();
    const [by, way] = [query.sort === 'name' ? ('s.name' as const) : ('s.reference' as const), query.descending ? 'desc' : 'asc'] as const;
    // First who is on the page, then what each of them wears: not the tags of everybody.
    const page = base
      .select(['s.id', 's.reference', 's.name', 's.fictional'])
      .orderBy(by, way)
      .orderBy('s.id')
      .limit(query.limit)
      .offset(query.offset);
    const rows = await tx
      .selectFrom(page.as('s'))
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
      .orderBy(by, way)
      .orderBy('s.id')
      .execute();
    note(null, { shown: rows.length });
    return { rows, total };
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
    // Whoever has it may be hidden from who asks.
    const row = await tx
      .insertInto('supervision.subjects')
      .values({ reference, name, fictional: false })
      .onConflict((conflict) => conflict.doNothing())
      .returning('id')
      .executeTakeFirst();
    if (!row) throw new InvalidError(`The reference ${reference} is in use. Choose another.`, 'reference');
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

export const declareOrder: Action<null, NewOrder, { id: number }> = {
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
