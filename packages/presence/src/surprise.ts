import type { LaidPlace } from './ground/place.ts';
import { emptyJudgement, type Judge, type Judgement } from './judge.ts';
import type { PreparedTrack } from './prepared-track.ts';

/**
 * How surprising it is to find this wearer there, from what they do anyway.
 */
export interface Habit {
  /** Earlier weeks with evidence for the same hours. */
  weeks: number;
  /** Sum of P(there at some moment) over those weeks: about how many times they were there. */
  visits: number;
}

/** So much of a week's hours must be covered where no fix was taken in them, for it to count. */
const coveredAtLeast = 0.5;

/** The wearer's own earlier weeks: the same place and window, moved by each of `shifts` (ms, negative = earlier). */
export function ownHabit(judge: Judge, track: PreparedTrack, place: LaidPlace, from: number, to: number, shifts: ArrayLike<number>): Habit {
  const habit = { weeks: 0, visits: 0 };
  let then: Judgement | undefined;
  for (let i = 0; i < shifts.length; i++) {
    const shift = shifts[i] as number;
    if (to + shift < track.from || track.at.length === 0 || to + shift < (track.at[0] as number)) continue;
    then ??= emptyJudgement();
    judge.judge(track, place, from + shift, to + shift, then, true);
    // A week of which little is known is no week.
    if (Number.isNaN(then.pWindow) || (then.fixes === 0 && then.coverage < coveredAtLeast)) continue;
    habit.weeks++;
    habit.visits += then.pWindow;
  }
  return habit;
}

/**
 * Likelihood ratio of being there now against any other week: P now / P then, where P then = (visits + ½) / (weeks + 1)
 * (Krichevsky–Trofimov smoothing, so that one clean week does not make the ratio infinite). NaN when no week is known.
 */
export function habitRatio(pWindow: number, habit: Habit): number {
  return habit.weeks === 0 ? Number.NaN : pWindow / ((habit.visits + 0.5) / (habit.weeks + 1));
}
