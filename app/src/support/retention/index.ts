export { agreeToErasure, decideErasure, endHold, keepRecords, placeHold, supportRules } from './keep-records.ts';
