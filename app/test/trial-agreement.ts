import { type NewAgreement, sharedFields } from '../src/support/index.ts';

/** An agreement that is in force on 1 November 2026 and lets everything in. */
export function trialAgreement(source: string, rest: Partial<NewAgreement> = {}): NewAgreement {
  return {
    source,
    agency: source,
    title: 'An agreement',
    purpose: 'To see early who may need help',
    lawfulBasis: 'public task',
    fields: [...sharedFields],
    startsOn: '2026-01-01',
    endsOn: '2027-12-31',
    retentionMonths: 24,
    today: '2026-11-01',
    ...rest,
  };
}
