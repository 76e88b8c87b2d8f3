export { findPlaces, onlyPlace, type PlaceServices, placesCalled } from './find-places.ts';
