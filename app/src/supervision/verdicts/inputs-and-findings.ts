import type { Place, VerdictName } from '@waymark/presence';

/** One observed fix: taken and received in ms since 1970, longitude and latitude in degrees, accuracy in metres where the tag gave one. */
export type PackedFix = [at: number, receivedAt: number, lon: number, lat: number, accuracyM: number | null];

/** All that the findings rest on. */
export interface PackInputs {
  crime: { from: string; to: string; place: Place };
  /** `clockS`: by how many seconds more than others the tag's own clock may be out, where that was learnt. */
  wearing: { from: string; to: string | null; clockS?: number };
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
