import type { Cost, CostGroup } from './figures.ts';

/** How much of something there was over the last year. */
export interface Caseload {
  /** Days on which a tag was worn, over all tags. */
  tagDays: number;
  /** Days on which somebody wore a tag, over all people: two tags at a time are one day. */
  personDays: number;
  wearersNow: number;
  wearers: number;
}

export interface Range {
  low: number;
  high: number;
}

/** An amount in pounds by one figure, in the prices of that figure's year. */
export interface Amount extends Range {
  by: string;
  priceYear: number;
}

export interface Worth {
  /** Tagging this caseload for these days, by each figure there is. */
  tags: Amount[];
  /** What as many days in prison are put down at on average. It is not cash: a place that is not filled still costs nearly all of it. */
  prisonOnAverage: Amount[];
  /** What would fall away in cash, if every one of these days were otherwise spent in prison; empty without a figure for one fewer. */
  cash: Amount[];
  support: Amount[];
}

const daysAYear = 365.25;

/**
 * What the caseload costs, by each figure by itself. Amounts are pounds, each in its own price year: years are told and never mixed
 * into one sum. An average cost of prison is never taken for a saving.
 */
export function reckonWorth(costs: Cost[], caseload: Caseload, support: { people: number; months: number }): Worth {
  const amounts = (group: CostGroup, years: number): Amount[] =>
    costs.flatMap((cost) =>
      cost.group === group && cost.figure && years > 0
        ? [{ by: cost.name, priceYear: cost.figure.priceYear, low: cost.figure.low * years, high: cost.figure.high * years }]
        : [],
    );
  return {
    tags: amounts('tag', caseload.tagDays / daysAYear),
    prisonOnAverage: amounts('prison on average', caseload.personDays / daysAYear),
    cash: amounts('one prisoner fewer', caseload.personDays / daysAYear),
    support: amounts('support', (support.people * support.months) / 12),
  };
}

/**
 * How many in 100 fewer, with the 95 % interval of a difference of two shares (Wald). Studies tell how many people in all; as they
 * are told here the two groups are taken to be of equal size, which makes the interval as narrow as it can be.
 * @param shares per cent, without and with
 */
export function effectOf(shares: { without: number; with: number; cases: number }): { fewer: number; low: number; high: number } {
  const [p, q] = [shares.without / 100, shares.with / 100];
  const each = shares.cases / 2;
  const half = 1.959_964 * Math.sqrt((p * (1 - p) + q * (1 - q)) / each);
  return { fewer: 100 * (p - q), low: 100 * (p - q - half), high: 100 * (p - q + half) };
}

/** The same for an effect as it was published; null where it was not told in shares. */
export const foundBy = (effect: { without?: number; with?: number; cases?: number }) =>
  effect.without === undefined || effect.with === undefined || effect.cases === undefined
    ? null
    : effectOf({ without: effect.without, with: effect.with, cases: effect.cases });
