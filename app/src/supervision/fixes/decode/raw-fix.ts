import { readEventNames } from '@waymark/presence';
import { storable } from '../../../platform/storable.ts';

/** A position as a sender gave it, read but not yet believed. Times in ms since 1970; NaN for what is missing or unreadable. */
export interface RawFix {
  tag: string;
  at: number;
  lon: number;
  lat: number;
  accuracyM: number;
  speedMps: number;
  headingDeg: number;
  method: number;
  battery: number;
  seq: number;
  events: string | null;
}

export const unknownMethod = 4;

export function rawFix(tag: string, at: number, lon: number, lat: number): RawFix {
  return {
    tag,
    at,
    lon,
    lat,
    accuracyM: Number.NaN,
    speedMps: Number.NaN,
    headingDeg: Number.NaN,
    method: unknownMethod,
    battery: Number.NaN,
    seq: Number.NaN,
    events: null,
  };
}

/** Text that is no fix at all: where it stood, what was wrong, what to do. */
export interface Unreadable {
  line: number;
  field: string;
  /** Shortened, for lists. */
  value: string;
  message: string;
  /** All of it, to be kept; where it is missing, `value` is all. */
  whole?: string;
}

/** What was read, what could not be, and what of the rest was not understood: told to the sender, with how often it stood there. */
export interface Decoded {
  fixes: RawFix[];
  unreadable: Unreadable[];
  notUnderstood?: Map<string, number>;
  /** Messages of a known kind that bear no position: counted. */
  others?: number;
}

/** Most different things that one message is told of. */
const toldAtMost = 50;

/** Notes something that stood in a message and means nothing here. */
export function tell(decoded: Decoded, what: string): void {
  decoded.notUnderstood ??= new Map();
  const known = decoded.notUnderstood;
  const key = known.has(what) || known.size < toldAtMost ? what : 'more that is not listed';
  known.set(key, (known.get(key) ?? 0) + 1);
}

/** Names of events as they are stored, apart by spaces; unknown ones are kept, and told. */
export function eventsOf(value: unknown, decoded: Decoded): string | null {
  if (value === null || value === undefined) return null;
  const { names, unknown } = readEventNames(value);
  for (const name of unknown) tell(decoded, `event "${shorten(storable(name), 60)}" is not known: it is kept, and raises no alert`);
  return names.length === 0 ? null : storable(names.join(' '));
}

/** A number, or NaN; what stands there and is none is told. */
export function numberTold(value: unknown, field: string, decoded: Decoded): number {
  const number = numberOf(value);
  if (Number.isNaN(number) && value !== undefined && value !== null && value !== '')
    tell(decoded, `${field} ${shorten(storable(JSON.stringify(value) ?? ''), 40)} is not a number: the fix is kept without it`);
  return number;
}

/** A number, or NaN for anything that is not plainly one. */
export function numberOf(value: unknown): number {
  if (typeof value === 'number') return Number.isFinite(value) ? value : Number.NaN;
  if (typeof value !== 'string') return Number.NaN;
  const text = value.trim();
  if (text === '' || !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(text)) return Number.NaN;
  const number = Number(text);
  return Number.isFinite(number) ? number : Number.NaN;
}

/** Positive number, or NaN: an accuracy or battery of nothing says nothing. */
export function positiveOf(value: unknown): number {
  const number = numberOf(value);
  return number > 0 ? number : Number.NaN;
}

export function shorten(text: string, length = 200): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
