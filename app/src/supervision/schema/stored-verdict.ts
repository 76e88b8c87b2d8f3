/** A stored verdict. `crime` is a crime version, `wearing` a wearing, both by id. */
export interface StoredVerdict {
  run: number;
  crime: number;
  wearing: number;
  verdict: number;
  reasons: number;
  pMoment: number | null;
  pWindow: number | null;
  coverage: number;
  fixes: number;
  fixesWithin: number;
  closestM: number | null;
  closestAfterMs: number | null;
  gapS: number;
  habitWeeks: number;
  habitVisits: number;
}
