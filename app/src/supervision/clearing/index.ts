export { beginBatch } from './begin-batch.ts';
export { clearBatch } from './clear-batch.ts';
export { drawSample, looksAskedFor, looksFor } from './draw-sample.ts';
export { listClearing } from './list-clearing.ts';
export { answerLook, lookAtBatch } from './look-at-batch.ts';
export { latestCrimes } from './open-exclusions.ts';
