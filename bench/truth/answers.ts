import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Presence from '@waymark/presence';
import type { Question } from './questions.ts';
import type { TagLike } from './tag-like.ts';
import { lastBefore, type TrueWay } from './true-way.ts';

/** What somebody says to a question: a word, and the chance that the wearer was there; NaN where nothing is known. */
export interface Answer {
  word: 'present' | 'excluded' | 'unknown';
  /** Excluded as impossible, rather than as not plausible. */
  isImpossible: boolean;
  p: number;
}

export type Engine = typeof Presence;

/** The engine of this checkout, or of another. */
export async function engineOf(folder: string | undefined): Promise<Engine> {
  if (!folder) return import('@waymark/presence');
  return (await import(pathToFileURL(join(folder, 'packages/presence/src/index.ts')).href)) as Engine;
}

/** Answers the questions about one wearer by the engine, with its default settings. */
export function byEngine(engine: Engine, way: TrueWay, tag: TagLike, questions: readonly Question[]): Answer[] {
  const parameters = engine.defaultParameters;
  const sigma = engine.sigmaFor(parameters);
  const places = Array.from(tag.at, (_, i) => engine.fromPlane(way.plane, tag.x[i] as number, tag.y[i] as number));
  const track = {
    at: tag.at,
    lon: Float64Array.from(places, ([lon]) => lon),
    lat: Float64Array.from(places, ([, lat]) => lat),
    sigma: Float32Array.from(tag.accuracyM, sigma),
    from: Number.NEGATIVE_INFINITY,
    to: Number.POSITIVE_INFINITY,
  };
  const prepared = engine.prepareTrack(track, parameters);
  const judge = new engine.Judge(parameters);
  const out = engine.emptyJudgement();
  return questions.map(({ x, y, from, to }) => {
    const [lon, lat] = engine.fromPlane(way.plane, x, y);
    judge.judge(prepared, engine.layPlace({ kind: 'point', lon, lat, uncertaintyM: 0 }), from, to, out);
    const strength = engine.strengthOf(out.verdict);
    return {
      word: out.verdict === engine.verdictCode.present ? 'present' : strength === null ? 'unknown' : 'excluded',
      isImpossible: out.verdict === engine.verdictCode.impossible,
      p: out.pWindow,
    };
  });
}

/** The plainest rule: some fix of the window lies within the radius. */
export function byAnyFix(tag: TagLike, { x, y, from, to }: Question, radiusM: number): boolean {
  for (let i = Math.max(0, lastBefore(tag.at, from)); i < tag.at.length && (tag.at[i] as number) <= to; i++)
    if ((tag.at[i] as number) >= from && Math.hypot((tag.x[i] as number) - x, (tag.y[i] as number) - y) <= radiusM) return true;
  return false;
}

/** Stretches of straight lines between fixes that fall into the window. */
function* stretches({ at }: TagLike, from: number, to: number): Generator<{ i: number; a: number; b: number }> {
  for (let i = Math.max(0, lastBefore(at, from)); i + 1 < at.length && (at[i] as number) <= to; i++) {
    const [t0, t1] = [at[i] as number, at[i + 1] as number];
    if (t1 < from) continue;
    yield { i, a: Math.max(0, (from - t0) / (t1 - t0)), b: Math.min(1, (to - t0) / (t1 - t0)) };
  }
}

/** As if everybody went straight from fix to fix. */
export function byLine(tag: TagLike, { x, y, from, to }: Question, radiusM: number): boolean {
  for (const { i, a, b } of stretches(tag, from, to)) {
    const [x0, y0] = [tag.x[i] as number, tag.y[i] as number];
    const [dx, dy] = [(tag.x[i + 1] as number) - x0, (tag.y[i + 1] as number) - y0];
    const along = dx * dx + dy * dy;
    const share = Math.min(b, Math.max(a, along === 0 ? a : ((x - x0) * dx + (y - y0) * dy) / along));
    if (Math.hypot(x0 + share * dx - x, y0 + share * dy - y) <= radiusM) return true;
  }
  return false;
}

/** Moments of a stretch at which the bridge is asked. */
const moments = 8;

/** A Brownian bridge with one spread for everybody (Horne et al. 2007): the greatest chance at any moment of the window. */
export function byBridge(tag: TagLike, { x, y, from, to }: Question, radiusM: number, spread: number): number {
  let best = 0;
  for (const { i, a, b } of stretches(tag, from, to)) {
    const seconds = ((tag.at[i + 1] as number) - (tag.at[i] as number)) / 1000;
    for (let k = 0; k <= moments; k++) {
      const share = a + (k / moments) * (b - a);
      const mx = (tag.x[i] as number) + share * ((tag.x[i + 1] as number) - (tag.x[i] as number));
      const my = (tag.y[i] as number) + share * ((tag.y[i + 1] as number) - (tag.y[i] as number));
      const variance = seconds * share * (1 - share) * spread + errorVarianceM2;
      best = Math.max(best, inDisc(Math.hypot(mx - x, my - y), Math.sqrt(variance), radiusM));
    }
  }
  return best;
}

const errorVarianceM2 = 60;

/** P(a circular normal around a mean at a distance lies within a disc), by rings. */
function inDisc(d: number, s: number, radiusM: number): number {
  if (d - radiusM > 5 * s) return 0;
  const steps = 24;
  let sum = 0;
  for (let k = 0; k < steps; k++) {
    const r = ((k + 0.5) / steps) * radiusM;
    // Rice's density of the distance from the disc's centre: r/s² · exp(−(r²+d²)/2s²) · I₀(rd/s²).
    const z = (r * d) / (s * s);
    sum += (r / (s * s)) * Math.exp(-((r - d) ** 2) / (2 * s * s)) * scaledBessel0(z) * (radiusM / steps);
  }
  return Math.min(1, sum);
}

/** I₀(z)·e^(−z) (Abramowitz & Stegun, 9.8.1 and 9.8.2). */
function scaledBessel0(z: number): number {
  if (z < 3.75) {
    const t = (z / 3.75) ** 2;
    return Math.exp(-z) * (1 + t * (3.5156229 + t * (3.0899424 + t * (1.2067492 + t * (0.2659732 + t * (0.0360768 + t * 0.0045813))))));
  }
  const t = 3.75 / z;
  return (
    (0.39894228 +
      t *
        (0.01328592 +
          t *
            (0.00225319 +
              t * (-0.00157565 + t * (0.00916281 + t * (-0.02057706 + t * (0.02635537 + t * (-0.01647633 + t * 0.00392377)))))))) /
    Math.sqrt(z)
  );
}

/** The one spread that fits the middle fix of three best over people to learn from, m²/s. */
export function spreadOf(tags: readonly TagLike[]): number {
  const ratios: number[] = [];
  for (const { at, x, y } of tags)
    for (let i = 1; i + 1 < at.length; i++) {
      const [t0, t1, t2] = [at[i - 1] as number, at[i] as number, at[i + 1] as number];
      const share = (t1 - t0) / (t2 - t0);
      const [mx, my] = [
        (x[i - 1] as number) + share * ((x[i + 1] as number) - (x[i - 1] as number)),
        (y[i - 1] as number) + share * ((y[i + 1] as number) - (y[i - 1] as number)),
      ];
      const seconds = (t2 - t0) / 1000;
      if (seconds < 14_400)
        ratios.push((((x[i] as number) - mx) ** 2 + ((y[i] as number) - my) ** 2) / 2 / (seconds * share * (1 - share)));
    }
  return ratios.reduce((sum, one) => sum + one, 0) / Math.max(1, ratios.length);
}
