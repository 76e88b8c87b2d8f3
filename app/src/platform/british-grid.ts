import proj4 from 'proj4';

/** OSGB36 / British National Grid with the seven-parameter shift to WGS84 (about 5 m; EPSG:27700). */
const grid = proj4(
  '+proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 +ellps=airy +towgs84=446.448,-125.157,542.06,0.15,0.247,0.842,-20.489 +units=m +no_defs',
  'WGS84',
);

/** Eastings and northings that the grid has, metres. */
export const britishGridAtMost = { easting: 700_000, northing: 1_300_000 } as const;

/** Longitude and latitude, degrees, of an easting and northing in metres. */
export function fromBritishGrid(easting: number, northing: number): [lon: number, lat: number] {
  return grid.forward([easting, northing]) as [number, number];
}
