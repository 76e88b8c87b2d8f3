import type { Answer } from './answers.ts';

/** Fewer than this, and a row says so. */
export const fewUnder = 300;

/** What is counted over questions of one kind. */
export class Score {
  n = 0;
  there = 0;
  right = 0;
  wrong = 0;
  falseExclusions = 0;
  falseImpossible = 0;
  absentExcluded = 0;
  unknown = 0;
  anyRight = 0;
  anyWrong = 0;
  lineRight = 0;
  lineWrong = 0;
  readonly #doubtful = Array.from({ length: 10 }, () => ({ n: 0, p: 0, there: 0 }));
  doubtful = 0;
  #brier = 0;
  #logLoss = 0;
  #bridgeBrier = 0;
  #bridgeLogLoss = 0;
  #scored = 0;

  add(there: boolean, answer: Answer, byAny: boolean, byLine: boolean, bridge: number): void {
    this.n++;
    if (there) this.there++;
    if (answer.word === 'present') {
      if (there) this.right++;
      else this.wrong++;
    }
    if (answer.word === 'unknown') this.unknown++;
    if (answer.word === 'excluded') {
      if (there) this.falseExclusions++;
      else this.absentExcluded++;
      if (there && answer.isImpossible) this.falseImpossible++;
    }
    if (byAny) this[there ? 'anyRight' : 'anyWrong']++;
    if (byLine) this[there ? 'lineRight' : 'lineWrong']++;
    const p = answer.p;
    if (Number.isNaN(p)) return;
    this.#scored++;
    const truth = there ? 1 : 0;
    this.#brier += (p - truth) ** 2;
    this.#logLoss += lossOf(p, truth);
    this.#bridgeBrier += (bridge - truth) ** 2;
    this.#bridgeLogLoss += lossOf(bridge, truth);
    if (p <= 0.01 || p >= 0.99) return;
    this.doubtful++;
    const bin = this.#doubtful[Math.min(9, Math.floor(p * 10))];
    if (!bin) return;
    bin.n++;
    bin.p += p;
    bin.there += truth;
  }

  get precision(): number {
    return this.right / (this.right + this.wrong);
  }

  get recall(): number {
    return this.right / this.there;
  }

  /** Expected calibration error over doubtful pairs: ten bins, weighed by their size. */
  get ece(): number {
    return this.doubtful === 0 ? Number.NaN : this.#doubtful.reduce((sum, { p, there }) => sum + Math.abs(p - there), 0) / this.doubtful;
  }

  /** What the same would come to on average, by chance alone, were every stated probability right. */
  get eceByChance(): number {
    const by = ({ n, p }: { n: number; p: number }) => (n === 0 ? 0 : Math.sqrt((2 * p * (1 - p / n)) / Math.PI));
    return this.doubtful === 0 ? Number.NaN : this.#doubtful.reduce((sum, bin) => sum + by(bin), 0) / this.doubtful;
  }

  get brier(): [ours: number, bridge: number] {
    return [this.#brier / this.#scored, this.#bridgeBrier / this.#scored];
  }

  get logLoss(): [ours: number, bridge: number] {
    return [this.#logLoss / this.#scored, this.#bridgeLogLoss / this.#scored];
  }

  get reliability(): { stated: number; found: number; n: number }[] {
    return this.#doubtful.map(({ n, p, there }) => ({ stated: p / n, found: there / n, n }));
  }

  /** What the true share of false exclusions is below, with 95 % certainty (Clopper and Pearson's upper bound, by bisection). */
  get falseExclusionsAtMost(): number {
    return upperBound(this.falseExclusions, this.there);
  }

  row(name: string): Record<string, string | number> {
    const share = (k: number, n: number) => (n === 0 ? '–' : Number((k / n).toFixed(3)));
    return {
      questions: this.n < fewUnder ? `${name} (few)` : name,
      n: this.n,
      there: this.there,
      'false excl.': this.falseExclusions,
      'at most 1 in': this.there === 0 ? '–' : Math.round(1 / this.falseExclusionsAtMost),
      precision: share(this.right, this.right + this.wrong),
      recall: share(this.right, this.there),
      'any fix': `${share(this.anyRight, this.there)} / ${share(this.anyRight, this.anyRight + this.anyWrong)}`,
      line: `${share(this.lineRight, this.there)} / ${share(this.lineRight, this.lineRight + this.lineWrong)}`,
      'absent excl.': share(this.absentExcluded, this.n - this.there),
      unknown: share(this.unknown, this.n),
      'ECE, by chance': `${this.ece.toFixed(3)} ${this.eceByChance.toFixed(3)}`,
      'Brier, bridge': this.brier.map((own) => own.toFixed(4)).join(' '),
      'log loss, bridge': this.logLoss.map((own) => own.toFixed(3)).join(' '),
    };
  }
}

const lossOf = (p: number, truth: number): number => -Math.log(Math.max(1e-6, truth === 1 ? p : 1 - p));

function upperBound(k: number, n: number): number {
  if (n === 0) return Number.NaN;
  let [low, high] = [k / n, 1];
  for (let i = 0; i < 60; i++) {
    const p = (low + high) / 2;
    if (atMost(k, n, p) > 0.05) low = p;
    else high = p;
  }
  return high;
}

/** P(at most k of n), by logarithms, so that it holds for large n. */
function atMost(k: number, n: number, p: number): number {
  let logTerm = n * Math.log1p(-p);
  let sum = Math.exp(logTerm);
  for (let i = 1; i <= k; i++) {
    logTerm += Math.log((n - i + 1) / i) + Math.log(p) - Math.log1p(-p);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, sum);
}
