import type { Cost } from './figures.ts';

/** How much of something there was. */
export interface Caseload {
  /** Days of the last year on which somebody wore a tag, over all of them. */
  tagDays: number;
  wearersNow: number;
  /** People who wore a tag on any day of the last year. */
  wearers: number;
}

export interface Range {
  low: number;
  high: number;
}

export interface Worth {
  /** Tagging this caseload for these days. */
  tags: Range | null;
  /** What as many days in prison are put down at on average. It is not cash: a place that is not filled still costs nearly all of it. */
  prisonOnAverage: Range | null;
  /** What would fall away in cash, if every one of these days were otherwise spent in prison; null without a figure for one fewer. */
  cash: Range | null;
  support: Range | null;
  priceYears: number[];
}

const daysAYear = 365.25;

/**
 * What the caseload costs. Amounts are pounds, each in its own price year: years are told and never mixed into one sum. An average
 * cost of prison is never taken for a saving.
 */
export function reckonWorth(costs: Cost[], caseload: Caseload, support: { people: number; months: number }): Worth {
  const years = caseload.tagDays / daysAYear;
  const of = (key: string) => costs.find((own) => own.key === key)?.figure ?? null;
  const times = (key: string, amount: number): Range | null => {
    const figure = of(key);
    return figure && { low: figure.low * amount, high: figure.high * amount };
  };
  const used = ['tag', 'prison-later', 'prison-one-fewer', 'support'].flatMap((key) => of(key)?.priceYear ?? []);
  return {
    tags: times('tag', years),
    prisonOnAverage: times('prison-later', years),
    cash: times('prison-one-fewer', years),
    support: support.people > 0 ? times('support', (support.people * support.months) / 12) : null,
    priceYears: [...new Set(used)].sort(),
  };
}
