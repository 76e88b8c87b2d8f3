import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fingerprintOfSource } from '../platform/source-fingerprint.ts';

/** The source by which records are matched to people, as one fingerprint. */
export function linkageFingerprint(): string {
  return fingerprintOfSource(dirname(fileURLToPath(import.meta.resolve('@waymark/linkage'))));
}

/** The source by which places are proposed. */
export function allocationFingerprint(): string {
  return fingerprintOfSource(join(import.meta.dirname, 'allocation'));
}
