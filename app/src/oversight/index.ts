export { askForAuditCheck } from './audit/index.ts';
