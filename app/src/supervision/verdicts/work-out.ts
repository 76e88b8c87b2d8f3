import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  emptyJudgement,
  Judge,
  layPlace,
  type PresenceParameters,
  prepareTrack,
  reasonsInWords,
  sigmaFor,
  strengthOf,
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
  const { fixes, crime, wearing } = inputs;
  const sigmaOf = sigmaFor(parameters);
  const track = prepareTrack(
    {
      at: Float64Array.from(fixes, ([at]) => at),
      lon: Float64Array.from(fixes, ([, , lon]) => lon),
      lat: Float64Array.from(fixes, ([, , , lat]) => lat),
      sigma: Float32Array.from(fixes, ([, , , , accuracyM]) => sigmaOf(accuracyM ?? Number.NaN)),
      from: Date.parse(wearing.from),
      to: wearing.to === null ? Infinity : Date.parse(wearing.to),
    },
    parameters,
  );
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

/** SHA-256 over the source of the reckoning itself, file by file: two programs with the same one judge alike. */
export function reckoningFingerprint(): string {
  return fingerprintOfSource(dirname(fileURLToPath(import.meta.resolve('@waymark/presence'))));
}
