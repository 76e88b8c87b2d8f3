import type { LinkageModel } from '../model/model.ts';
import type { Records } from '../records/records.ts';
import { blockKeys, groupByBlock, pairsInBlocks } from './keys.ts';

/** What a blocking rule would look at, known before any pair is compared. */
export interface RuleCount {
  rule: string;
  /** Pairs in blocks of this rule, those of earlier rules among them. */
  pairs: number;
  /** Records that the rule cannot place, because a part of its key is missing. */
  unplaced: number;
  /** The largest blocks: what their records have in common, and how many they are. */
  largest: { value: string; records: number; pairs: number }[];
}

/** Counts the pairs of each rule of a model, without comparing any. */
export function countPairs(records: Records, model: LinkageModel, largest = 5): RuleCount[] {
  return model.blocking.map((rule) => {
    const { start, rows } = groupByBlock(blockKeys(records, rule));
    const sizes: [size: number, block: number][] = [];
    for (let b = 0; b + 1 < start.length; b++) {
      const size = (start[b + 1] as number) - (start[b] as number);
      if (size > 1 && largest > 0 && (sizes.length < largest || size > (sizes[sizes.length - 1] as [number, number])[0])) {
        sizes.push([size, b]);
        sizes.sort((x, y) => y[0] - x[0]);
        if (sizes.length > largest) sizes.pop();
      }
    }
    return {
      rule: rule.name,
      pairs: pairsInBlocks(start),
      unplaced: records.size - rows.length,
      largest: sizes.map(([size, b]) => ({
        value: keyInWords(
          records,
          rule.equal.flatMap(({ fields }) => fields),
          rows[start[b] as number] as number,
        ),
        records: size,
        pairs: (size * (size - 1)) / 2,
      })),
    };
  });
}

function keyInWords(records: Records, fields: string[], row: number): string {
  return [...new Set(fields)].map((field) => records.value(row, field) ?? '').join(', ');
}
