import { fixMethods } from '../../platform/fix-store.ts';
import { type Decoded, numberOf, positiveOf, type RawFix, rawFix, shorten } from './raw-fix.ts';
import { readTime } from './read-time.ts';

/** Longest line that is read; anything longer is refused by its beginning. */
const lineAtMost = 65_536;

/** Newline-delimited JSON of `{"tag","at","lat","lon",…}`. Bad lines are listed; the others are read. */
export function decodeWaymark(text: string, firstLine = 1): Decoded {
  const lines = text.split('\n');
  if (lines[lines.length - 1]?.trim() === '') lines.pop();
  const all = text.length < 4_000_000 && lines.length > 1 ? parseTogether(lines) : null;
  const decoded: Decoded = { fixes: [], unreadable: [] };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    if (all) {
      keep(decoded, all[i], line, firstLine + i);
      continue;
    }
    if (line.trim() === '' || line === '\uFEFF') continue;
    if (line.length > lineAtMost) {
      refuse(decoded, firstLine + i, line, `The line is ${line.length.toLocaleString('en-GB')} characters long; send one fix per line.`);
      continue;
    }
    try {
      keep(decoded, JSON.parse(line.replace(/^\uFEFF/, '')), line, firstLine + i);
    } catch {
      refuse(decoded, firstLine + i, line, 'This is not JSON. Send one JSON object per line.');
    }
  }
  return decoded;
}

/** One parse for a clean batch costs half of one per line. */
function parseTogether(lines: string[]): unknown[] | null {
  try {
    const all = JSON.parse(`[${lines.join(',')}]`) as unknown[];
    return all.length === lines.length ? all : null;
  } catch {
    return null;
  }
}

function keep(decoded: Decoded, value: unknown, line: string, number: number): void {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    refuse(decoded, number, line, 'A fix is a JSON object with tag, at, lat and lon.');
    return;
  }
  const fix = waymarkFix(value as Record<string, unknown>);
  if (fix) decoded.fixes.push(fix);
  else refuse(decoded, number, line, 'The fix has no tag. Put the serial number of the tag in "tag".');
}

function refuse(decoded: Decoded, line: number, value: string, message: string): void {
  decoded.unreadable.push({ line, field: 'line', value: shorten(value), message });
}

/** One fix from its object, or null when it does not say whose it is. */
export function waymarkFix(value: Record<string, unknown>): RawFix | null {
  const { tag } = value;
  if ((typeof tag !== 'string' && typeof tag !== 'number') || String(tag).trim() === '') return null;
  const fix = rawFix(String(tag).trim(), readTime(value.at), numberOf(value.lon), numberOf(value.lat));
  fix.accuracyM = positiveOf(value.accuracy);
  fix.speedMps = numberOf(value.speed);
  fix.headingDeg = numberOf(value.heading);
  const method = (fixMethods as readonly string[]).indexOf(String(value.method ?? 'unknown'));
  if (method >= 0) fix.method = method;
  fix.battery = numberOf(value.battery);
  fix.seq = numberOf(value.seq);
  if (Array.isArray(value.events) && value.events.length > 0) fix.events = shorten(value.events.map(String).join(' '), 500);
  return fix;
}
