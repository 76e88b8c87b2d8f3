import { type LinkageModel, Linker, readModel, signed } from '@waymark/linkage';
import { type Action, NotFoundError } from '../../platform/action.ts';
import { type PersonRecord, readRecordsOf } from '../people/index.ts';
import type { PairDecision } from '../schema/tables.ts';

export interface LinksView {
  person: number;
  records: PersonRecord[];
  /** Each pair of the person's records, the strongest first. */
  pairs: { left: PersonRecord; right: PersonRecord; bits: number; decided: boolean; text: string }[];
  decisions: { id: number; left: number; right: number; decision: PairDecision; reason: string; byName: string; at: Date }[];
}

/**
 * Why a person's records stand together, pair by pair, and what people decided about them. For a pair that put records together the sum
 * is the very one that decided: what the model's own probabilities leave open is how rare its values are among all records.
 */
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
    const linked = await tx
      .selectFrom('support.linked_pairs')
      .select(['left_record as left', 'right_record as right', 'bits'])
      .where('left_record', 'in', ids)
      .where('right_record', 'in', ids)
      .execute();
    const decided = new Map(linked.map(({ left, right, bits }) => [`${left}/${right}`, bits]));
    const pairs = stored ? explain(records, readModel(stored.model), decided) : bare(records, decided);
    return { person, records, pairs, decisions };
  },
};

const keyOf = (a: PersonRecord, b: PersonRecord) => (a.id < b.id ? `${a.id}/${b.id}` : `${b.id}/${a.id}`);

/** Where careful defaults stand in no model is kept: the sums that decided are. */
function bare(records: PersonRecord[], decided: ReadonlyMap<string, number>): LinksView['pairs'] {
  return records.flatMap((left, i) =>
    records.slice(i + 1).flatMap((right) => {
      const bits = decided.get(keyOf(left, right));
      return bits === undefined
        ? []
        : [{ left, right, bits, decided: true, text: `By careful published figures, ${bits.toFixed(1)} bits together.` }];
    }),
  );
}

function explain(records: PersonRecord[], model: LinkageModel, decided: ReadonlyMap<string, number>): LinksView['pairs'] {
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
      const sum = decided.get(keyOf(left, right));
      const [before = text] = text.split(' Together ');
      const whole = `${before.replace(/\.$/, '')}; how rare these values are among all records: ${signed((sum ?? 0) - bits)} bits. Together ${signed(sum ?? 0)} bits: this put them together.`;
      pairs.push({ left, right, bits: sum ?? bits, decided: sum !== undefined, text: sum === undefined ? text : whole });
    }
  });
  return pairs.sort((a, b) => b.bits - a.bits);
}
