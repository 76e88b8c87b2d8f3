import type { FactKindKey } from './fact-kinds.ts';

/** A statement as a profile reads it. Days as `YYYY-MM-DD`. */
export interface Statement {
  id: number;
  source: string;
  kind: FactKindKey;
  value: string;
  on: string;
  expires: string;
  challenged: boolean;
  /** No agreement in force allows it any more. */
  notAllowed?: boolean;
}
