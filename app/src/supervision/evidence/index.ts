export { fileNameOf, knowsEvidencePack, readEvidencePack } from './leave-pack.ts';
export { makeEvidencePack } from './make-pack.ts';
export type { EvidenceContent } from './pack-content.ts';
export { parametersInWords } from './parameters-in-words.ts';
export { shownOf } from './render-pack.ts';
export { type PackRepetition, repeatPack } from './repeat-pack.ts';
export { keyName, readPublicKey, Sealer, sha256Of } from './seal.ts';
export { writeStatementOf } from './stamp-pack.ts';
