import { defaultParameters, type Fleet, type SweepInput, sigmaOf } from '@waymark/presence';
import { type Town, type TownCrime, type TruePath, toDegrees } from '@waymark/town';
import { say } from './report.ts';

export interface TruthTown {
  input: SweepInput;
  /** In the order of the input's crimes. */
  crimes: TownCrime[];
  paths: TruePath[];
  fixes: number;
}

const dayMs = 86_400_000;

/** A generated town as the sweep takes it, with everybody's true path kept beside it. */
export function loadTown(town: Town): TruthTown {
  const { startMs, wearers } = town.settings;
  const paths: TruePath[] = [];
  const columns: { at: number[]; lon: number[]; lat: number[]; sigma: number[] }[] = [];
  for (const wearer of town.wearers()) {
    const { fixes } = wearer;
    const order = Array.from({ length: fixes.count }, (_, i) => i).sort((a, b) => (fixes.at[a] as number) - (fixes.at[b] as number));
    const column = { at: [] as number[], lon: [] as number[], lat: [] as number[], sigma: [] as number[] };
    for (const i of order) {
      const at = startMs + (fixes.at[i] as number) * 1000;
      if (at === column.at[column.at.length - 1]) continue;
      column.at.push(at);
      column.lon.push(fixes.lon[i] as number);
      column.lat.push(fixes.lat[i] as number);
      column.sigma.push(sigmaOf(fixes.accuracyM[i] as number, defaultParameters));
    }
    columns.push(column);
    paths.push(wearer.path);
    if ((wearer.index + 1) % 25 === 0) say(`making the town: ${wearer.index + 1} of ${wearers} wearers`);
  }
  const start = new Int32Array(wearers + 1);
  columns.forEach(({ at }, w) => {
    start[w + 1] = (start[w] as number) + at.length;
  });
  const total = start[wearers] as number;
  const shared = (bytes: number) => new SharedArrayBuffer(bytes);
  const fleet: Fleet = {
    at: new Float64Array(shared(8 * total)),
    lon: new Float64Array(shared(8 * total)),
    lat: new Float64Array(shared(8 * total)),
    sigma: new Float32Array(shared(4 * total)),
    start,
    from: new Float64Array(wearers).fill(startMs),
    to: new Float64Array(wearers).fill(Infinity),
  };
  columns.forEach((column, w) => {
    for (const name of ['at', 'lon', 'lat', 'sigma'] as const) fleet[name].set(column[name], start[w] as number);
  });
  const crimes = [...town.crimes].sort((a, b) => a.from - b.from);
  const questions = crimes.map((crime) => {
    const [lon, lat] = toDegrees(crime.x, crime.y);
    return {
      from: startMs + crime.from * 1000,
      to: startMs + crime.to * 1000,
      place: { kind: 'point' as const, lon, lat, uncertaintyM: crime.uncertaintyM },
      habitShifts: [-7 * dayMs],
      coincidenceShifts: [-3, -2, -1, 1, 2, 3].map((day) => day * dayMs),
    };
  });
  return { input: { fleet, crimes: questions, parameters: { ...defaultParameters } }, crimes, paths, fixes: total };
}
