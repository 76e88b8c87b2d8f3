import { shareOf } from '../../platform/share.ts';
import type { PublishedGroup } from './fold-groups.ts';
import type { Question } from './questions.ts';

/** A line of a published table. Shares are from 0 to 1, with their 95 % interval. */
export interface FigureLine {
  group: string;
  of: number;
  /** How many of them; null in a table of numbers alone. */
  yes: number | null;
  value: number;
  low: number | null;
  high: number | null;
}

export interface FigureTable {
  key: string;
  about: 'equality' | 'hours' | 'alerts' | 'verdicts' | 'requests';
  title: string;
  /** What is in the groups: ethnicity, kind of alert, model of tag. */
  by: string;
  /** What `of` counts, what `value` is. */
  ofWords: string;
  unit: 'share' | 'share of hours' | 'people' | 'minutes' | 'hours' | 'days' | 'a hundred days worn';
  /** What it does not show. */
  caution: string;
  question: Question;
  /** Null where too few would stand in a line. */
  lines: FigureLine[] | null;
  /** Why nothing is told, where it is not that there are too few. */
  notTold?: string;
  whole: FigureLine | null;
}

export interface Figures {
  /** The questions to the database that they were made from; those published before this was kept have none. */
  questions?: Record<string, string>;
  tables: FigureTable[];
}

/** A group of which some are so, as a line. */
export const lineOf = ({ group, of, yes }: Pick<PublishedGroup, 'group' | 'of' | 'yes'>): FigureLine => {
  const { share, low, high } = shareOf(yes, of);
  return { group, of, yes, value: share, low, high };
};
/** What the line of a whole table is called. */
export const everybody = 'all';
