export { askForAuditCheck } from './audit/index.ts';
export { costsNow } from './worth/index.ts';
