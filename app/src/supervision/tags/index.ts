export { learnClocks } from './learn-clocks.ts';
export { listTags } from './list-fleet.ts';
export { batteryLow, isSilent, isTagState, moveTag, type TagStanding, writeTagStep } from './tag-life.ts';
export { declareGateway, declareTag, issueTagCredential, revokeGateway } from './tags.ts';
