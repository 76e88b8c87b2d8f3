export { declareZone } from './declare-zone.ts';
export { forgetProtected } from './forget-protected.ts';
export { zoneFeature } from './read-zones.ts';
export { type WornZone, type ZoneVersionRow, zonesOfWearings } from './store.ts';
