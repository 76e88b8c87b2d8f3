import {
  defaultParameters,
  type RuledOutColumns,
  strengthOf,
  sweep,
  unknownProbability,
  type VerdictColumns,
  verdictCode,
} from '@waymark/presence';
import { Town, type TownCrime, type TruePath } from '@waymark/town';
import { type Report, say } from './report.ts';
import { loadTown } from './town-fleet.ts';

interface Bin {
  n: number;
  p: number;
  truth: number;
}

const bins = (): Bin[] => Array.from({ length: 10 }, () => ({ n: 0, p: 0, truth: 0 }));

function add(list: Bin[], p: number, truth: number): void {
  const bin = list[Math.min(9, Math.floor(p * 10))] as Bin;
  bin.n++;
  bin.p += p;
  bin.truth += truth;
}

/** Expected calibration error: mean distance between stated and true share over ten bins, weighed by their size. */
function calibrationError(list: Bin[]): number {
  const n = list.reduce((sum, bin) => sum + bin.n, 0);
  return n === 0 ? Number.NaN : list.reduce((sum, bin) => sum + Math.abs(bin.p - bin.truth), 0) / n;
}

/** Wilson's 95 % interval of a share, as text. */
function interval(k: number, n: number): string {
  if (n === 0) return '–';
  const z = 1.96;
  const p = k / n;
  const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n);
  return `${(middle - half).toFixed(3)} to ${(middle + half).toFixed(3)}`;
}

interface Score {
  right: number;
  wrong: number;
  missed: number;
}

const precision = ({ right, wrong }: Score) => right / (right + wrong);
const recall = ({ right, missed }: Score) => right / (right + missed);

/**
 * How good are the verdicts, where the truth is known? "There" means: truly within the radius of the recorded place at
 * some moment of the window. Beside it the plain rule: any fix within 100 m in the window.
 */
export async function benchVerdicts(options: { seed: number; size?: number }): Promise<Report> {
  const wearers = options.size ?? 200;
  const town = new Town({ seed: options.seed, wearers, days: 14, crimes: 5 * wearers });
  const { input, crimes, paths, fixes } = loadTown(town);
  const ours: Score = { right: 0, wrong: 0, missed: 0 };
  const plain: Score = { right: 0, wrong: 0, missed: 0 };
  const atMoment = { there: 0, ours: 0, plain: 0 };
  let absent = 0;
  let absentExcluded = 0;
  let impossibleWrong = 0;
  let notPlausibleWrong = 0;
  let excluded = 0;
  const some = bins();
  const moment = bins();
  const everyPair = bins();
  const input_ = input.parameters;
  const count = (columns: VerdictColumns | RuledOutColumns, i: number, verdict: number, pWindowPpm: number, pMomentPpm: number) => {
    const crime = crimes[columns.crime[i] as number] as TownCrime;
    const path = paths[columns.wearing[i] as number] as TruePath;
    const radius = input_.radiusM + crime.uncertaintyM;
    const there = path.leastDistance(crime.x, crime.y, crime.from, crime.to) <= radius;
    const present = verdict === verdictCode.present;
    const isExcluded = strengthOf(verdict) !== null;
    const byPlain = (columns.fixes[i] as number) > 0 && (columns.closestDm[i] as number) >= 0 && (columns.closestDm[i] as number) <= 1000;
    ours[present ? (there ? 'right' : 'wrong') : 'missed'] += present ? 1 : there ? 1 : 0;
    plain[byPlain ? (there ? 'right' : 'wrong') : 'missed'] += byPlain ? 1 : there ? 1 : 0;
    if (isExcluded) excluded++;
    if (there && verdict === verdictCode.impossible) impossibleWrong++;
    if (there && verdict === verdictCode.notPlausible) notPlausibleWrong++;
    if (!there) {
      absent++;
      if (isExcluded) absentExcluded++;
    }
    if (path.leastDistance(crime.x, crime.y, crime.trueAt, crime.trueAt) <= radius) {
      atMoment.there++;
      if (present) atMoment.ours++;
      if (byPlain) atMoment.plain++;
    }
    if (pWindowPpm === unknownProbability) return;
    const p = pWindowPpm / 1e6;
    add(everyPair, p, there ? 1 : 0);
    // Where the answer is not plain anyway.
    if (p > 0.001 && p < 0.9999) add(some, p, there ? 1 : 0);
    if (p > 0.001) add(moment, pMomentPpm / 1e6, path.shareWithin(crime.x, crime.y, radius, crime.from, crime.to));
  };
  await sweep(
    input,
    async ({ weighed, ruledOut }) => {
      for (let i = 0; i < weighed.rows; i++) {
        const { verdict, pWindowPpm, pMomentPpm } = weighed.columns;
        count(weighed.columns, i, verdict[i] as number, pWindowPpm[i] as number, pMomentPpm[i] as number);
      }
      for (let i = 0; i < ruledOut.rows; i++) count(ruledOut.columns, i, verdictCode.impossible, 0, 0);
    },
    { onProgress: (done, all) => say(`judging: ${done} of ${all} crimes`) },
  );
  const pairs = absent + ours.right + ours.missed;
  const share = (value: number) => Number(value.toFixed(4));
  return {
    bench: `verdicts (${wearers} wearers, 14 days, ${crimes.length} crimes, ${fixes.toLocaleString('en-GB')} fixes, ${pairs.toLocaleString('en-GB')} pairs)`,
    table: [
      {
        rule: `present (P ≥ ${defaultParameters.presentProbability})`,
        precision: share(precision(ours)),
        'precision, 95 %': interval(ours.right, ours.right + ours.wrong),
        recall: share(recall(ours)),
        'recall, 95 %': interval(ours.right, ours.right + ours.missed),
        'recall at the true moment': share(atMoment.ours / atMoment.there),
      },
      {
        rule: 'plain: any fix within 100 m',
        precision: share(precision(plain)),
        'precision, 95 %': interval(plain.right, plain.right + plain.wrong),
        recall: share(recall(plain)),
        'recall, 95 %': interval(plain.right, plain.right + plain.missed),
        'recall at the true moment': share(atMoment.plain / atMoment.there),
      },
      ...some.map((bin, i) => ({
        rule: `P(some moment) ${i / 10} to ${(i + 1) / 10}`,
        pairs: bin.n,
        stated: share(bin.p / bin.n),
        true: share(bin.truth / bin.n),
      })),
      ...moment.map((bin, i) => ({
        rule: `P(moment) ${i / 10} to ${(i + 1) / 10}`,
        pairs: bin.n,
        stated: share(bin.p / bin.n),
        true: share(bin.truth / bin.n),
      })),
    ],
    notes: [
      `Excluded: ${excluded.toLocaleString('en-GB')} of ${pairs.toLocaleString('en-GB')} pairs; false among them: ${impossibleWrong} impossible, ${notPlausibleWrong} not plausible.`,
      `Of the truly absent ${absent.toLocaleString('en-GB')}, ${(100 * (absentExcluded / absent)).toFixed(1)} % are excluded.`,
      `Calibration error over every pair, plain ones too: ${calibrationError(everyPair).toFixed(4)}. The tables and bars leave those out.`,
    ],
    bars: [
      { name: 'false exclusions', figure: impossibleWrong + notPlausibleWrong, limit: 0, sense: 'most', unit: 'pairs' },
      { name: 'calibration error of P(some moment), doubtful pairs', figure: calibrationError(some), limit: 0.05, sense: 'most', unit: '' },
      { name: 'calibration error of P(moment), doubtful pairs', figure: calibrationError(moment), limit: 0.05, sense: 'most', unit: '' },
      { name: 'precision of present, above the plain rule', figure: precision(ours), limit: precision(plain), sense: 'more', unit: '' },
      { name: 'recall of present, no lower than the plain rule', figure: recall(ours), limit: recall(plain), sense: 'least', unit: '' },
    ],
  };
}
