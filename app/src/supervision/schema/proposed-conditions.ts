/** A place by its middle. Degrees. */
export interface Spot {
  name: string;
  lat: number;
  lon: number;
}

/** What would be asked of somebody who is released on a tag. Hours by the clock, metres. */
export interface ProposedConditions {
  home: Spot;
  /** Of a day, in what share a tag at the home was heard when somebody tried it; null where nobody has. */
  signal: number | null;
  /** Whether there is mains power at the home to charge the tag by; null where nobody has asked. */
  power: boolean | null;
  curfew: { from: string; to: string } | null;
  work: (Spot & { from: string; to: string }) | null;
  keepOut: (Spot & { radiusM: number })[];
}
