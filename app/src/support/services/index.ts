export { declareService, type OfferableService, servicesFor } from './services.ts';
