export { askForAuditCheck } from './audit/audit-log.ts';
