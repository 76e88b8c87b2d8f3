export { correctionByCase } from './alerts/correct-by-case.ts';
export { decideAlert } from './alerts/decide-alert.ts';
export { type AlertListener, LiveWatch } from './alerts/live-watch.ts';
export { listAlerts } from './alerts/read-alerts.ts';
export { countTagDays } from './caseload/count-tag-days.ts';
export { type CrimesFile, type ImportResult, importCrimes } from './crimes/import-crimes.ts';
export { parseCrimes } from './crimes/parse-crimes.ts';
export { trackMapData } from './days/read-track-day.ts';
export { exportEvidencePack, knowsEvidencePack } from './evidence/leave-pack.ts';
export { makeEvidencePack } from './evidence/make-pack.ts';
export { parametersInWords } from './evidence/parameters-in-words.ts';
export { type PackRepetition, repeatPack } from './evidence/repeat-pack.ts';
export { keyName, readPublicKey, Sealer } from './evidence/seal.ts';
export { decodeWaymark as decodeWaymarkLines } from './fixes/decode-waymark.ts';
export { type FixFile, type FixImport, importFixes } from './fixes/import-fixes.ts';
export { Intake, type Sender } from './fixes/intake.ts';
export { Positions } from './fixes/positions.ts';
export { listQuarantineAtConsole, releaseQuarantineAtConsole } from './fixes/quarantine.ts';
export { zoneOffsetMs } from './fixes/read-time.ts';
export { registerWearers } from './fixes/register-wearers.ts';
export {
  askSupervision,
  type OwnSupervision,
  readOwnDay,
  readOwnSupervision,
  supervisionAccess,
  supervisionCases,
  supervisionCopy,
  supervisionHalf,
  supervisionLooks,
} from './own/own-supervision.ts';
export {
  agreeToSubjectErasure,
  decideSubjectErasure,
  keepSubjects,
  placeSubjectHold,
  supervisionRules,
} from './retention/keep-subjects.ts';
export { askForReviewTest, endReviewTests, makeReviewTest } from './review/make-review-test.ts';
export { overseeReviews, readingTakesS } from './review/oversee-reviews.ts';
export type { AlertKind, AlertOutcome } from './schema/tables.ts';
export { declareOrder, declareSubject } from './subjects/subjects.ts';
export { listTags } from './tags/list-fleet.ts';
export { moveTag } from './tags/tag-life.ts';
export { declareGateway, declareTag, issueTagCredential } from './tags/tags.ts';
export { type ComputedRun, codeVersion, computeDueVerdicts } from './verdicts/compute-verdicts.ts';
export { readRun, repeatRun, selectVerdicts, streamVerdicts, type VerdictView } from './verdicts/read-verdicts.ts';
export { VerdictStore } from './verdicts/verdict-store.ts';
export { reckoningFingerprint } from './verdicts/work-out.ts';
export { fleetSilence } from './wire/fleet-silence.ts';
export { BrokerError, brokerInWords, OutsideBroker } from './wire/outside-broker.ts';
export { TagBroker } from './wire/tag-broker.ts';
export { declareZone } from './zones/declare-zone.ts';
