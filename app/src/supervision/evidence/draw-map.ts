import { layPlace, type Place, type Plane, toPlane } from '@waymark/presence';
import type { EvidenceContent } from './pack-content.ts';

const size = 560;
const edge = 24;

interface Point {
  x: number;
  y: number;
}

interface Dot extends Point {
  r: number;
  inside: boolean;
}

export interface DrawnMap {
  title: string;
  /** Scalable Vector Graphics: numbers and fixed words only. */
  svg: string;
}

/** What is drawn, in metres about the place, and the greatest distance from its middle to an edge of the map. */
interface Drawing {
  half: number;
  dots: Dot[];
  shapes: Point[][];
  kind: Place['kind'];
  reach: number;
}

/**
 * Two maps of a pack: around the place, and of everything observed. Only points with their accuracy circles and the recorded place
 * are drawn; no line joins points, because the way between them is not known.
 */
export function drawMaps({ inputs, run }: EvidenceContent): DrawnMap[] {
  const { place, from, to } = inputs.crime;
  const { plane } = layPlace(place);
  const reach = run.parameters.radiusM + place.uncertaintyM;
  const [begin, end] = [Date.parse(from), Date.parse(to)];
  const dots = inputs.fixes.map(([at, , lon, lat, accuracyM]): Dot => {
    const [x, y] = toPlane(plane, lon, lat);
    return { x, y, r: accuracyM ?? 0, inside: at >= begin && at <= end };
  });
  const shapes = shapesOf(place, plane);
  const near = 4 * reach + farthest(shapes.flat());
  const maps = [{ title: 'Around the place', half: near }];
  const observed = farthest(dots.filter(({ inside }) => inside));
  if (observed > near) maps.push({ title: 'Everything observed in the window', half: 1.08 * observed });
  return maps.map(({ title, half }) => ({ title, svg: draw({ half, dots, shapes, kind: place.kind, reach }) }));
}

function farthest(points: Point[]): number {
  return points.reduce((most, { x, y }) => Math.max(most, Math.abs(x), Math.abs(y)), 0);
}

/** The place as points, a line, or the rings of an area with its holes. */
function shapesOf(place: Place, plane: Plane): Point[][] {
  if (place.kind === 'point') return [[{ x: 0, y: 0 }]];
  const rings = place.kind === 'line' ? [place.points] : place.rings;
  return rings.map((points) =>
    points.map(([lon, lat]) => {
      const [x, y] = toPlane(plane, lon, lat);
      return { x, y };
    }),
  );
}

function draw({ half, dots, shapes, kind, reach }: Drawing): string {
  const scale = (size / 2 - edge) / half;
  const at = (metres: number) => (size / 2 + metres * scale).toFixed(1);
  const length = (metres: number) => (metres * scale).toFixed(1);
  // A circle that reaches into the map is seen there, wherever its middle is.
  const shown = dots.filter(({ x, y, r }) => Math.abs(x) - r <= half && Math.abs(y) - r <= half);
  const close = kind === 'polygon' ? 'Z' : '';
  const outline = shapes.map((points) => `M${points.map(({ x, y }) => `${at(x)} ${at(-y)}`).join('L')}${close}`).join('');
  const bar = niceLength(half / 2);
  const dot = ({ x, y, r, inside }: Dot) =>
    `${r > 0 ? `<circle class="error ${inside ? 'in' : 'out'}" cx="${at(x)}" cy="${at(-y)}" r="${length(r)}"/>` : ''}<circle class="fix ${inside ? 'in' : 'out'}" cx="${at(x)}" cy="${at(-y)}" r="3"/>`;
  const name = `c${Math.round(half)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" width="${size}" height="${size}" role="img" aria-label="Map of ${shown.length} fixes and the recorded place. The table has the same positions.">`,
    `<rect class="paper" x="0.5" y="0.5" width="${size - 1}" height="${size - 1}"/>`,
    `<clipPath id="${name}"><rect x="1" y="1" width="${size - 2}" height="${size - 2}"/></clipPath><g clip-path="url(#${name})">`,
    // All that lies within reach: a stroke as broad as it, with the inside of an area.
    kind === 'point'
      ? `<circle class="reach" cx="${at(0)}" cy="${at(0)}" r="${length(reach)}"/>`
      : `<path class="reach ${kind}" d="${outline}" stroke-width="${length(2 * reach)}"/><path class="place" d="${outline}"/>`,
    // Those in the window stand on top.
    ...[...shown].sort((a, b) => Number(a.inside) - Number(b.inside)).map(dot),
    kind === 'point' ? `<path class="place" d="M${at(0)} ${Number(at(0)) - 7}v14M${Number(at(0)) - 7} ${at(0)}h14"/>` : '',
    '</g>',
    `<path class="bar" d="M${edge} ${size - edge}h${length(bar)}m0 -5v10m-${length(bar)} -10v10"/><text x="${edge}" y="${size - edge - 9}">${bar >= 1000 ? `${bar / 1000} km` : `${bar} m`}</text>`,
    `<path class="bar" d="M${size - edge} ${edge + 26}v-22m-5 7l5 -7l5 7"/><text x="${size - edge}" y="${edge + 42}" text-anchor="middle">N</text>`,
    '</svg>',
  ].join('');
}

/** 1, 2 or 5 times a power of ten, and not above `most`. */
function niceLength(most: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, most)));
  return [5, 2, 1].map((n) => n * power).find((n) => n <= most) ?? 1;
}
