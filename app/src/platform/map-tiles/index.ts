export { fetchTiles } from './fetch-tiles.ts';
export { type MapTiles, MapTilesError, readMapTiles } from './read-header.ts';
export { type MapStyle, readMapStyle } from './read-style.ts';
