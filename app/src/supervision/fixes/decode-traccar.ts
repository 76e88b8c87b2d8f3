import { type Decoded, numberOf, positiveOf, rawFix, shorten } from './raw-fix.ts';
import { readTime } from './read-time.ts';

const metresPerSecondPerKnot = 0.514444;

/** One forwarded Traccar position (`forward.type=json`). Battery percent and alarm come from its attributes. */
export function decodeTraccar(body: unknown): Decoded {
  const message = (body ?? {}) as { position?: Record<string, unknown>; device?: Record<string, unknown> };
  const { position, device } = message;
  if (
    typeof body !== 'object' ||
    !position ||
    typeof position !== 'object' ||
    !device ||
    typeof device !== 'object' ||
    device.uniqueId == null
  ) {
    return {
      fixes: [],
      unreadable: [
        {
          line: 1,
          field: 'device.uniqueId',
          value: shorten(JSON.stringify(body) ?? ''),
          message: 'Send Traccar position forwarding as JSON, with "position" and "device.uniqueId".',
        },
      ],
    };
  }
  const fix = rawFix(String(device.uniqueId).trim(), readTime(position.fixTime), numberOf(position.longitude), numberOf(position.latitude));
  fix.accuracyM = positiveOf(position.accuracy);
  fix.speedMps = numberOf(position.speed) * metresPerSecondPerKnot;
  fix.headingDeg = numberOf(position.course);
  const attributes = (position.attributes ?? {}) as Record<string, unknown>;
  fix.battery = numberOf(attributes.batteryLevel) / 100;
  if (typeof attributes.alarm === 'string') fix.events = shorten(attributes.alarm, 100);
  if (position.valid !== false) fix.method = 0;
  return { fixes: [fix], unreadable: [] };
}
