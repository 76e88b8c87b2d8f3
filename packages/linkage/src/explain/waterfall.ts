import type { LinkageModel } from '../model/model.ts';
import type { Records } from '../records/records.ts';
import { probabilityOf, type WeightPart } from '../score/weights.ts';

/** Why a pair has the weight it has, step by step from the prior to the sum. */
export interface Waterfall {
  steps: {
    name: string;
    /** What was found, such as "one letter off"; "nothing known" where a value is missing. */
    finding: string;
    left: string | null;
    right: string | null;
    bits: number;
    /** The sum up to and with this step. */
    sum: number;
    /** Of `bits`, what the rarity of the shared value adds. */
    rarityBits: number;
  }[];
  bits: number;
  probability: number;
  /** The same in words. */
  text: string;
}

const rareFrom = 1;

/** Lays out a pair's weight. `parts` as from `Weights.parts`, in the order of the model's comparisons. */
export function waterfall(model: LinkageModel, records: Records, i: number, j: number, priorBits: number, parts: WeightPart[]): Waterfall {
  let sum = priorBits;
  const steps: Waterfall['steps'] = [
    { name: 'any two records', finding: 'before anything is compared', left: null, right: null, bits: priorBits, sum, rarityBits: 0 },
  ];
  parts.forEach(({ comparison, level, bits, rarityBits }, c) => {
    const field = model.comparisons[c]?.needs[0]?.[0];
    const value = (row: number) => (field === undefined ? null : records.value(row, field));
    sum += bits;
    steps.push({
      name: comparison,
      finding: level ?? 'nothing known',
      left: value(i),
      right: value(j),
      bits,
      sum,
      rarityBits,
    });
  });
  const told = steps.slice(1).filter(({ bits }) => bits !== 0);
  const order = [...told].sort((a, b) => Math.abs(b.bits) - Math.abs(a.bits));
  const text = order.map(({ name, finding, bits, rarityBits }) => `${inWords(name)} ${finding}${rarity(rarityBits)}: ${signed(bits)} bits`);
  const probability = probabilityOf(sum);
  return {
    steps,
    bits: sum,
    probability,
    text: `${text.length > 0 ? text.join('; ') : 'nothing could be compared'}. Together ${signed(sum)} bits, a probability of ${percent(probability)}.`,
  };
}

function rarity(bits: number): string {
  return bits >= rareFrom ? ', rare' : bits <= -rareFrom ? ', common' : '';
}

/** `date_of_birth` as people write it. */
export function inWords(name: string): string {
  return name.replace(/_/g, ' ');
}

export function signed(bits: number): string {
  return `${bits < 0 ? '−' : '+'}${Math.abs(bits).toFixed(1)}`;
}

/** A probability without false certainty: never "0 %" or "100 %". */
export function percent(p: number): string {
  if (p > 0.999) return 'more than 99.9 %';
  if (p < 0.001) return 'less than 0.1 %';
  return `${(100 * p).toFixed(1)} %`;
}
