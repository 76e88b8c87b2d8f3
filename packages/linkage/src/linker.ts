import { type CandidateOptions, Candidates } from './blocking/candidates.ts';
import { countPairs, type RuleCount } from './blocking/count-pairs.ts';
import { type Clustering, cluster } from './cluster/cluster.ts';
import type { Constraints } from './cluster/constraints.ts';
import { Patterns } from './compare/patterns.ts';
import { type ClusterAgreement, evaluateClusters } from './evaluate/clusters.ts';
import { evaluateByGroup } from './evaluate/groups.ts';
import { type MissedPair, missedPairs } from './evaluate/missed.ts';
import { type Agreement, evaluatePairs, type ThresholdAgreement, type Truth } from './evaluate/pairs.ts';
import { type ClusterStory, clusterStory } from './explain/story.ts';
import { type Waterfall, waterfall } from './explain/waterfall.ts';
import { type LinkageModel, ModelError, readModel } from './model/model.ts';
import { InputFiles } from './records/read-files.ts';
import { Records, type Row, rawText } from './records/records.ts';
import { type ScoredPairs, type ScoreOptions, scorePairs } from './score/score.ts';
import { Weights } from './score/weights.ts';
import { trainFromLabels } from './train/from-labels.ts';
import { type TrainingReport, type TrainOptions, trainModel } from './train/train.ts';
import { carefulModel, linkingDoubts, trainingDoubts } from './train/trust.ts';

export interface RowsOptions {
  /** The column with each record's id; records are numbered without it. */
  id?: string;
  /** The column that tells each record's source. */
  source?: string;
}

/**
 * Links records to persons: standardise, count, train, score, cluster, explain, evaluate. Each step can be used alone; this
 * holds what they share.
 */
export class Linker {
  readonly records: Records;
  #model: LinkageModel;
  #scored: ScoredPairs | null = null;
  #scoreOptions: ScoreOptions = {};
  #clustering: Clustering | null = null;
  #candidates: { options: string; candidates: Candidates } | null = null;
  #pairwise: { patterns: Patterns; weights: Weights } | null = null;

  constructor(records: Records, model: LinkageModel) {
    this.records = records;
    this.#model = readModel(model);
  }

  /**
   * From rows in memory.
   * @throws ModelError when a column the model reads is in no row
   */
  static fromRows(rows: Iterable<Row>, model: LinkageModel, { id, source }: RowsOptions = {}): Linker {
    const records = new Records(model.fields);
    const columns = new Set<string>();
    let number = 0;
    for (const row of rows) {
      number++;
      for (const column of Object.keys(row)) columns.add(column);
      records.add(id ? (rawText(row[id]) ?? '') : String(number), source ? (rawText(row[source]) ?? '') : '', (column) =>
        rawText(row[column]),
      );
    }
    if (number > 0) checkColumns(model, columns);
    return new Linker(records, model);
  }

  /** From CSV and Parquet files; several files are several sources. */
  static async fromFiles(
    paths: string | string[],
    model: LinkageModel,
    options: RowsOptions & { onProgress?: (done: number, all: number) => void } = {},
  ): Promise<Linker> {
    const files = await InputFiles.open([paths].flat());
    try {
      checkColumns(model, new Set(files.columns));
      const { records } = await files.read(model.fields, {
        idColumn: options.id,
        sourceColumn: options.source,
        onProgress: options.onProgress,
      });
      return new Linker(records, model);
    } finally {
      files.close();
    }
  }

  get model(): LinkageModel {
    return this.#model;
  }

  /** Pairs of each blocking rule and its largest blocks, before anything is compared. */
  countPairs(largest?: number): RuleCount[] {
    return countPairs(this.records, this.#model, largest);
  }

  /** Learns λ, m and u from the records. */
  train(options: TrainOptions = {}): TrainingReport {
    const { model, report } = trainModel(this.records, this.#model, options, this.#candidatesFor(options));
    this.#use(model);
    return report;
  }

  /**
   * Learns as `train` does, and tries what was learnt on the records before it is kept: where there is too little to learn from, or
   * the outcome is absurd, careful published defaults stand in, and the report says so.
   */
  learn(options: TrainOptions = {}): TrainingReport & { doubts: string[]; isCareful: boolean } {
    const untrained = this.#model;
    const report = this.train(options);
    const doubts = trainingDoubts(report, this.#model);
    if (doubts.length === 0)
      doubts.push(
        ...linkingDoubts(
          this.records,
          this.#model,
          this.score({ blockAtMost: options.blockAtMost, pairs: options.pairs, chunkPairs: options.chunkPairs }),
        ),
      );
    if (doubts.length === 0) return { ...report, doubts, isCareful: false };
    this.#use(carefulModel(this.records, untrained, options));
    const warning = `What these records teach is not used: ${doubts.join('; ')}. Careful published defaults are used in its place, which link less. Check some links by hand, or give a model that was learnt elsewhere.`;
    return { ...report, warnings: [warning], doubts, isCareful: true };
  }

  /** Learns m and u from pairs of rows that somebody decided about; λ stays. */
  trainFromLabels(labels: Iterable<{ left: number; right: number; same: boolean }>): void {
    this.#use(trainFromLabels(this.records, this.#model, labels));
  }

  /** Scores every candidate pair; keeps those that could matter. */
  score(options: ScoreOptions = {}): ScoredPairs {
    this.#scoreOptions = options;
    this.#scored = scorePairs(this.records, this.#model, options, this.#candidatesFor(options));
    return this.#scored;
  }

  /** Puts records together to persons. */
  cluster(constraints: Constraints = {}, { linkBits = this.#model.thresholds.linkBits }: { linkBits?: number } = {}): Clustering {
    const reviewBits = Math.min(linkBits, this.#model.thresholds.reviewBits);
    let scored = this.#scored ?? this.score();
    // What was scored for higher thresholds does not hold the pairs that lower ones need.
    if (scored.keptFromBits > reviewBits) scored = this.score({ ...this.#scoreOptions, keepBits: reviewBits });
    const isBorneOut = constraints.moreThanNames ? this.#bearsOut() : undefined;
    this.#clustering = cluster(this.records, scored, constraints, { linkBits, reviewBits, weigh: this.weigher(), isBorneOut });
    return this.#clustering;
  }

  /** The weight of any two rows, in bits. */
  weigher(): (i: number, j: number) => number {
    const { patterns, weights } = this.#comparing();
    return (i, j) => weights.of(i, j, patterns.of(i, j));
  }

  /** Whether something other than names, and values of a few kinds such as sex, speaks for two rows. */
  #bearsOut(): (i: number, j: number) => boolean {
    const { patterns, weights } = this.#comparing();
    const standardOf = new Map(this.#model.fields.map(({ name, standard }) => [name, standard]));
    const tells = this.#model.comparisons.map(({ needs, levels }) => standardOf.get(needs.flat()[0] ?? '') !== 'name' && levels.length > 2);
    return (i, j) => weights.parts(i, j, patterns.of(i, j)).some(({ bits }, c) => tells[c] === true && bits > 0);
  }

  /** Why two rows have the weight they have. */
  explainPair(i: number, j: number): Waterfall {
    const { patterns, weights } = this.#comparing();
    return waterfall(this.#model, this.records, i, j, weights.priorBits, weights.parts(i, j, patterns.of(i, j)));
  }

  /** How the records of a cluster hang together. */
  explainCluster(rows: readonly number[]): ClusterStory {
    return clusterStory(this.records, rows, this.weigher(), (i, j) => this.explainPair(i, j).text);
  }

  /** Agreement with a truth, given per row. */
  evaluate(truth: Truth): { pairs: Agreement; curve: ThresholdAgreement[]; best: ThresholdAgreement | null; clusters: ClusterAgreement } {
    const { curve, best, at } = evaluatePairs(this.#scored ?? this.score(), truth);
    const { clusterOf } = this.#clustering ?? this.cluster();
    return { pairs: at(this.#model.thresholds.linkBits), curve, best, clusters: evaluateClusters(clusterOf, truth) };
  }

  /** The same for groups of people apart, by the value of a field. */
  evaluateByGroup(truth: Truth, field: string): Map<string, Agreement> {
    return evaluateByGroup((this.#clustering ?? this.cluster()).clusterOf, truth, (row) => this.records.value(row, field));
  }

  /** Pairs of one person that were not put together, by cause. */
  missedPairs(truth: Truth): MissedPair[] {
    const candidates = new Candidates(this.records, this.#model, { blockAtMost: Number.POSITIVE_INFINITY });
    const { clusterOf } = this.#clustering ?? this.cluster();
    return missedPairs(clusterOf, truth, this.#model.thresholds.linkBits, (i, j) => candidates.isCandidate(i, j), this.weigher());
  }

  /** Blocks are worked out once for training and scoring. */
  #candidatesFor({ blockAtMost, pairs, chunkPairs }: CandidateOptions): Candidates {
    const options = JSON.stringify({ blockAtMost, pairs, chunkPairs, rules: this.#model.blocking });
    if (this.#candidates?.options !== options) {
      this.#candidates = { options, candidates: new Candidates(this.records, this.#model, { blockAtMost, pairs, chunkPairs }) };
    }
    return this.#candidates.candidates;
  }

  /** What compares and weighs single pairs, kept for as long as the model stays. */
  #comparing(): { patterns: Patterns; weights: Weights } {
    if (!this.#pairwise) {
      const patterns = new Patterns(this.#model, this.records);
      this.#pairwise = { patterns, weights: new Weights(this.#model, this.records, patterns) };
    }
    return this.#pairwise;
  }

  #use(model: LinkageModel): void {
    this.#model = model;
    this.#pairwise = null;
    this.#scored = null;
    this.#clustering = null;
  }
}

function checkColumns(model: LinkageModel, columns: ReadonlySet<string>): void {
  const faults = model.fields.flatMap(({ name, from }) =>
    from
      .filter((column) => !columns.has(column))
      .map(
        (column) => `the field "${name}" reads the column "${column}", which the records do not have; they have ${[...columns].join(', ')}`,
      ),
  );
  if (faults.length > 0) throw new ModelError(faults);
}
