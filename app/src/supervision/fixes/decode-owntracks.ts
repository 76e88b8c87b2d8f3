import { type Decoded, numberOf, positiveOf, rawFix, shorten } from './raw-fix.ts';

/**
 * An OwnTracks message, or a list of them. The tag is the one that signed in. Types other than `location` are accepted
 * and ignored, as the client takes any answer as delivered.
 */
export function decodeOwnTracks(body: unknown, tag: string): Decoded {
  const decoded: Decoded = { fixes: [], unreadable: [] };
  (Array.isArray(body) ? body : [body]).forEach((message: unknown, i) => {
    if (message === null || typeof message !== 'object') {
      decoded.unreadable.push({
        line: i + 1,
        field: 'message',
        value: shorten(String(message)),
        message: 'An OwnTracks message is a JSON object.',
      });
      return;
    }
    const fields = message as Record<string, unknown>;
    if (fields._type !== 'location') return;
    // Seconds, always: OwnTracks has no other unit.
    const fix = rawFix(tag, numberOf(fields.tst) * 1000, numberOf(fields.lon), numberOf(fields.lat));
    fix.accuracyM = positiveOf(fields.acc);
    fix.speedMps = numberOf(fields.vel) / 3.6;
    fix.headingDeg = numberOf(fields.cog);
    fix.battery = numberOf(fields.batt) / 100;
    fix.method = 0;
    decoded.fixes.push(fix);
  });
  return decoded;
}
