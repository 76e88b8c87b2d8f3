import type { AlertFacts, AlertKind } from '../../schema/tables.ts';

/** An alert as the fixes give it, before it is compared with what is on record. Times in ms since 1970. */
export interface FoundAlert {
  /** Null for an alert about the tag. */
  zoneVersion: number | null;
  kind: AlertKind;
  from: number;
  /** Null while it lasts. */
  to: number | null;
  confirmedAt: number;
  facts: AlertFacts;
}

/** An alert on record, as far as fixes can change it. Times in ms since 1970. */
export interface StoredAlert {
  id: number;
  /** Null for an alert about the tag. */
  zoneVersion: number | null;
  kind: AlertKind;
  from: number;
  to: number | null;
  facts: AlertFacts;
  retracted: boolean;
  /** Somebody has decided about it. */
  closed: boolean;
}

/** The 68 % accuracy radius for a per-axis spread: σ·√(−2 ln 0.32). */
export const radiusPerSigma = Math.sqrt(-2 * Math.log(0.32));
