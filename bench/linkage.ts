import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  block,
  calibration,
  category,
  code,
  composeModel,
  dateOfBirth,
  email,
  fitRules,
  guessModel,
  InputFiles,
  identifier,
  type LinkageModel,
  Linker,
  name,
  type Part,
  probabilityOf,
  Records,
  type ReviewedPair,
  recalibrate,
  recalibrated,
  text,
} from '@waymark/linkage';
import { agencyRecords } from '@waymark/town';
import { type Bar, type Report, say } from './report.ts';

const part = (field: string, take: Part['take'], length?: number): Part => ({ fields: [field], take, ...(length ? { length } : {}) });

/** Written from the columns alone: what they are called and what stands in them. */
const febrl = (): LinkageModel =>
  composeModel({
    name: 'FEBRL',
    comparisons: [
      name('given_name', { swappedWith: 'surname' }),
      name('surname', { swapIsCountedBy: 'given_name' }),
      code('street_number'),
      text('address_1'),
      text('address_2'),
      text('suburb'),
      code('postcode'),
      category('state'),
      dateOfBirth('date_of_birth'),
      identifier('soc_sec_id'),
    ],
    blocking: [
      block('date_of_birth'),
      block('soc_sec_id'),
      block({ fields: ['given_name', 'surname'] }),
      block('surname', 'postcode'),
      block('given_name', 'postcode'),
      block('address_1', 'street_number'),
      block('address_2', 'postcode'),
      block('suburb', 'street_number'),
      block(part('surname', 'sound'), part('date_of_birth', 'year')),
    ],
  });

const fake1000 = (): LinkageModel =>
  composeModel({
    name: 'fake_1000',
    comparisons: [
      name('first_name', { swappedWith: 'surname' }),
      name('surname', { swapIsCountedBy: 'first_name' }),
      dateOfBirth('dob'),
      category('city'),
      email('email'),
    ],
    blocking: [
      block('email'),
      block(part('email', 'before @')),
      block('dob'),
      block({ fields: ['first_name', 'surname'] }),
      block('surname'),
      block('first_name'),
      block(part('surname', 'first', 3), 'city'),
    ],
  });

interface Trial {
  linker: Linker;
  truth: (string | null)[];
}

/** Pairs drawn for review: as many from each tenth of the probability, as a reviewer who wants to learn most would take. */
const reviewedAtMost = 200;

/**
 * How well records are linked without any label, and whether probabilities mean what they say.
 */
export async function benchLinkage({ seed, data, size }: { seed: number; data?: string; size?: number }): Promise<Report> {
  const table: Report['table'] = [];
  const bars: Bar[] = [];
  const notes: string[] = [];
  const calibrations: Record<string, unknown> = {};
  const folder = data ?? '';
  const run = (label: string, { linker, truth }: Trial): void => {
    say(`linking ${label}`);
    const began = performance.now();
    linker.train();
    const scored = linker.score({ keepBits: -40 });
    const { pairs, best, clusters } = linker.evaluate(truth);
    const seconds = (performance.now() - began) / 1000;
    const known: ReviewedPair[] = [];
    for (let p = 0; p < scored.count; p++) {
      const [left, right] = [truth[scored.left[p] as number], truth[scored.right[p] as number]];
      if (left && right) known.push({ bits: scored.bits[p] as number, same: left === right });
    }
    // Only where the answer is not plain anyway: the mass of clear pairs would make any calibration look good.
    const doubtful = known.filter(({ bits }) => probabilityOf(bits) > 0.001 && probabilityOf(bits) < 0.999);
    const reviewed = drawForReview(known, seed);
    const rest = new Set(reviewed);
    const unseen = known.filter((pair) => !rest.has(pair));
    const before = calibration(unseen).error;
    const after = calibration(unseen, recalibrated(recalibrate(reviewed))).error;
    const doubtfulUnseen = doubtful.filter((pair) => !rest.has(pair));
    calibrations[label] = { before: calibration(unseen).table, after: calibration(unseen, recalibrated(recalibrate(reviewed))).table };
    const round = (value: number | null | undefined) => Number((value ?? Number.NaN).toFixed(4));
    table.push({
      set: label,
      records: linker.records.size,
      'true pairs': pairs.truePairs,
      'best F1': round(best?.f1),
      'at bits': round(best?.bits),
      'F1 default': round(pairs.f1),
      precision: round(pairs.precision),
      recall: round(pairs.recall),
      'clusters F1': round(clusters.pairs.f1),
      'B³ F1': round(clusters.bCubed.f1),
      'ECE before': round(before),
      'after 200': round(after),
      'ECE doubtful': round(calibration(doubtfulUnseen).error),
      'doubtful after': round(calibration(doubtfulUnseen, recalibrated(recalibrate(reviewed))).error),
      seconds: Number(seconds.toFixed(1)),
    });
    if (label === 'febrl3') {
      bars.push({ name: 'febrl3 best F1', figure: best?.f1 ?? 0, limit: 0.9954, sense: 'least', unit: '' });
      bars.push({ name: 'febrl3 F1 at the default threshold', figure: pairs.f1 ?? 0, limit: 0.99, sense: 'least', unit: '' });
    }
    if (label === 'fake_1000') bars.push({ name: 'fake_1000 best F1', figure: best?.f1 ?? 0, limit: 0.87, sense: 'least', unit: '' });
    if (label === 'febrl3, guessed')
      bars.push({ name: 'febrl3 F1, guessed model', figure: pairs.f1 ?? 0, limit: 0.98, sense: 'least', unit: '' });
  };
  if (existsSync(join(folder, 'febrl3.csv'))) {
    for (const set of ['febrl1', 'febrl2', 'febrl3']) run(set, await fromFile(join(folder, `${set}.csv`), febrl(), 'rec_id'));
    run('fake_1000', await fromFile(join(folder, 'fake_1000.csv'), fake1000(), 'cluster'));
    run('febrl3, guessed', await fromFile(join(folder, 'febrl3.csv'), null, 'rec_id'));
    run('fake_1000, guessed', await fromFile(join(folder, 'fake_1000.csv'), null, 'cluster'));
  } else notes.push(`The public sets were skipped: there is no febrl3.csv in ${folder || 'a folder given with --data'}.`);
  run('generated agencies', generated(seed, size ?? 8000));
  notes.push(
    'No label is used in training or for the default threshold. ECE: over scored pairs that were not reviewed; "doubtful": probability between 0.1 % and 99.9 %.',
  );
  return { bench: 'linkage', table, bars, notes, details: { calibrations } };
}

async function fromFile(path: string, model: LinkageModel | null, truthColumn: string): Promise<Trial> {
  const input = await InputFiles.open([path]);
  try {
    const given = model ?? guessModel(await input.sample(0, 5000), [truthColumn]).model;
    const { records, kept } = await input.read(given.fields, { keep: [truthColumn] });
    const truth = (kept.get(truthColumn) ?? []).map((value) => value?.trim().replace(/^rec-(\d+)-.*$/, '$1') ?? null);
    return { linker: new Linker(records, model ?? fitRules(records, given)), truth };
  } finally {
    input.close();
  }
}

function generated(seed: number, people: number): Trial {
  const rows = [...agencyRecords({ seed, people })];
  const columns = Object.keys(rows[0] ?? {}) as (keyof (typeof rows)[number])[];
  const { model } = guessModel(new Map(columns.map((column) => [column, rows.slice(0, 5000).map((row) => row[column])])), [
    'person',
    'record',
  ]);
  const records = new Records(model.fields);
  for (const row of rows) records.add(row.record, '', (column) => row[column as keyof typeof row]);
  return { linker: new Linker(records, fitRules(records, model)), truth: rows.map(({ person }) => person) };
}

function drawForReview(pairs: ReviewedPair[], seed: number): ReviewedPair[] {
  const tenths: ReviewedPair[][] = Array.from({ length: 10 }, () => []);
  for (const pair of pairs) tenths[Math.min(9, Math.floor(probabilityOf(pair.bits) * 10))]?.push(pair);
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
  const drawn: ReviewedPair[] = [];
  for (let left = reviewedAtMost; left > 0 && tenths.some((tenth) => tenth.length > 0); ) {
    for (const tenth of tenths) {
      if (tenth.length === 0 || left === 0) continue;
      drawn.push(...tenth.splice(Math.floor(next() * tenth.length), 1));
      left--;
    }
  }
  return drawn;
}
