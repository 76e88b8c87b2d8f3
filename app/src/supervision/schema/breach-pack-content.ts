import type { Compliance } from '@waymark/presence';

/** How one zone, in one version, was kept. */
export interface ConditionKept extends Compliance {
  zoneVersion: number;
  name: string;
  kind: 'exclusion' | 'inclusion' | 'curfew';
}

/** What a pack says: kept as it was when it was made, whatever comes later. */
export interface PackContent {
  subject: { name: string; reference: string };
  order: { kind: string; authority: string; from: string; to: string | null };
  wearing: { tag: string; from: string; to: string | null };
  period: { from: string; to: string };
  fixes: { count: number; medianAccuracyM: number | null; receipts: number };
  conditions: ConditionKept[];
  alerts: {
    id: number;
    what: string;
    explanation: string;
    zone: string | null;
    from: string;
    to: string | null;
    outcome: string | null;
    by: string | null;
    reason: string | null;
    versions: number;
  }[];
  /** Alerts of the period that later fixes took back. */
  takenBack: number;
  open: number;
  caveats: string[];
}
