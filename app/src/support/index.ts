export { todayOf } from '../platform/days.ts';
export { declareAgreement, lawfulBases, type NewAgreement, sharedFields } from './agreements/declare-source.ts';
export { type RegisteredAgreement, registeredAgreements } from './agreements/registered-agreements.ts';
export { type Allocation, allocate, type Candidate, firstCome, needRank, type ServiceOffer } from './allocation/allocate.ts';
export { proposeAllocation } from './allocation/propose.ts';
export { characteristics, factKinds, identityFields } from './facts/fact-kinds.ts';
export { type Share, shareOf } from './fairness/share.ts';
export type { FeedPlaces } from './feeds/declare-feed.ts';
export { areFeedsDue, runDueFeeds } from './feeds/run-feeds.ts';
export { areProfilesOld, computeProfiles } from './needs/compute-profiles.ts';
export { currentInstrument } from './needs/instrument.ts';
export { type Simulation, simulateInstrument } from './needs/simulate.ts';
export {
  askSupport,
  challengeOwn,
  comeBack,
  type OwnSupport,
  readOwnSupport,
  supportAccess,
  supportCases,
  supportCopy,
  supportHalf,
  supportLooks,
  withdraw,
} from './own/own-support.ts';
export { isLinkingDue, LinkingOvertakenError, type LinkResult, linkRecords } from './people/link-records.ts';
export { readPerson } from './people/page/read-people.ts';
export { allocationFingerprint, linkageFingerprint } from './reckonings.ts';
export { importRecords, type RecordsImport } from './records/import-records.ts';
export { type Mapping, MappingError, readMapping } from './records/mapping.ts';
export { mappingNames, mappingOfName } from './records/mappings.ts';
export { agreeToErasure, decideErasure, endHold, keepRecords, placeHold, supportRules } from './retention/keep-records.ts';
export { decidePair } from './review/decide-pair.ts';
export { declareService } from './services/services.ts';
export { listSources } from './sources/read-source.ts';
