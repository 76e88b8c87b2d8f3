export { areasIn, faultOfArea, isSameArea } from './areas.ts';
export { declareService, type OfferableService, servicesFor } from './services.ts';
