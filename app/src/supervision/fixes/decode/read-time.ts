/**
 * Times as senders write them.
 */

const zoned = /^(?:[zZ]|[+-](?:0\d|1[0-3])(?::?[0-5]\d)?|[+-]14(?::?00)?)$/;
/** The day, and if need be the clock time; whatever follows must be an offset, see `zoned`. */
const isoLike = /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?/;

/**
 * Milliseconds since 1970 from ISO 8601 (with `T` or a space), or from Unix seconds or milliseconds.
 *
 * @param zone IANA name used when the text has no offset; without it such a time is refused (NaN)
 */
export function readTime(value: unknown, zone?: string): number {
  if (typeof value === 'number') return fromUnix(value);
  if (typeof value !== 'string') return Number.NaN;
  const plain = fromPlainIso(value);
  if (!Number.isNaN(plain)) return plain;
  const text = value.trim();
  if (/^\d{9,13}(\.\d+)?$/.test(text)) return fromUnix(Number(text));
  const match = isoLike.exec(text);
  if (!match) return Number.NaN;
  const rest = text.slice(match[0].length).trim();
  if (rest !== '' && !zoned.test(rest)) return Number.NaN;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = ''] = match;
  const ms = Number(fraction.padEnd(3, '0').slice(0, 3) || 0);
  const local = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second), ms);
  const check = new Date(local);
  const real =
    check.getUTCMonth() === Number(month) - 1 &&
    check.getUTCDate() === Number(day) &&
    Number(hour) < 24 &&
    Number(minute) < 60 &&
    Number(second) < 61 &&
    // An offset belongs to a clock time; a day alone with one is none.
    (match[4] !== undefined || rest === '');
  if (!real) return Number.NaN;
  if (rest !== '') return local - offsetMinutes(rest) * 60_000;
  if (zone === undefined) return Number.NaN;
  return zone === 'UTC' ? local : inZone(local, zone);
}

/**
 * The form that most senders use, `2026-03-04T05:06:07Z` with or without milliseconds: a quarter of the work. NaN for any
 * other, and for days and hours that the engine's own reading would carry over.
 */
function fromPlainIso(text: string): number {
  const { length } = text;
  if ((length !== 20 && length !== 24) || text.charCodeAt(10) !== 84 || text.charCodeAt(length - 1) !== 90) return Number.NaN;
  const day = (text.charCodeAt(8) - 48) * 10 + text.charCodeAt(9) - 48;
  const hour = (text.charCodeAt(11) - 48) * 10 + text.charCodeAt(12) - 48;
  return day <= 28 && hour < 24 ? Date.parse(text) : Number.NaN;
}

function fromUnix(number: number): number {
  if (!Number.isFinite(number)) return Number.NaN;
  // Seconds until the year 5138; milliseconds from 1973.
  return Math.abs(number) < 1e11 ? number * 1000 : number;
}

function offsetMinutes(text: string): number {
  if (/^[zZ]$/.test(text)) return 0;
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.slice(1).replace(':', '');
  return sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2, 4) || 0));
}

const formats = new Map<string, Intl.DateTimeFormat>();
/** Every zone's offset changes on a quarter of an hour; per zone, offsets by the number of the quarter since 1970. */
const known = new Map<string, Map<number, number>>();
const quarterMs = 900_000;
/** About six years of every hour of the day; more is forgotten, not gathered. */
const knownAtMost = 200_000;

/** Offset of a zone at an instant, in ms. */
export function zoneOffsetMs(instant: number, zone: string): number {
  let offsets = known.get(zone);
  if (!offsets || offsets.size > knownAtMost) {
    offsets = new Map();
    known.set(zone, offsets);
  }
  const quarter = Math.floor(instant / quarterMs);
  let offset = offsets.get(quarter);
  if (offset === undefined) {
    offset = lookUpOffsetMs(quarter * quarterMs, zone);
    offsets.set(quarter, offset);
  }
  return offset;
}

function lookUpOffsetMs(instant: number, zone: string): number {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formats.set(zone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)])) as Record<string, number>;
  const shown = Date.UTC(
    parts.year as number,
    (parts.month as number) - 1,
    parts.day as number,
    parts.hour as number,
    parts.minute as number,
    parts.second as number,
  );
  return shown - instant;
}

/** The instant at which clocks of a zone show a local time; the earlier one when they show it twice. */
function inZone(local: number, zone: string): number {
  const first = local - zoneOffsetMs(local, zone);
  const second = local - zoneOffsetMs(first, zone);
  return Math.min(first, second) + zoneOffsetMs(Math.min(first, second), zone) === local ? Math.min(first, second) : second;
}
