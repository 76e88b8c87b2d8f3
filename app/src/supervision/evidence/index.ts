export { knowsEvidencePack } from './leave-pack.ts';
export { makeEvidencePack } from './make-pack.ts';
export { parametersInWords } from './parameters-in-words.ts';
export { type PackRepetition, repeatPack } from './repeat-pack.ts';
export { keyName, readPublicKey, Sealer } from './seal.ts';
