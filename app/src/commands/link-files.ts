import { readFileSync, writeFileSync } from 'node:fs';
import {
  type Agreement,
  type ClusterAgreement,
  type Clustering,
  fitRules,
  guessModel,
  InputFileError,
  InputFiles,
  type LinkageModel,
  Linker,
  type Records,
  readModel,
  rulesOf,
  type TrainingReport,
} from '@waymark/linkage';
import { stringify } from 'csv-stringify/sync';

export interface LinkOptions {
  files: string[];
  /** A file with a model; guessed from the columns without it. */
  model?: string;
  id?: string;
  truth?: string;
  thresholdBits?: number;
  /** A CSV file for the person of each record. */
  out?: string;
  /** A file for the model as it was used, with what was learnt. */
  saveModel?: string;
  blockAtMost?: number;
}

export interface LinkResult {
  records: number;
  persons: number;
  /** Ids of the records of each person with more than one. */
  clusters: { id: string; source: string }[][];
  review: { left: string; right: string; bits: number; reason: string }[];
  pairsCompared: number;
  model: LinkageModel;
  /** What each column was taken for, where the model was guessed. */
  columns: { column: string; kind: string }[] | null;
  /** How learning went, and why what was learnt is not used, where it is not. */
  training: (Omit<TrainingReport, 'sessions'> & { doubts: string[]; isCareful: boolean }) | null;
  pairs?: Pick<Agreement, 'precision' | 'recall' | 'f1'>;
  best?: { threshold: number; f1: number };
  clustersAgainstTruth?: ClusterAgreement;
}

/** Called as work goes on: what is being done, how far, of how much. */
export type LinkProgress = (step: string, done: number, all: number) => void;

const sampled = 5000;

/**
 * Links the records of files to persons.
 * @throws ModelError, InputFileError, LargeBlockError, RecordIdError with what is wrong and what to do
 */
export async function linkFiles(options: LinkOptions, onProgress: LinkProgress): Promise<LinkResult> {
  const input = await InputFiles.open(options.files);
  try {
    if (input.files.every(({ rows }) => rows === 0))
      throw new InputFileError(`${options.files.join(' and ')}: there are no records, only a header`);
    const guessed = options.model
      ? null
      : guessModel(
          await input.sample(0, sampled),
          [options.id, options.truth].filter((column) => column !== undefined),
        );
    const given = guessed?.model ?? readModelFile(options.model as string);
    const idColumn = options.id ?? guessed?.idColumn;
    const { records, kept } = await input.read(given.fields, {
      idColumn,
      keep: options.truth ? [options.truth] : [],
      onProgress: (done, all) => onProgress('records read', done, all),
    });
    const model = withThreshold(guessed ? fitRules(records, given) : given, options.thresholdBits);
    const linker = new Linker(records, model);
    const training = isTrained(model)
      ? null
      : linker.learn({ blockAtMost: options.blockAtMost, onProgress: (step, done, all) => onProgress(step, done, all) });
    const all = linker.countPairs(0).reduce((sum, { pairs }) => sum + pairs, 0);
    const scored = linker.score({ blockAtMost: options.blockAtMost, onProgress: (pairs) => onProgress('pairs scored', pairs, all) });
    const clustering = linker.cluster(rulesOf(model));
    if (options.out) writeFileSync(options.out, personsAsCsv(records, clustering));
    if (options.saveModel) writeFileSync(options.saveModel, `${JSON.stringify(linker.model, null, 2)}\n`);
    const { sessions: _, ...told } = training ?? { sessions: [] };
    return {
      records: records.size,
      persons: clustering.clusters.length,
      clusters: clustering.clusters.filter((rows) => rows.length > 1).map((rows) => rows.map((row) => keyOf(records, row))),
      review: clustering.review.map(({ left, right, bits, reason }) => ({
        left: records.ids[left] as string,
        right: records.ids[right] as string,
        bits,
        reason,
      })),
      pairsCompared: scored.compared,
      model: linker.model,
      columns: guessed?.columns ?? null,
      training: training ? (told as LinkResult['training']) : null,
      ...(options.truth ? againstTruth(linker, kept.get(options.truth) ?? []) : {}),
    };
  } finally {
    input.close();
  }
}

function againstTruth(linker: Linker, truth: (string | null)[]): Pick<LinkResult, 'pairs' | 'best' | 'clustersAgainstTruth'> {
  const { pairs, best, clusters } = linker.evaluate(truth.map(personInTruth));
  return {
    pairs: { precision: pairs.precision, recall: pairs.recall, f1: pairs.f1 },
    best: { threshold: best?.bits ?? Number.NaN, f1: best?.f1 ?? 0 },
    clustersAgainstTruth: clusters,
  };
}

/** The person that a truth column names; ids as the FEBRL generator writes them, `rec-12-org` and `rec-12-dup-0`, are person 12. */
function personInTruth(value: string | null): string | null {
  const trimmed = value?.trim() ?? '';
  return /^rec-(\d+)-(?:org|dup-\d+)$/.exec(trimmed)?.[1] ?? (trimmed || null);
}

function readModelFile(path: string): LinkageModel {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new InputFileError(`${path} cannot be read as JSON: ${(error as Error).message}`);
  }
  return readModel(json);
}

function withThreshold(model: LinkageModel, linkBits: number | undefined): LinkageModel {
  if (linkBits === undefined) return model;
  return { ...model, thresholds: { linkBits, reviewBits: Math.min(linkBits, model.thresholds.reviewBits) } };
}

/** Has every level that tells something its m and u? */
function isTrained(model: LinkageModel): boolean {
  return model.prior !== undefined && model.comparisons.every(({ levels }) => levels.every(({ m, u, neutral }) => neutral || (m && u)));
}

function keyOf(records: Records, row: number): { id: string; source: string } {
  return { id: records.ids[row] as string, source: records.sources[records.sourceOf[row] as number] as string };
}

function personsAsCsv(records: Records, { clusterOf }: Clustering): string {
  const several = records.sources.length > 1;
  const rows = records.ids.flatMap((id, row) =>
    (clusterOf[row] as number) < 0 ? [] : [[(clusterOf[row] as number) + 1, ...(several ? [keyOf(records, row).source] : []), id]],
  );
  return stringify([['person', ...(several ? ['source'] : []), 'id'], ...rows]);
}
