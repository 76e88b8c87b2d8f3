import { gunzipSync } from 'node:zlib';
import { type Decoded, decodeOwnTracks, decodeWaymark, jsonOf, textOf } from '../fixes/decode/index.ts';

/** Topics that tags publish on: Waymark's own lines, and what the OwnTracks apps send, on a topic of its own for each other kind. */
const waymarkTopic = /^waymark\/tags\/([^/]+)\/fixes$/;
const ownTracksTopic = /^owntracks\/([^/]+)\/[^/]+(?:\/(?:event|waypoints?|dump|status|step|steps|beacon|info|cmd))?$/;
/** A packed message of at most a quarter of a megabyte unpacks to this much at most. */
const unpackedAtMost = 8 * 1024 * 1024;

/** The tag that a topic belongs to, or null for a topic that is none of ours. */
export function tagOfTopic(topic: string): string | null {
  return (waymarkTopic.exec(topic) ?? ownTracksTopic.exec(topic))?.[1] ?? null;
}

/**
 * Fixes from one message of a tag. What cannot be read is listed with all it holds, to be kept in quarantine: a tag that is not
 * understood must not send the same for ever. A message may be packed with gzip: its first bytes say so.
 */
export function decodeMessage(topic: string, payload: Buffer): Decoded {
  const tag = tagOfTopic(topic) as string;
  let bytes = payload;
  if (payload[0] === 0x1f && payload[1] === 0x8b) {
    try {
      bytes = gunzipSync(payload, { maxOutputLength: unpackedAtMost });
    } catch {
      const whole = `base64 ${payload.toString('base64')}`;
      return {
        fixes: [],
        unreadable: [{ line: 1, field: 'message', value: '', message: 'The message begins as gzip does, and is none.', whole }],
      };
    }
  }
  const text = textOf(bytes);
  return waymarkTopic.test(topic) ? decodeWaymark(text, 1, tag) : decodeOwnTracks(jsonOf(text), tag);
}
