export { AddressService } from './address-service.ts';
export { fillGazetteer } from './fill-gazetteer.ts';
export { Gazetteer } from './gazetteer.ts';
export type { NamedPlace } from './read-places.ts';
