export { readOwnProgress } from './own-progress.ts';
export { keptBy, sumsOf } from './read-compliance.ts';
