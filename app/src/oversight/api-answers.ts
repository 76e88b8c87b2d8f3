import type { OutputOf } from '../platform/api-answer.ts';
import type { listAudit } from './audit/audit-log.ts';

/** What the API of oversight answers, by operation. */
export interface OversightAnswers {
  listAudit: OutputOf<typeof listAudit>;
}
