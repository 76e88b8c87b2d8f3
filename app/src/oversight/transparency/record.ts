import type { Share } from '../../support/index.ts';
import type { RunningConfiguration } from './running-configuration.ts';
import type { Statement } from './statement.ts';

export interface Section {
  heading: string;
  paragraphs?: string[];
  list?: string[];
  table?: { head: string[]; rows: string[][] };
}

export type RecordKey = 'algorithms' | 'impact' | 'equality' | 'processing';

/** One record for the public, ready to be read. */
export interface TransparencyRecord {
  key: RecordKey;
  title: string;
  about: string;
  sections: Section[];
}

/** How reviews went up to the day: counts with their interval, of verdicts and never of people. */
export interface ReviewFigures {
  reviews: number;
  against: Share;
  twice: Share;
}

export interface RecordSource {
  configuration: RunningConfiguration;
  statement: Statement;
  figures: ReviewFigures;
}

/** A share in words, with the number of cases behind it and its interval. */
export function shareInWords({ of, share, low, high }: Share): string {
  if (of === 0) return 'none so far, so nothing can be said';
  const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
  return `${percent(share)} of ${of} (95 % interval ${percent(low)} to ${percent(high)})`;
}

export const fromTree = (tree: Record<string, string | number>): string[][] =>
  Object.entries(tree).map(([name, value]) => [name, String(value)]);
