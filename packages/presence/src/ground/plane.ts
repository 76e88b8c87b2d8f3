/**
 * A flat plane in metres around one point, for distances within a few tens of kilometres.
 *
 * Metres per degree come from the WGS84 radii of curvature at the origin's latitude (meridian M and prime vertical N):
 * a = 6378137 m, e² = 0.00669437999. Within 50 km of the origin the error stays below 0.5 %, far under what any rule
 * here turns on; farther off only the order of magnitude matters, and it is kept.
 */
export interface Plane {
  lon: number;
  lat: number;
  /** Metres per degree of longitude. */
  perLon: number;
  /** Metres per degree of latitude. */
  perLat: number;
}

const semiMajorM = 6_378_137;
const eccentricitySquared = 0.006_694_379_99;
const radians = Math.PI / 180;

export function planeAt(lon: number, lat: number): Plane {
  const sin = Math.sin(lat * radians);
  const w = Math.sqrt(1 - eccentricitySquared * sin * sin);
  const primeVertical = semiMajorM / w;
  const meridian = (semiMajorM * (1 - eccentricitySquared)) / (w * w * w);
  return { lon, lat, perLon: primeVertical * Math.cos(lat * radians) * radians, perLat: meridian * radians };
}

/** Degrees of longitude from the origin, the short way round the globe. */
export function longitudeDifference(lon: number, origin: number): number {
  const difference = lon - origin;
  return difference > 180 ? difference - 360 : difference < -180 ? difference + 360 : difference;
}

/** Easting and northing in metres from the plane's origin. */
export function toPlane(plane: Plane, lon: number, lat: number): [x: number, y: number] {
  return [longitudeDifference(lon, plane.lon) * plane.perLon, (lat - plane.lat) * plane.perLat];
}

export function fromPlane(plane: Plane, x: number, y: number): [lon: number, lat: number] {
  return [plane.lon + x / plane.perLon, plane.lat + y / plane.perLat];
}

/** Distance in metres between two positions on the plane laid at the first. */
export function distanceM(lonA: number, latA: number, lonB: number, latB: number): number {
  const [x, y] = toPlane(planeAt(lonA, latA), lonB, latB);
  return Math.hypot(x, y);
}
