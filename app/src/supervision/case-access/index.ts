export { assignCase, type CaseView, holdCase, letCaseGo, parts, readCase } from './keep-case.ts';
