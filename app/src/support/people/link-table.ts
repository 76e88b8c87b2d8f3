import { countPairs, type LinkageModel, Linker, Records, readModel, rulesOf } from '@waymark/linkage';
import type { IdentityField } from '../facts/index.ts';
import type { EvidenceStep } from '../schema/tables.ts';
import { untrainedModel } from './linkage-model.ts';

/** Records to be put together to people, column by column; `ids` are numbers of records. */
export interface LinkTask {
  ids: Int32Array;
  sources: string[];
  columns: Partial<Record<IdentityField, (string | null)[]>>;
  /** Pairs of record numbers that somebody decided. */
  same: [number, number][];
  notSame: [number, number][];
  /** A trained model; without one it is learnt from these records. */
  model: unknown;
}

export interface ReviewPair {
  left: number;
  right: number;
  bits: number;
  why: string;
  steps: EvidenceStep[];
}

export interface Linked {
  /** Record numbers of each person. */
  groups: Int32Array[];
  review: ReviewPair[];
  /** What put records together; what a person decided is not among it. */
  joins: { left: number; right: number; bits: number }[];
  model: LinkageModel;
  /** Learnt from these records, and to be kept: not where careful defaults stand in. */
  wasTrained: boolean;
  /** Why what was learnt is not used; empty where it is, or where an earlier model is. */
  doubts: string[];
  pairsCompared: number;
  /** Blocking rules that these records are too many for. */
  rulesLeftOut: string[];
}

/** A rule with a block of more records than this, such as all who share a common name and year, is left out of a run. */
const blockAtMost = 10_000;
/** Pairs that are learnt from: more take longer and teach no more. */
const trainingPairs = 200_000;

/** Puts records together: those clear enough, held against every decision; doubtful pairs are for a person to decide. */
export function linkTable({ ids, sources, columns, same, notSame, model: given }: LinkTask): Linked {
  const untrained = untrainedModel();
  const known = given ? readModel(given) : null;
  // A model of an earlier version compares otherwise: it is learnt anew.
  const model = known && comparesAlike(known, untrained) ? known : untrained;
  const records = new Records(model.fields);
  for (let row = 0; row < ids.length; row++) {
    records.add(String(ids[row]), sources[row] as string, (column) => columns[column as IdentityField]?.[row] ?? null);
  }
  const [affordable, rulesLeftOut] = affordableRules(records, model);
  const linker = new Linker(records, affordable);
  const learnt = model === known ? null : linker.learn({ blockAtMost, trainingPairs });
  const scored = linker.score({ blockAtMost });
  const rowOf = new Map<number, number>();
  for (let row = 0; row < ids.length; row++) rowOf.set(ids[row] as number, row);
  const asRows = (pairs: [number, number][]) =>
    pairs.flatMap(([a, b]): [number, number][] => {
      const [i, j] = [rowOf.get(a), rowOf.get(b)];
      return i === undefined || j === undefined ? [] : [[i, j]];
    });
  const clustering = linker.cluster({
    same: asRows(same),
    notSame: asRows(notSame),
    ...rulesOf(model),
    moreThanNames: true,
  });
  const idAt = (row: number) => ids[row] as number;
  return {
    groups: clustering.clusters.map((rows) => Int32Array.from(rows, idAt)),
    // What was decided already is not asked again.
    review: clustering.review
      .filter(({ reason }) => reason !== 'decided not the same')
      .map(({ left, right, bits, reason }) => {
        const { steps } = linker.explainPair(left, right);
        const [a, b] = [idAt(left), idAt(right)].sort((x, y) => x - y) as [number, number];
        return {
          left: a,
          right: b,
          bits,
          why: reason,
          steps: steps.slice(1).map(({ name, finding, bits: own }) => ({ comparison: name, level: finding, bits: own })),
        };
      }),
    joins: clustering.joins
      .filter(({ bits }) => Number.isFinite(bits))
      .map(({ left, right, bits }) => {
        const [a, b] = [idAt(left), idAt(right)].sort((x, y) => x - y) as [number, number];
        return { left: a, right: b, bits };
      }),
    // The model keeps its rules: what is too coarse for these records may do for fewer.
    model: { ...linker.model, blocking: model.blocking },
    wasTrained: learnt !== null && !learnt.isCareful,
    doubts: learnt?.doubts ?? [],
    pairsCompared: scored.compared,
    rulesLeftOut,
  };
}

function comparesAlike(a: LinkageModel, b: LinkageModel): boolean {
  const shape = ({ comparisons }: LinkageModel) =>
    JSON.stringify(comparisons.map(({ name, levels }) => [name, levels.map(({ label }) => label)]));
  return shape(a) === shape(b);
}

function affordableRules(records: Records, model: LinkageModel): [LinkageModel, leftOut: string[]] {
  const counts = countPairs(records, model, 1);
  const isAffordable = (i: number) => (counts[i]?.largest[0]?.records ?? 0) <= blockAtMost;
  const kept = model.blocking.filter((_, i) => isAffordable(i));
  return [{ ...model, blocking: kept }, model.blocking.filter((_, i) => !isAffordable(i)).map(({ name }) => name)];
}
