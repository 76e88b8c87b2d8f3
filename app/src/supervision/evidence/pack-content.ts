import type { Place, PresenceParameters, VerdictName } from '@waymark/presence';

/** One observed fix: taken and received in ms since 1970, longitude and latitude in degrees, accuracy in metres where the tag gave one. */
export type PackedFix = [at: number, receivedAt: number, lon: number, lat: number, accuracyM: number | null];

/** All that the findings rest on. */
export interface PackInputs {
  crime: { from: string; to: string; place: Place };
  wearing: { from: string; to: string | null };
  /** In order of time: all of these hours beside the window, and the nearest one before and after them, however far off. */
  fixes: PackedFix[];
  marginHours: number;
}

/** What follows from the inputs alone. Probabilities 0..1, null where nothing is known. */
export interface Findings {
  verdict: VerdictName;
  strength: 'impossible' | 'not plausible' | null;
  probability: { moment: number | null; window: number | null };
  reasons: string[];
  coverage: number;
  fixes: number;
  fixesWithin: number;
  closestM: number | null;
  closestAt: string | null;
  gapS: number;
  inputsHash: string;
}

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
