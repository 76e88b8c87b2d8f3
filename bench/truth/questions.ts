import { drawsFrom, type TagLike } from './tag-like.ts';
import { type TrueWay, truthAt, truthWithin } from './true-way.ts';

/** Where a crime is placed, by the hidden truth. */
export const kinds = ['within 30 m', '30 to 50 m', '50 to 100 m', '150 to 500 m off', 'far', 'near the line', 'where people go'] as const;
export type Kind = (typeof kinds)[number];
export const windows = ['a moment', '10 minutes', '2 hours'] as const;
export type Window = (typeof windows)[number];
const windowMs: Record<Window, number> = { 'a moment': 0, '10 minutes': 600_000, '2 hours': 7_200_000 };

/** Was this wearer within the radius of this place at some moment of the window? Metres on the plane of the way; ms since 1970. */
export interface Question {
  kind: Kind;
  window: Window;
  x: number;
  y: number;
  from: number;
  to: number;
  there: boolean;
  mode: string;
  /** Asked besides, to tell calibration by: not part of the even mix of kinds. */
  isMore: boolean;
}

/** So much of a window must be known: of what is asked, the answer must not depend on whether it is known. */
const knownAtLeast = 0.95;
/** What was nearer than this and is not told apart by a log that is itself a few metres off is not asked. */
const doubtM = 3;

/**
 * Draws questions about one wearer, each kind and window as often as the other.
 * @param visited places where others of the set were, in metres on this way's plane
 * @param undecided so many times more of the kinds whose places are not chosen by the truth: calibration is told by them
 */
export function questionsOf(
  way: TrueWay,
  tag: TagLike,
  visited: readonly (readonly [number, number])[],
  { each, radiusM, seed, undecided = 1 }: { each: number; radiusM: number; seed: number; undecided?: number },
): Question[] {
  const draw = drawsFrom(seed);
  const found: Question[] = [];
  if (tag.at.length < 3) return found;
  for (const window of windows)
    for (const kind of kinds) {
      const wanted = kind === 'near the line' || kind === 'where people go' ? undecided * each : each;
      let missed = 0;
      for (let n = 0; n < wanted && missed < 20 * wanted; ) {
        const own = questionAt(way, tag, visited, kind, window, radiusM, draw);
        if (own) {
          found.push({ ...own, isMore: n >= each });
          n++;
        } else missed++;
      }
    }
  return found;
}

function questionAt(
  way: TrueWay,
  tag: TagLike,
  visited: readonly (readonly [number, number])[],
  kind: Kind,
  window: Window,
  radiusM: number,
  draw: () => number,
): Omit<Question, 'isMore'> | null {
  const i = Math.floor(draw() * (way.at.length - 1));
  const [t0, t1] = [way.at[i] as number, way.at[i + 1] as number];
  const moment = Math.round(t0 + draw() * Math.min(t1 - t0, 30_000));
  // Not before the tag told anything, nor after: there it is plain that nothing is known.
  if (moment <= (tag.at[0] as number) || moment >= (tag.at[tag.at.length - 1] as number)) return null;
  const truth = truthAt(way, moment);
  if (!truth) return null;
  const place = placeOf(truth, tag, visited, kind, moment, draw);
  if (!place) return null;
  const length = windowMs[window];
  const from = moment - Math.round(draw() * length);
  const to = from + length;
  const { leastM, known } = truthWithin(way, place[0], place[1], from, to);
  const there = leastM <= radiusM;
  if (known < knownAtLeast) return null;
  if (Math.abs(leastM - radiusM) < doubtM) return null;
  if (kind === '150 to 500 m off' && leastM < 150) return null;
  if (kind === 'far' && there) return null;
  return { kind, window, x: place[0], y: place[1], from, to, there, mode: way.mode[i] ?? '' };
}

function placeOf(
  [x, y]: readonly [number, number],
  tag: TagLike,
  visited: readonly (readonly [number, number])[],
  kind: Kind,
  moment: number,
  draw: () => number,
): [number, number] | null {
  const off = (least: number, most: number): [number, number] => {
    const [far, way] = [Math.sqrt(least ** 2 + draw() * (most ** 2 - least ** 2)), 2 * Math.PI * draw()];
    return [x + far * Math.cos(way), y + far * Math.sin(way)];
  };
  switch (kind) {
    case 'within 30 m':
      return off(0, 30);
    case '30 to 50 m':
      return off(30, 50);
    case '50 to 100 m':
      return off(50, 100);
    case '150 to 500 m off':
      return off(150, 500);
    case 'far':
      return off(2000, 20_000);
    case 'near the line': {
      let k = 0;
      while (k + 1 < tag.at.length && (tag.at[k + 1] as number) <= moment) k++;
      if (k + 1 >= tag.at.length) return null;
      const share = draw();
      const [far, way] = [200 * draw(), 2 * Math.PI * draw()];
      return [
        (tag.x[k] as number) + share * ((tag.x[k + 1] as number) - (tag.x[k] as number)) + far * Math.cos(way),
        (tag.y[k] as number) + share * ((tag.y[k + 1] as number) - (tag.y[k] as number)) + far * Math.sin(way),
      ];
    }
    default: {
      // Near enough that the question is one.
      for (let n = 0; n < 40; n++) {
        const place = visited[Math.floor(draw() * visited.length)];
        if (place && Math.hypot(place[0] - x, place[1] - y) < 3000) return [place[0], place[1]];
      }
      return null;
    }
  }
}
