import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type DistanceInTime,
  distanceInTime,
  emptyJudgement,
  Judge,
  layPlace,
  type PresenceParameters,
  prepareTrack,
  reasonsInWords,
  sigmaFor,
  strengthOf,
  type Track,
  verdictNames,
} from '@waymark/presence';
import { canonicalJson } from '../../platform/canonical-json.ts';
import { fingerprintOfSource } from '../../platform/source-fingerprint.ts';
import type { Findings, PackInputs } from './inputs-and-findings.ts';
import { requireKnownModel } from './known-model.ts';

/**
 * Judges the one wearer of a pack against its one crime, from what stands in the pack and nothing else. The same inputs give the
 * same findings, bit for bit, wherever they are worked out.
 * @param parameters as the run recorded them
 * @throws ToldError where they are of another model
 */
export function workOut(inputs: PackInputs, parameters: PresenceParameters): Findings {
  requireKnownModel(parameters);
  const { crime } = inputs;
  const track = prepareTrack(trackOf(inputs, parameters), parameters);
  const judged = emptyJudgement();
  new Judge(parameters).judge(track, layPlace(crime.place), Date.parse(crime.from), Date.parse(crime.to), judged);
  const known = (value: number, digits: number) => (Number.isNaN(value) ? null : Number(value.toFixed(digits)));
  return {
    verdict: verdictNames[judged.verdict] ?? 'unknown',
    strength: strengthOf(judged.verdict),
    probability: { moment: known(judged.pMoment, 4), window: known(judged.pWindow, 4) },
    reasons: reasonsInWords(judged, parameters.radiusM + crime.place.uncertaintyM),
    coverage: known(judged.coverage, 4) ?? 0,
    fixes: judged.fixes,
    fixesWithin: judged.fixesWithin,
    closestM: known(judged.closestM, 1),
    closestAt: Number.isNaN(judged.closestAt) ? null : new Date(judged.closestAt).toISOString(),
    gapS: Math.round(judged.gapS),
    inputsHash: createHash('sha256').update(canonicalJson({ inputs, parameters })).digest('hex'),
  };
}

/**
 * How far the wearer was, or may have been, from the place, from the same inputs and numbers.
 * @param shown what is to be told, ms since 1970
 */
export function distanceOf(inputs: PackInputs, parameters: PresenceParameters, shown: { from: number; to: number }): DistanceInTime {
  const window = { from: Date.parse(inputs.crime.from), to: Date.parse(inputs.crime.to) };
  return distanceInTime(trackOf(inputs, parameters), layPlace(inputs.crime.place), { window, shown }, parameters);
}

function trackOf({ fixes, wearing }: PackInputs, parameters: PresenceParameters): Track {
  const sigmaOf = sigmaFor(parameters);
  return {
    at: Float64Array.from(fixes, ([at]) => at),
    lon: Float64Array.from(fixes, ([, , lon]) => lon),
    lat: Float64Array.from(fixes, ([, , , lat]) => lat),
    sigma: Float32Array.from(fixes, ([, , , , accuracyM]) => sigmaOf(accuracyM ?? Number.NaN)),
    from: Date.parse(wearing.from),
    to: wearing.to === null ? Infinity : Date.parse(wearing.to),
    clockS: wearing.clockS ?? 0,
  };
}

/** SHA-256 over the source of the reckoning itself, file by file: two programs with the same one judge alike. */
export function reckoningFingerprint(): string {
  return fingerprintOfSource(dirname(fileURLToPath(import.meta.resolve('@waymark/presence'))));
}
