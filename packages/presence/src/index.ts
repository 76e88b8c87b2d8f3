export { type BandInTime, type DistanceInTime, distanceInTime, type FixInTime } from './distance-in-time.ts';
export {
  type CrimeQuestion,
  type Fleet,
  nothingClose,
  type RuledOutColumns,
  ruledOutShape,
  type SweepInput,
  type SweepPart,
  trackOf,
  unknownProbability,
  type VerdictColumns,
  verdictShape,
} from './fleet.ts';
export { radius99, sigmaFor, sigmaOf } from './ground/fix-error.ts';
export { defaultParameters, modelVersion, type PresenceParameters } from './ground/parameters.ts';
export { centreOf, crossesItself, distanceToPlace, isWithinRing, type LaidPlace, layPlace, type Place } from './ground/place.ts';
export { distanceM, fromPlane, longitudeDifference, type Plane, planeAt, toPlane } from './ground/plane.ts';
export { emptyJudgement, Judge, type Judgement, type JudgeOptions } from './judge.ts';
export { defaultNear, type NearEpisode, type NearFix, type NearParameters, NearWatch, nearEpisodes } from './near/near-watch.ts';
export { NearIndex } from './near-index.ts';
export { apartMsOf, type PreparedTrack, prepareTrack } from './prepared-track.ts';
export {
  duration,
  metres,
  type Reason,
  type ReasonFigures,
  reasonBit,
  reasonsIn,
  reasonsInWords,
  strengthOf,
  type VerdictName,
  verdictCode,
  verdictNames,
} from './reasons.ts';
export { type Habit, habitRatio, ownHabit } from './surprise.ts';
export { crimesPerPart, GatheredParts, type SweepOptions, type SweepResult, sweep, threadsFor } from './sweep.ts';
export { toldOfParts } from './sweep-part.ts';
export { beginThreads } from './sweep-threads.ts';
export { meaningOfEvent, type ReportedTrouble, readEventNames, troublesIn } from './tag/event-names.ts';
export { isOutOfReach, type Reached, type ReachState, setAside } from './tag/reach.ts';
export {
  defaultTagParameters,
  type JammingSign,
  type TagEpisode,
  type TagReport,
  type TagTrouble,
  TagWatch,
  tagTroubles,
} from './tag/tag-watch.ts';
export { firstAfter, firstAtOrAfter, type Track } from './track.ts';
export { speedWithin } from './travel.ts';
export {
  type Area,
  depthM,
  faultsOf,
  type LaidArea,
  layArea,
  placeFaults,
  plainDepth,
  pointsAtMost,
  type Rings,
  uncertaintyAtMostM,
} from './zones/area.ts';
export { type Compliance, complianceOf, dateOf, dayOf, weekAt, weeksOf } from './zones/compliance.ts';
export { certainlyOutsideM, probabilityInside } from './zones/inside.ts';
export { type Intervals, intervalsOf, type Schedule, type WeeklyHours } from './zones/schedule.ts';
export { SharedZones } from './zones/shared-zones.ts';
export { type Violation, type ViolationOptions, violationsOf } from './zones/violations.ts';
export {
  defaultWatch,
  type Evidence,
  type Side,
  type Span,
  type WatchParameters,
  ZoneWatch,
} from './zones/watch.ts';
export type { WatchedFix, WatchedZone } from './zones/watched.ts';
