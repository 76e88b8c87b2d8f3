import { type Decoded, eventsOf, numberOf, positiveOf, rawFix, shorten } from './raw-fix.ts';

/** Types of messages that the apps send beside positions. They bear no position of a wearer, and are counted. */
const otherTypes: ReadonlySet<string> = new Set([
  'transition',
  'waypoint',
  'waypoints',
  'lwt',
  'status',
  'steps',
  'beacon',
  'card',
  'cmd',
  'configuration',
  'dump',
  'request',
]);

/**
 * An OwnTracks message, or a list of them. The tag is the one that signed in. The client takes any answer as delivered: so a
 * message that is not understood, or that is encrypted, is listed with all it holds, to be kept.
 */
export function decodeOwnTracks(body: unknown, tag: string): Decoded {
  const decoded: Decoded = { fixes: [], unreadable: [] };
  (Array.isArray(body) ? body.flat(3) : [body]).forEach((message: unknown, i) => {
    const refuse = (text: string) => {
      const whole = typeof message === 'string' ? message : (JSON.stringify(message) ?? '');
      decoded.unreadable.push({ line: i + 1, field: 'message', value: shorten(whole), message: text, whole });
    };
    if (message === null || typeof message !== 'object') {
      refuse('An OwnTracks message is a JSON object.');
      return;
    }
    const fields = message as Record<string, unknown>;
    if (fields._type !== 'location') {
      if (fields._type === 'encrypted')
        refuse('The message is encrypted. Switch the encryption key off in the app: the connection is encrypted.');
      else if (typeof fields._type === 'string' && otherTypes.has(fields._type)) decoded.others = (decoded.others ?? 0) + 1;
      else refuse('The message says no _type that is known. Positions have the _type "location".');
      return;
    }
    // Seconds, always: OwnTracks has no other unit.
    const fix = rawFix(tag, numberOf(fields.tst) * 1000, numberOf(fields.lon), numberOf(fields.lat));
    fix.accuracyM = positiveOf(fields.acc);
    fix.speedMps = numberOf(fields.vel) / 3.6;
    fix.headingDeg = numberOf(fields.cog);
    fix.battery = numberOf(fields.batt) / 100;
    fix.events = eventsOf(fields.events, decoded);
    fix.method = 0;
    decoded.fixes.push(fix);
  });
  return decoded;
}
