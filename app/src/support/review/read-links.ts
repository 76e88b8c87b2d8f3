import { type LinkageModel, Linker, readModel } from '@waymark/linkage';
import { type Action, NotFoundError } from '../../platform/action.ts';
import { type PersonRecord, readRecordsOf } from '../people/store.ts';
import type { PairDecision } from '../tables.ts';

export interface LinksView {
  person: number;
  records: PersonRecord[];
  /** Each pair of the person's records, the strongest first. */
  pairs: { left: PersonRecord; right: PersonRecord; bits: number; text: string }[];
  decisions: { id: number; left: number; right: number; decision: PairDecision; reason: string; byName: string; at: Date }[];
}

/** Why a person's records stand together, pair by pair, and what people decided about them. How rare a value is plays no part here. */
export const readLinks: Action<null, { person: number }, LinksView> = {
  name: 'link.read',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, note }, _services, { person }) {
    note({ kind: 'person', id: person });
    const records = (await readRecordsOf(tx, [person])).get(person);
    if (!records) throw new NotFoundError('There is no such person.');
    const ids = records.map(({ id }) => id);
    const decisions = await tx
      .selectFrom('support.pair_decisions')
      .select(['id', 'left_record as left', 'right_record as right', 'decision', 'reason', 'by_name as byName', 'at'])
      .where('undone_at', 'is', null)
      .where((eb) => eb.or([eb('left_record', 'in', ids), eb('right_record', 'in', ids)]))
      .orderBy('id', 'desc')
      .execute();
    const stored = await tx.selectFrom('support.linkage_models').select('model').orderBy('id', 'desc').executeTakeFirst();
    return { person, records, pairs: stored ? explain(records, readModel(stored.model)) : [], decisions };
  },
};

function explain(records: PersonRecord[], model: LinkageModel): LinksView['pairs'] {
  // Of a handful of records no frequency can be told: the model's own probabilities stand.
  const plain: LinkageModel = {
    ...model,
    comparisons: model.comparisons.map((comparison) => ({
      ...comparison,
      levels: comparison.levels.map(({ byFrequencyOf: _, ...level }) => level),
    })),
  };
  const rows = records.map(({ id, identity }) => ({
    ...Object.fromEntries(plain.fields.flatMap(({ from }) => from).map((column) => [column, null])),
    ...identity,
    record: String(id),
  }));
  const linker = Linker.fromRows(rows, plain, { id: 'record' });
  const pairs: LinksView['pairs'] = [];
  records.forEach((left, i) => {
    for (const [j, right] of records.entries()) {
      if (j <= i) continue;
      const { bits, text } = linker.explainPair(i, j);
      pairs.push({ left, right, bits, text });
    }
  });
  return pairs.sort((a, b) => b.bits - a.bits);
}
