export { countTagDays } from './count-tag-days.ts';
export { listCaseload } from './read-caseload.ts';
