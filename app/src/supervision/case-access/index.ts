export { assignCase, holdCase, letCaseGo, parts, readCase } from './keep-case.ts';
