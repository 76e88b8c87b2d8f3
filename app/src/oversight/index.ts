export { askForAuditCheck } from './audit-log.ts';
