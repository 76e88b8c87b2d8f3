export { correctionByCase } from './correct-by-case.ts';
export { decideAlert } from './decide-alert.ts';
export { explainAlert, kindInWords } from './kinds.ts';
export { LiveWatch } from './live-watch.ts';
export { listAlerts } from './read-alerts.ts';
export { tracksOf } from './stored-track.ts';
export { isMeasured, type MeasuredKind, measureOf, measures } from './thresholds.ts';
export { WatchShares } from './watch-shares.ts';
export { heldZones, watchOf } from './watchers/index.ts';
