import { defaultParameters, layArea, probabilityInside, sigmaOf } from '@waymark/presence';
import { fewUnder } from './score.ts';
import { drawsFrom, type Noise, noises, type TagLike } from './tag-like.ts';
import type { TrueWay } from './true-way.ts';

/** A circle as a curfew has it, metres; fixes are asked about up to so far on either side of its edge. */
const radiusM = 100;
const besideEdgeM = 90;
/** Each fix with circles in so many places about it. */
const circlesEach = 4;
const bins = 10;

interface Bin {
  n: number;
  stated: number;
  inside: number;
}

/** What zones make of lone fixes near an edge, beside where the wearer truly was at that moment. */
export class ZoneScore {
  readonly #bounds = new Map<Noise, { least: Bin[]; most: Bin[]; n: number }>();

  add(way: TrueWay, tag: TagLike, noise: Noise, seed: number): void {
    const draw = drawsFrom(seed);
    const own = this.#bounds.get(noise) ?? { least: emptyBins(), most: emptyBins(), n: 0 };
    this.#bounds.set(noise, own);
    const area = layArea({ kind: 'circle', lon: 0, lat: 0, radiusM });
    let i = 0;
    for (let k = 0; k < tag.at.length; k++) {
      while (i < way.at.length && (way.at[i] as number) < (tag.at[k] as number)) i++;
      // The clocks are right here: each fix was taken at a moment of the truth.
      if (way.at[i] !== tag.at[k]) continue;
      const sigma = sigmaOf(tag.accuracyM[k] as number, defaultParameters);
      for (let c = 0; c < circlesEach; c++) {
        const depth = besideEdgeM * (2 * draw() - 1);
        const bearing = 2 * Math.PI * draw();
        const [x, y] = [
          (tag.x[k] as number) + (radiusM - depth) * Math.sin(bearing),
          (tag.y[k] as number) + (radiusM - depth) * Math.cos(bearing),
        ];
        const isInside = Math.hypot((way.x[i] as number) - x, (way.y[i] as number) - y) <= radiusM;
        const { least, most } = probabilityInside(area, depth, sigma);
        own.n++;
        count(own.least, least, isInside);
        count(own.most, most, isInside);
      }
    }
  }

  /** By noise: how far what is stated at the least lies above what was found, and at the most below it, in the worst of ten bins. */
  rows(): { noise: Noise; n: number; least: number; most: number; words: string }[] {
    return noises.flatMap((noise) => {
      const own = this.#bounds.get(noise);
      if (!own) return [];
      const worst = (list: Bin[], sense: 1 | -1) =>
        Math.max(0, ...list.filter(({ n }) => n >= fewUnder).map(({ n, stated, inside }) => (sense * (stated - inside)) / n));
      const told = (list: Bin[]) =>
        list
          .filter(({ n }) => n >= fewUnder)
          .map(({ n, stated, inside }) => `${(stated / n).toFixed(2)} ${(inside / n).toFixed(2)}`)
          .join(', ');
      return [
        {
          noise,
          n: own.n,
          least: worst(own.least, 1),
          most: worst(own.most, -1),
          words: `P(inside) of a lone fix, ${noise}, ${own.n.toLocaleString('en-GB')}: stated at the least and found ${told(own.least)}; at the most and found ${told(own.most)}`,
        },
      ];
    });
  }
}

const emptyBins = (): Bin[] => Array.from({ length: bins }, () => ({ n: 0, stated: 0, inside: 0 }));

function count(list: Bin[], p: number, isInside: boolean): void {
  const bin = list[Math.min(bins - 1, Math.floor(p * bins))] as Bin;
  bin.n++;
  bin.stated += p;
  if (isInside) bin.inside++;
}
