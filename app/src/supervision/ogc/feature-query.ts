import { isWithinRing } from '@waymark/presence';
import { InvalidError } from '../../platform/action.ts';

/** What an OGC API Features client asks of a collection (OGC 17-069r4, 7.15). Degrees; ms since 1970. */
export interface FeatureQuery {
  limit: number;
  offset: number;
  /** West, south, east, north; west above east goes over the 180th meridian. */
  bbox: [number, number, number, number] | null;
  from: number | null;
  to: number | null;
  /** Reference of the person asked for; null: of everybody who may be seen. */
  subject: string | null;
  /** The one feature asked for; null: all. */
  id: string | null;
}

export const limitAtMost = 10_000;
const limitUsual = 1000;

const instantForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i;

/** @throws InvalidError naming the parameter, which is answered as 400 */
export function readFeatureQuery(query: Record<string, unknown>): FeatureQuery {
  const text = (name: string): string => {
    const value = query[name];
    if (value === undefined || value === '') return '';
    if (typeof value !== 'string') throw new InvalidError(`${name} may stand once.`, name);
    return value;
  };
  const whole = (name: string, usual: number, least: number): number => {
    const value = text(name);
    if (value === '') return usual;
    const found = Number(value);
    if (!Number.isInteger(found) || found < least) throw new InvalidError(`${name} is a whole number from ${least} on.`, name);
    return found;
  };
  const subject = text('subject').trim().slice(0, 200);
  return {
    limit: Math.min(limitAtMost, whole('limit', limitUsual, 1)),
    offset: whole('offset', 0, 0),
    bbox: bboxIn(text('bbox')),
    ...timesIn(text('datetime')),
    subject: subject === '' ? null : subject,
    id: null,
  };
}

function bboxIn(text: string): FeatureQuery['bbox'] {
  if (text === '') return null;
  const numbers = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const [west, south, east, north] = numbers.length === 6 ? [numbers[0], numbers[1], numbers[3], numbers[4]] : numbers;
  const isOne = [4, 6].includes(numbers.length) && numbers.every(Number.isFinite);
  if (!isOne || west === undefined || south === undefined || east === undefined || north === undefined || south > north)
    throw new InvalidError('bbox is west,south,east,north in degrees, such as -1.9,53.0,-1.7,53.2.', 'bbox');
  return [west, south, east, north];
}

function timesIn(text: string): { from: number | null; to: number | null } {
  if (text === '') return { from: null, to: null };
  const wrong = () =>
    new InvalidError(
      'datetime is an instant, or two with a slash between; each such as 2026-09-07T10:00:00Z, or .. for an open end.',
      'datetime',
    );
  const instant = (part: string): number | null => {
    if (part === '' || part === '..') return null;
    const at = instantForm.test(part) ? Date.parse(part) : Number.NaN;
    if (Number.isNaN(at)) throw wrong();
    return at;
  };
  const parts = text.split('/');
  if (parts.length > 2) throw wrong();
  const [begin = '', end = begin] = parts;
  const [from, to] = [instant(begin), instant(end)];
  if ((from === null && to === null && parts.length === 1) || (from !== null && to !== null && to < from)) throw wrong();
  return { from, to };
}

export function isWithin(bbox: FeatureQuery['bbox'], lon: number, lat: number): boolean {
  if (!bbox) return true;
  const [west, south, east, north] = bbox;
  const isEast = west <= east ? lon >= west && lon <= east : lon >= west || lon <= east;
  return isEast && lat >= south && lat <= north;
}

/** Whether any of some areas and a box have a point in common: a corner of one in the other, or edges that cross. Rings in degrees. */
export function meets(bbox: FeatureQuery['bbox'], areas: readonly [number, number][][][]): boolean {
  if (!bbox) return true;
  const [west, south, east, north] = bbox;
  // Over the 180th meridian it is two boxes.
  if (west > east) return meets([west, south, 180, north], areas) || meets([-180, south, east, north], areas);
  const isInside = (area: [number, number][][]) => area.filter((ring) => isWithinRing(ring, west, south)).length % 2 === 1;
  return areas.some((area) => area.some((ring) => ring.some((point, i) => crosses(bbox, point, ring[i + 1] ?? point))) || isInside(area));
}

/** Whether any part of a line from one point to another lies in a box: what is left of it after each side has cut it (Liang and Barsky 1984). */
function crosses(
  [west, south, east, north]: NonNullable<FeatureQuery['bbox']>,
  [x, y]: [number, number],
  [toX, toY]: [number, number],
): boolean {
  let [first, last] = [0, 1];
  for (const [step, room] of [
    [x - toX, x - west],
    [toX - x, east - x],
    [y - toY, y - south],
    [toY - y, north - y],
  ] as const) {
    if (step === 0 && room < 0) return false;
    if (step < 0) first = Math.max(first, room / step);
    else if (step > 0) last = Math.min(last, room / step);
  }
  return first <= last;
}
