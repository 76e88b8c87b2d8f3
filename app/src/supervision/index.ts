export { correctionByCase, decideAlert, LiveWatch, listAlerts, WatchShares } from './alerts/index.ts';
export { countTagDays, listCaseload } from './caseload/index.ts';
export { queueChanges } from './changes/index.ts';
export {
  answerLook,
  beginBatch,
  clearBatch,
  drawSample,
  listClearing,
  lookAtBatch,
  looksAskedFor,
  looksFor,
} from './clearing/index.ts';
export { addToCohort, beginCohort } from './cohorts/index.ts';
export { countDaysKept } from './compliance/index.ts';
export { assignOrder, identifySubject, keepAddress, keepContact } from './contacts/index.ts';
export { importCrimes, searchCrimes } from './crimes/index.ts';
export { trackMapData } from './days/index.ts';
export { Channels, Deliverer, makePushKeys, type NotifySettings, type PushSettings } from './delivery/index.ts';
export { calendarOf as ownCalendar, makeAppointment, readOwnAppointments } from './diary/index.ts';
export { openOwnDocument, sendDocument } from './documents/index.ts';
export { readOffered, takePart } from './evaluation/index.ts';
export {
  keyName,
  knowsEvidencePack,
  makeEvidencePack,
  type PackRepetition,
  parametersInWords,
  readPublicKey,
  repeatPack,
  Sealer,
} from './evidence/index.ts';
export { keepCharacteristics, publishDueFigures, publishFigures } from './figures/index.ts';
export { decodeWaymark as decodeWaymarkLines, readTime, zoneOffsetMs } from './fixes/decode/index.ts';
export {
  Intake,
  importFixes,
  lastOnRecord,
  listQuarantineAtConsole,
  Positions,
  ReceiptRecorder,
  registerWearers,
  releaseQuarantineAtConsole,
} from './fixes/index.ts';
export { ChangeSender } from './hooks/index.ts';
export { type MailboxSettings, readMailbox } from './mail-in/index.ts';
export {
  askSupervision,
  type OwnSupervision,
  type OwnZone,
  readOwnDay,
  readOwnSupervision,
  supervisionAccess,
  supervisionCases,
  supervisionCopy,
  supervisionHalf,
  supervisionLooks,
} from './own/index.ts';
export { readOwnPage } from './own-page/index.ts';
export { publishedSearches } from './place-search/index.ts';
export { keepProposal } from './proposals/index.ts';
export {
  chooseReminders,
  confirmReminders,
  planReminders,
  ReminderSender,
  readOwnReminders,
  reminderChannels,
  reminderKinds,
  type Speak,
  stopReminders,
} from './reminders/index.ts';
export { askRequest, readOwnRequests, requestKinds, withdrawRequest } from './requests/index.ts';
export { agreeToSubjectErasure, decideSubjectErasure, keepSubjects, placeSubjectHold, supervisionRules } from './retention/index.ts';
export {
  askForReviewTest,
  endReviewTests,
  makeReviewTest,
  overseeReviews,
  readCrime,
  readingTakesS,
  reviewVerdict,
} from './review/index.ts';
export type { AlertKind, AlertOutcome } from './schema/tables.ts';
export { readSeries } from './series/index.ts';
export { declareOrder, declareSubject, listSubjects } from './subjects/index.ts';
export { readSubject } from './subjects/page/index.ts';
export { declareGateway, declareTag, issueTagCredential, learnClocks, listTags, moveTag } from './tags/index.ts';
export {
  codeVersion,
  computeDueVerdicts,
  helpWithRuns,
  type RunsTogether,
  readRun,
  reckoningFingerprint,
  repeatRun,
  selectVerdicts,
  streamVerdicts,
  type VerdictServices,
  VerdictStore,
} from './verdicts/index.ts';
export { brokerInWords, fleetSilence, OutsideBroker, TagBroker } from './wire/index.ts';
export { authoriseAbsence, declareZone, readZones } from './zones/index.ts';
