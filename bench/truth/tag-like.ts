import type { TrueWay } from './true-way.ts';

/** Fixes as a tag would have sent them: seldom, with an error, and with what it says of that error. Metres on the plane of the way. */
export interface TagLike {
  at: Float64Array;
  x: Float64Array;
  y: Float64Array;
  /** NaN where the tag says nothing. */
  accuracyM: Float32Array;
}

export const noises = ['none', 'gaussian', 'urban', 'displaced', 'missing', 'understated'] as const;
export type Noise = (typeof noises)[number];

/** How often a fix is kept, seconds; `hours` is every five minutes with holes of two to four hours. */
export const thinnings = ['1 min', '5 min', '15 min', '60 min', 'hours'] as const;
export type Thinning = (typeof thinnings)[number];
const stepS: Record<Thinning, number> = { '1 min': 60, '5 min': 300, '15 min': 900, '60 min': 3600, hours: 300 };

/** What a receiver with a sigma of s per axis says, where it says 68 % of its error: 1.51 s. */
const saysOf = 1.51;
const usualSigmaM = 7;

/** Draws from a seed: the same numbers on every machine (mulberry32). */
export function drawsFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const normalFrom = (draw: () => number) => () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());

/** Thins a way, adds an error, and sets the tag's clock off by so many seconds. */
export function tagLike(way: TrueWay, thinning: Thinning, noise: Noise, clockS: number, seed: number): TagLike {
  const draw = drawsFrom(seed);
  const normal = normalFrom(draw);
  const step = stepS[thinning] * 1000;
  const offset = draw() * step;
  const kept: number[] = [];
  let slot = Number.NEGATIVE_INFINITY;
  let holeUntil = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < way.at.length; i++) {
    const at = way.at[i] as number;
    const own = Math.floor((at + offset) / step);
    if (own === slot) continue;
    slot = own;
    if (at < holeUntil) continue;
    if (thinning === 'hours' && draw() < 0.04) holeUntil = at + (2 + 2 * draw()) * 3_600_000;
    kept.push(i);
  }
  const error = errorOf(noise, draw, normal);
  const errors = kept.map((i) => error(way.at[i] as number));
  return {
    at: Float64Array.from(kept, (i) => (way.at[i] as number) + 1000 * clockS),
    x: Float64Array.from(kept, (i, k) => (way.x[i] as number) + (errors[k]?.x ?? 0)),
    y: Float64Array.from(kept, (i, k) => (way.y[i] as number) + (errors[k]?.y ?? 0)),
    accuracyM: Float32Array.from(errors, ({ says }) => says),
  };
}

/** The error of each fix, and what the tag says of it. */
function errorOf(noise: Noise, draw: () => number, normal: () => number): (at: number) => { x: number; y: number; says: number } {
  /** A run of minutes in which the receiver is held off by the same way, as among high buildings. */
  let run = { until: Number.NEGATIVE_INFINITY, x: 0, y: 0 };
  return (at) => {
    if (noise === 'none') return { x: 0, y: 0, says: 5 };
    if (noise === 'urban') {
      const sigma = draw() < 0.1 ? 45 : usualSigmaM * (0.7 + 0.9 * draw());
      return { x: sigma * normal(), y: sigma * normal(), says: saysOf * sigma };
    }
    if (noise === 'displaced') {
      if (at > run.until && draw() < 0.02) {
        const [far, way] = [80 + 150 * draw(), 2 * Math.PI * draw()];
        run = { until: at + (3 + 12 * draw()) * 60_000, x: far * Math.cos(way), y: far * Math.sin(way) };
      }
      const off = at <= run.until ? run : { x: 0, y: 0 };
      return { x: off.x + usualSigmaM * normal(), y: off.y + usualSigmaM * normal(), says: saysOf * usualSigmaM };
    }
    const sigma = noise === 'understated' ? 20 : usualSigmaM;
    const says = noise === 'missing' ? Number.NaN : noise === 'understated' ? 8 : saysOf * sigma;
    return { x: sigma * normal(), y: sigma * normal(), says };
  };
}
