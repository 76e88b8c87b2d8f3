export { correctionByCase } from './correct-by-case.ts';
export { decideAlert } from './decide-alert.ts';
export { explainAlert, kindInWords } from './kinds.ts';
export { LiveWatch } from './live-watch.ts';
export { listAlerts } from './read-alerts.ts';
export { heldZones, tracksOf, watchOf } from './stored-track.ts';
