import { type Share, shareOf } from '../../platform/share.ts';
import type { AlertOutcome } from '../schema/tables.ts';

/** An alert that somebody decided: what it rests on, when it began (ms since 1970), and how it was decided. */
export interface DecidedAlert {
  measure: number;
  from: number;
  outcome: AlertOutcome;
}

/** What would have been with a threshold. */
export interface WithThreshold {
  /** Decided alerts in all, and how many of them were false or the tag's own fault. */
  decided: number;
  needless: number;
  /** Of those that would not have been raised. */
  fewer: { all: number; needless: number; excused: number; breaches: number };
}

export interface Proposal extends WithThreshold {
  least: number;
  /** Of the earlier alerts below it, from which it was learnt: the share that was needless. */
  learnt: Share;
  /** Of the later ones, which it was checked on and had not seen. */
  checked: Share;
}

/** A threshold is proposed where of at least so many earlier alerts below it nearly all were needless, and none was a breach. */
const leastLearnt = 20;
const leastChecked = 10;
/** The lower end of the interval of that share. */
const leastShare = 0.8;
/** And of the later ones this share itself. */
const leastCheckedShare = 0.9;

const isNeedless = ({ outcome }: DecidedAlert) => outcome === 'false' || outcome === 'equipment';
const isBreach = ({ outcome }: DecidedAlert) => outcome === 'breach';

/**
 * The highest threshold below which earlier alerts were nearly all needless, if later ones bear it out: learnt from the earlier half, checked on
 * the later. Null where nothing is to be learnt, or the later ones say otherwise. A breach below it rules it out in either half.
 *
 * @param most no threshold is higher than this
 */
export function learnThreshold(alerts: readonly DecidedAlert[], most: number): Proposal | null {
  const inTime = [...alerts].sort((a, b) => a.from - b.from || a.measure - b.measure);
  const half = inTime.length >> 1;
  const [earlier, later] = [inTime.slice(0, half), inTime.slice(half)];
  const candidates = [...new Set(earlier.map(({ measure }) => Math.ceil(measure)))]
    .filter((least) => least >= 1 && least <= most)
    .sort((a, b) => b - a);
  for (const least of candidates) {
    const below = (all: readonly DecidedAlert[]) => all.filter(({ measure }) => measure < least);
    const [learntFrom, checkedOn] = [below(earlier), below(later)];
    if (learntFrom.length < leastLearnt || learntFrom.some(isBreach)) continue;
    const learnt = shareOf(learntFrom.filter(isNeedless).length, learntFrom.length);
    if (learnt.low < leastShare) continue;
    if (checkedOn.length < leastChecked || checkedOn.some(isBreach)) return null;
    const checked = shareOf(checkedOn.filter(isNeedless).length, checkedOn.length);
    // A lower threshold that the later ones would bear out was not what the earlier ones taught.
    if (checked.share < leastCheckedShare) return null;
    return { least, learnt, checked, ...withThreshold(inTime, least) };
  }
  return null;
}

/** What would have been different with a threshold, over all alerts that were decided. */
export function withThreshold(alerts: readonly DecidedAlert[], least: number): WithThreshold {
  const fewer = alerts.filter(({ measure }) => measure < least);
  return {
    decided: alerts.length,
    needless: alerts.filter(isNeedless).length,
    fewer: {
      all: fewer.length,
      needless: fewer.filter(isNeedless).length,
      breaches: fewer.filter(isBreach).length,
      excused: fewer.filter((own) => !isNeedless(own) && !isBreach(own)).length,
    },
  };
}
