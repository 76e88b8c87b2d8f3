import { Random } from '@waymark/town';
import { drawSample, looksAskedFor, looksFor } from '../app/src/supervision/index.ts';
import type { Report } from './report.ts';

/**
 * How often a wrong one is missed where few are wrong, and where every other is: people who search pictures for what is rare (Wolfe,
 * Horowitz and Kenner, Nature 435, 2005: 30 % missed at one in a hundred, 7 % at one in two). A look of a sample is of the first kind too.
 */
const missed = { rare: 0.3, often: 0.07 };
/** How often somebody doubts what is right. */
const doubts = 0.005;
/** What a demo town, and a small force, come to: crimes by wearers, and exclusions among the pairs. */
const wearers = 40;
const exclusionsEach = 50;

interface Outcome {
  passed: number;
  looks: number;
  opened: number;
}

/** Wrong exclusions that pass, and looks, where all are reviewed one by one, and where those of each wearer are cleared together. */
export async function benchClearing({ seed, size }: { seed: number; size?: number }): Promise<Report> {
  const times = size ?? 400;
  const lot = new Random(seed);
  const random = () => lot.next();
  const table: Report['table'] = [];
  const figures = new Map<string, { together: number; single: number; looks: number }>();
  for (const share of [0, 0.001, 0.01, 0.05])
    for (const lie of ['anywhere', 'with few wearers'] as const) {
      if (share === 0 && lie !== 'anywhere') continue;
      const sums = { wrong: 0, together: { passed: 0, looks: 0, opened: 0 }, single: { passed: 0, looks: 0, opened: 0 } };
      for (let i = 0; i < times; i++) {
        const fleet = wrongOnes(share, lie, random);
        sums.wrong += fleet.flat().filter(Boolean).length;
        for (const batch of fleet) {
          add(sums.together, clearTogether(batch, random));
          add(sums.single, oneByOne(batch, random));
        }
      }
      const each = (n: number) => Number((n / times).toFixed(2));
      figures.set(`${share} ${lie}`, { together: sums.together.passed, single: sums.single.passed, looks: sums.together.looks / times });
      table.push({
        'wrong exclusions': `${share * 100} %`,
        'where they lie': share === 0 ? '–' : lie,
        'wrong in all': each(sums.wrong),
        'pass one by one': each(sums.single.passed),
        'pass together': each(sums.together.passed),
        'looks one by one': each(sums.single.looks),
        'looks together': each(sums.together.looks),
        'batches opened': each(sums.together.opened),
      });
    }
  const careful = wearers * looksAskedFor(exclusionsEach);
  const few = figures.get('0.05 with few wearers');
  return {
    bench: `exclusions cleared together (${wearers} batches of ${exclusionsEach}, ${times} times)`,
    table,
    notes: [
      `Reviewers miss ${missed.rare * 100} % of what is wrong where that is rare and ${Math.round(missed.often * 100)} % where every other is, in between by its share; they doubt ${doubts * 100} % of what is right. A batch that was opened is reviewed one by one.`,
      'A sample finds an engine that is wrong often, or wrong about one wearer; a rare wrong one anywhere passes it, as most of the batch is not looked at.',
    ],
    bars: [
      { name: 'looks of a careful person for 2,000 exclusions', figure: careful, limit: 250, sense: 'most', unit: 'looks' },
      {
        name: 'wrong ones that pass together, where a twentieth is wrong and lies with few wearers, beside one by one',
        figure: few ? few.together / few.single : Number.NaN,
        limit: 2,
        sense: 'most',
        unit: 'times',
      },
    ],
  };
}

const add = (sum: Outcome, one: Outcome) => {
  sum.passed += one.passed;
  sum.looks += one.looks;
  sum.opened += one.opened;
};

/** For each wearer, which exclusions are wrong. */
function wrongOnes(share: number, lie: 'anywhere' | 'with few wearers', random: () => number): boolean[][] {
  // With few: of an eighth of the wearers up to eight times as many are wrong, as where a clock or a receiver is out.
  return Array.from({ length: wearers }, () => {
    const own = lie === 'anywhere' ? share : random() < 1 / 8 ? Math.min(1, 8 * share) : 0;
    return Array.from({ length: exclusionsEach }, () => random() < own);
  });
}

const missOf = (batch: readonly boolean[]) => {
  const share = batch.filter(Boolean).length / batch.length;
  return missed.rare + (missed.often - missed.rare) * Math.min(1, share / 0.5);
};

function oneByOne(batch: readonly boolean[], random: () => number): Outcome {
  const miss = missOf(batch);
  return { passed: batch.filter((isWrong) => isWrong && random() < miss).length, looks: batch.length, opened: 0 };
}

function clearTogether(batch: readonly boolean[], random: () => number): Outcome {
  const miss = missOf(batch);
  // The one look more than the sample is of one more exclusion, or in one batch of four a test, which a careful person passes.
  const isTested = random() < 1 / 4;
  const sample = drawSample([...batch.keys()], () => 'one', random, isTested ? looksFor(batch.length) : looksAskedFor(batch.length));
  let looks = isTested ? 1 : 0;
  for (const i of sample) {
    looks++;
    if (batch[i] ? random() >= miss : random() < doubts) {
      const single = oneByOne(batch, random);
      return { passed: single.passed, looks: looks + single.looks, opened: 1 };
    }
  }
  return { passed: batch.filter(Boolean).length, looks, opened: 0 };
}
