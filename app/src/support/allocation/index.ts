export { allocate, type Candidate, firstCome, needRank, type ServiceOffer } from './allocate.ts';
export { proposeAllocation } from './propose.ts';
export { readAllocation } from './read-allocation.ts';
