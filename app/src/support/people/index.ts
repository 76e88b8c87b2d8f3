export { challengeFact } from './challenge-fact.ts';
export { challengeRoutes } from './challenge-routes.ts';
export { type ChallengeView, challengesOf } from './decide-challenge.ts';
export { isLinkingDue, LinkingOvertakenError, linkRecords } from './link-records.ts';
export { districtOf, personOf } from './person-of-records.ts';
export { type PersonFact, type PersonRecord, readFactsOf, readRecordsOf } from './store.ts';
export { waitingErasure } from './waiting-erasure.ts';
