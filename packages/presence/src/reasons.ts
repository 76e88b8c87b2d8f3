/**
 * Why a verdict is what it is. Codes are stored as bits; the words are made from the same figures that decided.
 */
export const reasonBit = {
  fixesWithin: 1,
  outOfReach: 2,
  notPlausible: 4,
  noFixes: 8,
  noFixesInWindow: 16,
  beforeFirstFix: 32,
  afterLastFix: 64,
  gap: 128,
  imprecise: 256,
  passingBy: 512,
  closeBy: 1024,
  partlyWorn: 2048,
  wayLeadsBy: 4096,
  clock: 8192,
  frozen: 16384,
  contradicted: 32768,
} as const;

export type Reason = keyof typeof reasonBit;

export const verdictNames = ['present', 'excluded', 'excluded', 'unknown'] as const;
export type VerdictName = (typeof verdictNames)[number];
/** Stored code of a verdict; the two strengths of `excluded` are apart. */
export const verdictCode = { present: 0, impossible: 1, notPlausible: 2, unknown: 3 } as const;

/** The strength of an exclusion in words, or null for other verdicts. */
export function strengthOf(code: number): 'impossible' | 'not plausible' | null {
  return code === verdictCode.impossible ? 'impossible' : code === verdictCode.notPlausible ? 'not plausible' : null;
}

export function reasonsIn(bits: number): Reason[] {
  return (Object.keys(reasonBit) as Reason[]).filter((reason) => (bits & reasonBit[reason]) !== 0);
}

export interface ReasonFigures {
  reasons: number;
  fixes: number;
  fixesWithin: number;
  closestM: number;
  /** Longest stretch without a fix that touches the window, seconds. */
  gapS: number;
  coverage: number;
  pWindow: number;
}

/** Sentences for people, in the order they matter. Distances in metres, times in minutes. */
export function reasonsInWords(figures: ReasonFigures, radiusM: number): string[] {
  const closest = Number.isFinite(figures.closestM) ? `the closest ${metres(figures.closestM)} from the place` : '';
  const words: Record<Reason, string> = {
    fixesWithin: `${count(figures.fixesWithin, 'fix', 'fixes')} within reach of the place in the window or just beside it, ${closest}`,
    outOfReach: `The place was out of reach for the whole window: getting there between fixes needed more than the greatest speed${closest ? `; of the fixes ${closest}` : ''}`,
    notPlausible: `No gap between fixes in the window is long enough to get there and back, and the chance of having been within ${Math.round(radiusM)} m is below 1 in 1,000${closest ? `; ${closest}` : ''}`,
    noFixes: 'There are no fixes for this wearer at all: the tag may have been flat, off or not worn',
    noFixesInWindow: 'No fix was taken during the window',
    beforeFirstFix: 'The window begins before the first fix of this wearing, so part of it was not observed',
    afterLastFix: 'The window runs past the last fix received, so part of it was not observed',
    gap: `A gap of ${duration(figures.gapS)} without fixes is long enough to get there and back`,
    imprecise: 'The fixes near the place are too imprecise to decide',
    passingBy: 'The path between fixes may have passed the place, but no fix was taken there',
    closeBy: `Close by${closest ? ` (${closest})` : ''}: too near to rule out, not near enough to say present`,
    partlyWorn: 'The tag was worn for only part of the window',
    wayLeadsBy: `No fix was taken within reach, but the way between fixes leads past the place${closest ? `; ${closest}` : ''}`,
    clock: 'Ruled out only if the clocks of tag and crime are right to the minute, which is not relied on',
    contradicted: 'The tag gave two places for one moment; neither is relied on',
    frozen: 'The tag repeated one position to the last digit while it was not receiving; what it sent then is set aside',
  };
  return reasonsIn(figures.reasons).map((reason) => words[reason]);
}

function count(n: number, one: string, many: string): string {
  return `${n.toLocaleString('en-GB')} ${n === 1 ? one : many}`;
}

export function metres(m: number): string {
  return m < 1000 ? `${Math.round(m)} m` : `${(m / 1000).toFixed(1)} km`;
}

export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} seconds`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} minutes`;
  if (seconds < 129_600) return `${(seconds / 3600).toFixed(1)} hours`;
  return `${Math.round(seconds / 86_400)} days`;
}
