import { notValid } from '../../../platform/fixes/fix.ts';
import { type Decoded, eventsOf, numberOf, positiveOf, rawFix, shorten } from './raw-fix.ts';
import { readTime } from './read-time.ts';

const metresPerSecondPerKnot = 0.514444;

/** One forwarded Traccar position (`forward.type=json`), or a list of them. Battery percent and alarms come from its attributes. */
export function decodeTraccar(body: unknown): Decoded {
  const decoded: Decoded = { fixes: [], unreadable: [] };
  for (const [i, message] of (Array.isArray(body) ? body : [body]).entries()) decodeOne(message, i + 1, decoded);
  return decoded;
}

function decodeOne(body: unknown, line: number, decoded: Decoded): void {
  const message = (body ?? {}) as { position?: Record<string, unknown>; device?: Record<string, unknown> };
  const { position, device } = message;
  const isWhole = typeof body === 'object' && !!position && typeof position === 'object' && !!device && typeof device === 'object';
  if (!isWhole || device.uniqueId == null || typeof device.uniqueId === 'object') {
    const whole = typeof body === 'string' ? body : (JSON.stringify(body) ?? '');
    decoded.unreadable.push({
      line,
      field: 'device.uniqueId',
      value: shorten(whole),
      message: 'Send Traccar position forwarding as JSON, with "position" and "device.uniqueId".',
      whole,
    });
    return;
  }
  const fix = rawFix(String(device.uniqueId).trim(), readTime(position.fixTime), numberOf(position.longitude), numberOf(position.latitude));
  fix.accuracyM = positiveOf(position.accuracy);
  fix.speedMps = numberOf(position.speed) * metresPerSecondPerKnot;
  fix.headingDeg = numberOf(position.course);
  const attributes = (position.attributes ?? {}) as Record<string, unknown>;
  fix.battery = numberOf(attributes.batteryLevel) / 100;
  fix.events = eventsOf(attributes.alarm, decoded);
  // Not valid: the receiver had no fix and repeats the last one, or guesses.
  if (isFalse(position.valid)) fix.method = notValid;
  else fix.method = 0;
  decoded.fixes.push(fix);
}

const isFalse = (value: unknown): boolean =>
  value === false || value === 0 || (typeof value === 'string' && /^(false|0|no)$/i.test(value.trim()));
