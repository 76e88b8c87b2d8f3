/**
 * Everything that a verdict depends on besides fixes and crime. A run records the whole object, so that it can be
 * repeated; change a default and the version below changes with it.
 */
export interface PresenceParameters {
  /** Radius around the crime's place that counts as "there", in metres, before the place's own uncertainty. */
  radiusM: number;
  /** `present` needs at least this P(some moment) where a fix's own error reaches the place, or fixes come two minutes apart or less. */
  presentProbability: number;
  /** The same where the way between fixes further apart alone speaks for it. */
  presentByWayProbability: number;
  /** `excluded: not plausible` needs less than this P(some moment). */
  excludedProbability: number;
  /** Fastest a wearer is taken to move on a road, m/s. */
  maxSpeedMps: number;
  /** The same on rails, after so many seconds without a fix; */
  railSpeedMps: number;
  railAfterS: number;
  /** and in the air. */
  airSpeedMps: number;
  airAfterS: number;
  /** How many times its mean speed, in a gap or in one beside it, somebody may have reached: trains start from rest. */
  speedMargin: number;
  /** Beside a mean speed above this no speed is impossible, m/s: it flies, or the receiver is wrong. */
  beyondRoadMps: number;
  /** How far the clocks of tag and crime may be apart, seconds: nobody is excluded by less. */
  clockErrorS: number;
  /** Nobody is excluded from a shorter window than this, seconds: a moment that somebody wrote down stands for so much around it. */
  leastWindowS: number;
  /**
   * A gap up to this long counts as covered, in seconds, where the wearer's own speed around it, and `strollMps` at least, m/s, does not
   * reach the place and back.
   */
  maxGapS: number;
  strollMps: number;
  /** The same for a longer one, where `coveredMargin` times that speed does not, nor `coveredLeastMps`, m/s. */
  maxCoveredS: number;
  coveredMargin: number;
  coveredLeastMps: number;
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
  presentProbability: 0.85,
  presentByWayProbability: 0.93,
  excludedProbability: 0.001,
  maxSpeedMps: 40,
  railSpeedMps: 60,
  railAfterS: 600,
  airSpeedMps: 300,
  airAfterS: 2700,
  speedMargin: 1.5,
  beyondRoadMps: 36,
  clockErrorS: 20,
  leastWindowS: 90,
  maxGapS: 300,
  strollMps: 2.5,
  maxCoveredS: 1800,
  coveredMargin: 1.5,
  coveredLeastMps: 15,
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
export const modelVersion = 'presence-4';
