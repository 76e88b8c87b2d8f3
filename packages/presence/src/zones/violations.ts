import type { Intervals } from './schedule.ts';
import type { Side, Span } from './watch.ts';

/** A stretch of time in which a wearer was where they may not be, or not where they must be. */
export interface Violation {
  /** Ms since 1970: from the first fix that shows it, or the beginning of the hours if later. */
  from: number;
  /** The first fix after it, the last before the signal was lost, the end of the hours; the latest fix while it lasts. */
  to: number;
  /** Whether it lasts: it has not been seen to end, nor have the hours. */
  lasts: boolean;
  /** When it was first known for sure, in event time. */
  confirmedAt: number;
  /** It began with the hours: the wearer was there, or away, already. */
  fromBeginning: boolean;
  /** It went on to the end of the hours. */
  toEnd: boolean;
  /** The signal was lost within it, or at its end. */
  signalLost: boolean;
  /** It was seen to end: the wearer was on the right side again before the hours were over. */
  seenToEnd: boolean;
  /** Of its length, what is not without signal, ms. */
  seenMs: number;
  /** Fixes on the wrong side during the hours. */
  fixes: number;
  farthestM: number;
  farthestAt: number;
  farthestSigma: number;
}

export interface ViolationOptions {
  /** Shorter ones are none, seconds. */
  leastS?: number;
  /** Nothing has been heard for so long that it is not known whether what lasted at the last fix still does. */
  silent?: boolean;
}

/**
 * The violations among spans: those on the wrong side during the hours that hold. Stretches between which the wearer was not
 * seen on the right side are one violation; the hours' end ends it.
 *
 * @param wrong the side that is not allowed
 * @param holds the hours, those that the zone was watched with
 */
export function violationsOf(
  spans: readonly Span[],
  wrong: Side,
  holds: Intervals,
  { leastS = 0, silent = false }: ViolationOptions = {},
): Violation[] {
  const found: Violation[] = [];
  let s = 0;
  for (let h = 0; h < holds.length; h += 2) {
    const begin = holds[h] as number;
    const end = holds[h + 1] as number;
    while (s < spans.length && (spans[s] as Span).ended !== null && (spans[s] as Span).to <= begin) s++;
    let current: Violation | null = null;
    for (let i = s; i < spans.length && (spans[i] as Span).from < end; i++) {
      const span = spans[i] as Span;
      if (span.side !== wrong) {
        current = null;
        continue;
      }
      // To be away before the hours begin is no violation; a fix during them must show it.
      if (span.lastFixAt < begin) continue;
      if (!current) {
        current = {
          from: Math.max(begin, span.from),
          to: 0,
          lasts: false,
          confirmedAt: Math.max(begin, span.confirmedAt),
          fromBeginning: span.from <= begin,
          toEnd: false,
          signalLost: false,
          seenToEnd: false,
          seenMs: 0,
          fixes: 0,
          farthestM: -1,
          farthestAt: 0,
          farthestSigma: 0,
        };
        found.push(current);
      }
      extend(current, span, h, begin, end, silent);
    }
  }
  return leastS > 0 ? found.filter(({ from, to }) => to - from >= 1000 * leastS) : found;
}

function extend(violation: Violation, span: Span, hours: number, begin: number, end: number, silent: boolean): void {
  violation.to = Math.min(end, span.to);
  violation.toEnd = span.to >= end;
  const open = span.ended === null && !violation.toEnd;
  violation.lasts = open && !silent;
  violation.seenToEnd = span.ended === 'turned' && !violation.toEnd;
  violation.signalLost ||= (span.ended === 'lost' && !violation.toEnd) || (open && silent);
  violation.seenMs += violation.to - Math.max(begin, span.from);
  for (const evidence of span.evidence) {
    // Without hours of its own a zone always holds, and all evidence is of its one stretch.
    if (evidence.hours !== hours) continue;
    violation.fixes += evidence.fixes;
    if (evidence.farthestM <= violation.farthestM) continue;
    violation.farthestM = evidence.farthestM;
    violation.farthestAt = evidence.farthestAt;
    violation.farthestSigma = evidence.farthestSigma;
  }
}
