export { authoriseAbsence, grantAbsence } from './authorise-absence.ts';
export { changeZone } from './change-zone.ts';
export { checkZone, declareZone, insertZones, type ZoneDraft, zonesHoldFor } from './declare-zone.ts';
export { forgetProtected } from './forget-protected.ts';
export { listZonesHeld } from './list-zones-held.ts';
export { joinedAreas, readCircle, readGeoJsonAreas } from './read-area.ts';
export { dayNames, hoursOf } from './read-zone-form.ts';
export { type AreaGeometry, geometryOf, readZones, zoneFeature } from './read-zones.ts';
export { type WornZone, type ZoneVersionRow, zonesOfWearings } from './store.ts';
