import { decodeOwnTracks } from '../fixes/decode-owntracks.ts';
import { decodeWaymark } from '../fixes/decode-waymark.ts';
import { type Decoded, shorten } from '../fixes/raw-fix.ts';

/** Topics that tags publish on: Waymark's own lines, and what the OwnTracks apps send. */
const waymarkTopic = /^waymark\/tags\/([^/]+)\/fixes$/;
const ownTracksTopic = /^owntracks\/([^/]+)\/[^/]+$/;

/** The tag that a topic belongs to, or null for a topic that is none of ours. */
export function tagOfTopic(topic: string): string | null {
  return (waymarkTopic.exec(topic) ?? ownTracksTopic.exec(topic))?.[1] ?? null;
}

/**
 * Fixes from one message of a tag. What cannot be read is listed, to be kept in quarantine: a tag that is not understood must
 * not send the same for ever.
 */
export function decodeMessage(topic: string, payload: Buffer): Decoded {
  const tag = tagOfTopic(topic) as string;
  const text = payload.toString('utf8');
  if (waymarkTopic.test(topic)) return withTag(text, tag);
  try {
    return decodeOwnTracks(JSON.parse(text), tag);
  } catch {
    return {
      fixes: [],
      unreadable: [{ line: 1, field: 'message', value: shorten(text), message: 'This is not JSON. Send an OwnTracks message.' }],
    };
  }
}

/** Waymark's lines; the topic says whose they are, so a line need not, and may not say otherwise. */
function withTag(text: string, tag: string): Decoded {
  const decoded: Decoded = { fixes: [], unreadable: [] };
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    // A line without its tag is completed; reading it is the decoder's.
    const completed =
      /^\s*\{\s*(?!"tag"|\})/.test(line) && !/"tag"\s*:/.test(line) ? line.replace('{', `{"tag":${JSON.stringify(tag)},`) : line;
    const { fixes, unreadable } = decodeWaymark(completed, i + 1);
    for (const fix of fixes) {
      if (fix.tag === tag) decoded.fixes.push(fix);
      else {
        const message = `The line says it is of tag ${fix.tag}, on the topic of tag ${tag}. A tag sends for itself alone.`;
        decoded.unreadable.push({ line: i + 1, field: 'tag', value: shorten(line), message });
      }
    }
    decoded.unreadable.push(...unreadable);
  }
  return decoded;
}
