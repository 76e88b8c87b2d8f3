/** Metres in a degree at a latitude, on WGS84: the same as the plane on which distances are measured. */
export function metresPerDegree(lat: number): { perLon: number; perLat: number } {
  const [a, e2] = [6_378_137, 0.006_694_379_990_14];
  const phi = (lat * Math.PI) / 180;
  const w = 1 - e2 * Math.sin(phi) ** 2;
  const perRadian = Math.PI / 180;
  return { perLon: (a / Math.sqrt(w)) * Math.cos(phi) * perRadian, perLat: ((a * (1 - e2)) / w ** 1.5) * perRadian };
}
