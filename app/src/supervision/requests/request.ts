/** What somebody on a tag can ask for. */
export const requestKinds = ['work', 'health', 'family', 'funeral', 'faith', 'other hours', 'other'] as const;
export type RequestKind = (typeof requestKinds)[number];

export type RequestDecision = 'agreed' | 'refused' | 'withdrawn';

/** What was asked for and what became of it. */
export interface RequestView {
  id: number;
  kind: RequestKind;
  from: Date;
  /** Null where other hours are asked for that stay. */
  to: Date | null;
  said: string;
  sentAt: Date;
  /** By when it must be answered. */
  dueAt: Date;
  decision: RequestDecision | null;
  reason: string;
  decidedBy: string | null;
  decidedAt: Date | null;
}

export const requestColumns = [
  'r.id',
  'r.kind',
  'r.from_at as from',
  'r.to_at as to',
  'r.said',
  'r.sent_at as sentAt',
  'r.due_at as dueAt',
  'r.decision',
  'r.reason',
  'r.decided_by as decidedBy',
  'r.decided_at as decidedAt',
] as const;

const answerWithinMs = 3 * 86_400_000;

/** An answer is due within three days, and always before what is asked for begins. @param now ms since 1970 @param from ms since 1970 */
export function dueAt(now: number, from: number): Date {
  return new Date(Math.min(now + answerWithinMs, from));
}
