export type { FoundAlert, StoredAlert } from './alert.ts';
export type { Prepare, Standing, Watcher } from './watcher.ts';
export { causeOf, kinds, watches } from './watchers.ts';
export { heldZones, watchOf } from './zone-watcher.ts';
