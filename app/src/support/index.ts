export { declareAgreement, type NewAgreement, type RegisteredAgreement, registeredAgreements, sharedFields } from './agreements/index.ts';
export { allocate, type Candidate, firstCome, needRank, proposeAllocation, type ServiceOffer } from './allocation/index.ts';
export { characteristics, factKinds, identityFields } from './facts/index.ts';
export { type Share, shareOf } from './fairness/index.ts';
export { areFeedsDue, type FeedPlaces, runDueFeeds } from './feeds/index.ts';
export { areProfilesOld, computeProfiles, currentInstrument, simulateInstrument } from './needs/index.ts';
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
} from './own/index.ts';
export { isLinkingDue, LinkingOvertakenError, linkRecords } from './people/index.ts';
export { readPerson } from './people/page/index.ts';
export { allocationFingerprint, linkageFingerprint } from './reckonings.ts';
export { importRecords, type Mapping, mappingNames, mappingOfName, readMapping } from './records/index.ts';
export { agreeToErasure, decideErasure, endHold, keepRecords, placeHold, supportRules } from './retention/index.ts';
export { decidePair } from './review/index.ts';
export { declareService } from './services/index.ts';
export { listSources } from './sources/index.ts';
