export { type FoundPlaces, findPlaces, type PlaceServices } from './find-places.ts';
