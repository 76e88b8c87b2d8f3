import { fixMethods } from '../../../platform/fixes/fix.ts';
import { storable } from '../../../platform/storable.ts';
import { type Decoded, eventsOf, numberTold, type RawFix, rawFix, shorten, tell } from './raw-fix.ts';
import { readTime } from './read-time.ts';

/** Longest line that is read; anything longer is refused by its beginning. */
const lineAtMost = 65_536;
/** Lists in lists are opened this deep. */
const depthAtMost = 8;

const fields: ReadonlySet<string> = new Set([
  'tag',
  'at',
  'lat',
  'lon',
  'accuracy',
  'speed',
  'heading',
  'method',
  'battery',
  'seq',
  'events',
]);

/**
 * Fixes as `{"tag","at","lat","lon",…}`: one JSON object per line, a JSON list of them, or one object over several lines. Bad
 * ones are listed with all they hold; the others are read.
 *
 * @param ownTag the tag that the address of the message speaks for: a fix need not name it, and may name no other
 */
export function decodeWaymark(text: string, firstLine = 1, ownTag?: string): Decoded {
  const lines = text.split('\n');
  if (lines[lines.length - 1]?.trim() === '') lines.pop();
  const decoded: Decoded = { fixes: [], unreadable: [] };
  const all = text.length < 4_000_000 && lines.length > 1 ? parseTogether(lines) : null;
  if (!all && startsList(text)) {
    const whole = parseWhole(text);
    if (whole !== undefined) {
      keepAll(decoded, whole, text, firstLine, ownTag, 0);
      return decoded;
    }
  }
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    if (all) {
      keepAll(decoded, all[i], line, firstLine + i, ownTag, 0);
      continue;
    }
    if (line.trim() === '' || line === '\uFEFF') continue;
    if (line.length > lineAtMost) {
      refuse(decoded, firstLine + i, line, `The line is ${line.length.toLocaleString('en-GB')} characters long; send one fix per line.`);
      continue;
    }
    try {
      keepAll(decoded, JSON.parse(line.replace(/^\uFEFF/, '')), line, firstLine + i, ownTag, 0);
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

/** A list, or an object that goes over several lines. */
function startsList(text: string): boolean {
  return /^\uFEFF?\s*(\[|\{[ \t]*\r?\n|\{\s*"(fixes|positions|locations|data|items)"\s*:)/.test(text.slice(0, 500));
}

function parseWhole(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}

function keepAll(decoded: Decoded, value: unknown, line: string, number: number, ownTag: string | undefined, depth: number): void {
  const list = listIn(value);
  if (list && depth < depthAtMost) {
    if (list.length === 0) refuse(decoded, number, line, 'The list holds no fix.');
    for (const one of list) keepAll(decoded, one, JSON.stringify(one), number, ownTag, depth + 1);
    return;
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    refuse(decoded, number, line, 'A fix is a JSON object with tag, at, lat and lon.');
    return;
  }
  const object = value as Record<string, unknown>;
  const fix = waymarkFix(ownTag !== undefined && isMissing(object.tag) ? { ...object, tag: ownTag } : object, decoded);
  if (!fix) refuse(decoded, number, line, 'The fix has no tag. Put the serial number of the tag in "tag".');
  else if (ownTag !== undefined && fix.tag !== ownTag)
    refuse(
      decoded,
      number,
      line,
      `The line says it is of tag ${shorten(fix.tag, 60)}, on the topic of tag ${ownTag}. A tag sends for itself alone.`,
    );
  else decoded.fixes.push(fix);
}

/** The list that a value is, or bears under one of the usual names and nothing beside it. */
function listIn(value: unknown): unknown[] | null {
  if (Array.isArray(value)) return value;
  if (value === null || typeof value !== 'object' || 'lat' in value || 'at' in value) return null;
  for (const name of ['fixes', 'positions', 'locations', 'data', 'items']) {
    const inner = (value as Record<string, unknown>)[name];
    if (Array.isArray(inner)) return inner;
  }
  return null;
}

const isMissing = (tag: unknown): boolean => tag === undefined || tag === null || tag === '';

function refuse(decoded: Decoded, line: number, value: string, message: string): void {
  decoded.unreadable.push({ line, field: 'line', value: shorten(value), message, whole: value });
}

/** One fix from its object, or null when it does not say whose it is. */
function waymarkFix(value: Record<string, unknown>, decoded: Decoded): RawFix | null {
  const { tag } = value;
  if ((typeof tag !== 'string' && typeof tag !== 'number') || String(tag).trim() === '') return null;
  const fix = rawFix(String(tag).trim(), readTime(value.at), numberTold(value.lon, 'lon', decoded), numberTold(value.lat, 'lat', decoded));
  const accuracy = numberTold(value.accuracy, 'accuracy', decoded);
  fix.accuracyM = accuracy > 0 ? accuracy : Number.NaN;
  fix.speedMps = numberTold(value.speed, 'speed', decoded);
  fix.headingDeg = numberTold(value.heading, 'heading', decoded);
  if (value.method !== undefined && value.method !== null) {
    const method = (fixMethods as readonly string[]).indexOf(String(value.method).toLowerCase());
    if (method >= 0) fix.method = method;
    else tell(decoded, `method "${shorten(storable(String(value.method)), 40)}" is not known: write ${fixMethods.slice(0, -1).join(', ')}`);
  }
  fix.battery = numberTold(value.battery, 'battery', decoded);
  if (fix.battery > 1 && fix.battery <= 100) tell(decoded, 'battery is more than 1: it is the share that is left, 0 to 1');
  fix.seq = numberTold(value.seq, 'seq', decoded);
  fix.events = eventsOf(value.events, decoded);
  for (const name in value) if (!fields.has(name)) tell(decoded, `field "${shorten(storable(name), 60)}" is not read`);
  return fix;
}
