import { sql } from 'kysely';
import { type Action, NotFoundError } from '../../platform/action.ts';
import { type Identity, identityFields, identityKeys } from '../facts/index.ts';
import type { EvidenceStep, PairDecision } from '../schema/tables.ts';

export interface QueueRow {
  id: number;
  left: number;
  right: number;
  bits: number;
  why: string;
  leftName: string;
  rightName: string;
  leftSource: string;
  rightSource: string;
}

export interface DecisionRow {
  id: number;
  left: number;
  right: number;
  decision: PairDecision;
  reason: string;
  byName: string;
  at: Date;
  leftName: string;
  rightName: string;
}

const nameOf = (record: string) =>
  sql<string>`coalesce(nullif(trim(concat(${sql.ref(record)}.identity->>'forename', ' ', ${sql.ref(record)}.identity->>'surname')), ''), 'no name')`;

/** Pairs that wait for a decision, the most likely first, and the latest decisions. */
export const listReview: Action<
  null,
  { limit: number; offset: number },
  { rows: QueueRow[]; total: number; decided: DecisionRow[]; doubts: string[] }
> = {
  name: 'review.list',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, note }, _services, { limit, offset }) {
    const rows = await tx
      .selectFrom('support.review_pairs as p')
      .innerJoin('support.records as l', 'l.id', 'p.left_record')
      .innerJoin('support.records as r', 'r.id', 'p.right_record')
      .innerJoin('support.sources as ls', 'ls.id', 'l.source_id')
      .innerJoin('support.sources as rs', 'rs.id', 'r.source_id')
      .select([
        'p.id',
        'p.left_record as left',
        'p.right_record as right',
        'p.bits',
        'p.why',
        'ls.name as leftSource',
        'rs.name as rightSource',
      ])
      .select([nameOf('l').as('leftName'), nameOf('r').as('rightName')])
      .orderBy('p.bits', 'desc')
      .orderBy('p.id')
      .limit(limit)
      .offset(offset)
      .execute();
    const { total } = await tx.selectFrom('support.review_pairs').select(sql<number>`count(*)::int`.as('total')).executeTakeFirstOrThrow();
    const decided = await tx
      .selectFrom('support.pair_decisions as d')
      .innerJoin('support.records as l', 'l.id', 'd.left_record')
      .innerJoin('support.records as r', 'r.id', 'd.right_record')
      .select(['d.id', 'd.left_record as left', 'd.right_record as right', 'd.decision', 'd.reason', 'd.by_name as byName', 'd.at'])
      .select([nameOf('l').as('leftName'), nameOf('r').as('rightName')])
      .where('d.undone_at', 'is', null)
      .orderBy('d.id', 'desc')
      .limit(20)
      .execute();
    const state = await tx.selectFrom('support.linkage_state').select('doubts').executeTakeFirst();
    note(null, { shown: rows.length });
    return { rows, total, decided, doubts: state?.doubts ?? [] };
  },
};

/** Two records side by side, field by field. */
export interface PairView {
  left: { record: number; source: string; key: string; person: number | null };
  right: { record: number; source: string; key: string; person: number | null };
  bits: number;
  why: string;
  fields: { name: string; left: string | null; right: string | null; standing: 'same' | 'different' | 'one missing' }[];
  steps: EvidenceStep[];
  /** Pairs in the queue, and the one to come after this. */
  waiting: number;
  next: { left: number; right: number } | null;
}

/** A pair by its two records: the queue is made anew by every run, its records stay. */
export const readPair: Action<null, { left: number; right: number }, PairView> = {
  name: 'pair.read',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, note }, _services, asked) {
    note({ kind: 'pair', id: `${asked.left}-${asked.right}` });
    const found = await tx
      .selectFrom('support.review_pairs')
      .selectAll()
      .where('left_record', '=', asked.left)
      .where('right_record', '=', asked.right)
      .executeTakeFirst();
    if (!found) throw new NotFoundError('The pair is no longer in the queue.');
    const records = await tx
      .selectFrom('support.records as r')
      .innerJoin('support.sources as s', 's.id', 'r.source_id')
      .select(['r.id', 'r.key', 'r.person_id', 'r.identity', 's.name as source'])
      .where('r.id', 'in', [found.left_record, found.right_record])
      .execute();
    note(null, { persons: records.map(({ person_id }) => person_id).filter((id) => id !== null) });
    const of = (record: number) => {
      const row = records.find((own) => own.id === record);
      if (!row) throw new NotFoundError('One of the records is no longer held.');
      return row;
    };
    const [left, right] = [of(found.left_record), of(found.right_record)];
    const next = await tx
      .selectFrom('support.review_pairs')
      .select(['left_record as left', 'right_record as right'])
      .where((eb) => eb.or([eb('bits', '<', found.bits), eb.and([eb('bits', '=', found.bits), eb('id', '>', found.id)])]))
      .orderBy('bits', 'desc')
      .orderBy('id')
      .executeTakeFirst();
    const { waiting } = await tx
      .selectFrom('support.review_pairs')
      .select(sql<number>`count(*)::int`.as('waiting'))
      .executeTakeFirstOrThrow();
    const side = ({ id: record, source, key, person_id }: typeof left) => ({ record, source, key, person: person_id });
    return {
      left: side(left),
      right: side(right),
      bits: found.bits,
      why: found.why,
      fields: compareFields(left.identity, right.identity),
      steps: [...found.steps].sort((a, b) => Math.abs(b.bits) - Math.abs(a.bits)),
      waiting,
      next: next ?? null,
    };
  },
};

function compareFields(left: Identity, right: Identity): PairView['fields'] {
  const plain = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  return identityKeys.flatMap((key) => {
    const [a, b] = [left[key] ?? null, right[key] ?? null];
    if (a === null && b === null) return [];
    const standing = a === null || b === null ? 'one missing' : plain(a) === plain(b) ? 'same' : 'different';
    return [{ name: identityFields[key], left: a, right: b, standing }];
  });
}
