/**
 * Everything that a verdict depends on besides fixes and crime. A run records the whole object, so that it can be
 * repeated; change a default and the version below changes with it.
 */
export interface PresenceParameters {
  /** Radius around the crime's place that counts as "there", in metres, before the place's own uncertainty. */
  radiusM: number;
  /** `present` needs at least this P(some moment). */
  presentProbability: number;
  /** `excluded: not plausible` needs less than this P(some moment). */
  excludedProbability: number;
  /** Fastest a wearer is taken to move, m/s. Raised for a pair of fixes that prove a higher speed. */
  maxSpeedMps: number;
  /** A gap up to this long counts as covered, in seconds. */
  maxGapS: number;
  /** Which percentile of the error the vendor's accuracy radius means, 0..1. */
  accuracyPercentile: number;
  /** Accuracy taken for a fix that reports none, in metres. */
  missingAccuracyM: number;
  /** Reported accuracies below this are not believed, in metres. */
  accuracyFloorM: number;
  /**
   * Displacement that a receiver has been seen to hold for minutes while reporting a few metres. Each end of a prism is
   * widened by at least this, so that physics alone never excludes somebody on the word of one bad receiver.
   */
  grossErrorM: number;
  /** Spread of such a displacement, per axis, metres. */
  burstSigmaM: number;
  /** Chance that such an episode is under way in any ten minutes. */
  burstPerTenMinutes: number;
  /** Weeks before the crime that are asked for the wearer's own habit. */
  habitWeeks: number;
  /** Days before and after the crime whose same hours are asked for coincidence. */
  coincidenceDays: number;
}

export const defaultParameters: Readonly<PresenceParameters> = {
  radiusM: 100,
  presentProbability: 0.9,
  excludedProbability: 0.001,
  maxSpeedMps: 40,
  maxGapS: 300,
  accuracyPercentile: 0.68,
  missingAccuracyM: 15,
  accuracyFloorM: 5,
  grossErrorM: 250,
  burstSigmaM: 150,
  burstPerTenMinutes: 0.002,
  habitWeeks: 8,
  coincidenceDays: 3,
};

/** Version of the reckoning; recorded with every run. Raise it when the same inputs may give another output. */
export const modelVersion = 'presence-2';
