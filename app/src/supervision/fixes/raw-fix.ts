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
  value: string;
  message: string;
}

export interface Decoded {
  fixes: RawFix[];
  unreadable: Unreadable[];
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
