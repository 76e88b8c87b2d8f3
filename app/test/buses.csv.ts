/** A bus on its way, in the shape of an open timetable feed: made up, for the repository holds nobody's real movements. */
export function busFile(): { csv: string; track: { tag: string; at: number; lat: number; lon: number }[] } {
  const track: { tag: string; at: number; lat: number; lon: number }[] = [];
  const begin = Date.UTC(2026, 0, 26, 15, 57);
  for (const [bus, tag] of ['4716', '4718'].entries()) {
    for (let i = 0; i < 180; i++) {
      // Out along a street with bends, with a stop every few hundred metres.
      const along = Math.floor(i / 6) * 5 + Math.min(i % 6, 4);
      track.push({
        tag,
        at: begin + bus * 600_000 + i * 24_000,
        lat: Number((53.4445 + along * 0.00062 + 0.0009 * Math.sin(along / 9)).toFixed(6)),
        lon: Number((-2.9252 + along * 0.00101 + 0.0012 * Math.cos(along / 7)).toFixed(6)),
      });
    }
  }
  const rows = track.map(
    ({ tag, at, lat, lon }) => `"${tag}","${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}",${lat},${lon}`,
  );
  return { csv: `vehicle_id,timestamp,latitude,longitude\n${rows.join('\n')}\n`, track };
}
