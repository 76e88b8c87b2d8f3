import type { PresenceParameters } from '@waymark/presence';
import type { Findings, PackInputs } from '../verdicts/index.ts';

export const packFormat = 'waymark-evidence-2';

/** What an evidence pack says: kept as it was when it was made, whatever comes later. */
export interface EvidenceContent {
  format: typeof packFormat;
  made: { by: string; at: string };
  timeZone: string;
  crime: { force: string; reference: string; version: number; type: string };
  wearer: { name: string; reference: string; tag: string };
  order: { kind: string; authority: string };
  inputs: PackInputs;
  findings: Findings;
  /** What the run recorded that was reviewed: it saw the wearer's whole track, and the fleet. */
  run: {
    id: number;
    at: string;
    by: string;
    model: string;
    code: string;
    parameters: PresenceParameters;
    inputsHash: string;
    outputHash: string;
    probability: { moment: number | null; window: number | null };
    habit: { weeks: number; visits: number; ratio: number | null } | null;
    coincidence: number | null;
  };
  /** What a verdict does not show. */
  caveats: string[];
  reviews: { by: string; at: string; decision: string; reason: string }[];
  /** SHA-256 over the source of the reckoning that worked out the findings. */
  reckoning: string;
  /** Entries of the audit about this crime and this wearer, up to the pack's making, each with its place in the chain. */
  audit: { seq: number; at: string; name: string; role: string; action: string; outcome: string; hash: string }[];
}
