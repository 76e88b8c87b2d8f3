export { askForAuditCheck } from './audit-log.ts';
export { isLooking } from './looks.ts';
