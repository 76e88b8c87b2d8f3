import type { RawFix } from './decode/index.ts';

/** A wearing as the intake needs it. Ms since 1970; `to` is Infinity while it is open. */
export interface WearingSpan {
  id: number;
  from: number;
  to: number;
}

export interface KnownTag {
  id: number;
  /** In order of time, each already cut to the order in force. */
  wearings: WearingSpan[];
  /** It is, or was, carried by a protected person. */
  protects?: boolean;
}

/** Reasons for quarantine, as people read them. */
export const quarantineReasons = {
  'no time': 'The time is missing or cannot be read. Times need a date, a clock time and an offset or Z.',
  'no position': 'Latitude or longitude is missing or is not a number.',
  'impossible position': 'Latitude must be within ±90 and longitude within ±180, and not both exactly 0.',
  'from the future': 'The time is more than 5 minutes ahead of receipt: the clock of the tag may be wrong.',
  'before 2010': 'The time is before 2010: the clock of the tag may have been reset.',
  'unknown tag': 'No tag of this serial number is registered.',
  'not worn': 'The tag was worn by nobody at that time, or no order was in force.',
  unreadable: 'The line could not be read as a fix.',
} as const;
export type QuarantineReason = keyof typeof quarantineReasons;

const futureToleranceMs = 5 * 60_000;
const year2010 = Date.UTC(2010, 0, 1);

/** The wearing that a fix belongs to, or why it belongs to none. */
export function checkFix(fix: RawFix, tag: KnownTag | undefined, receivedAt: number): WearingSpan | QuarantineReason {
  if (!Number.isFinite(fix.at)) return 'no time';
  if (!Number.isFinite(fix.lat) || !Number.isFinite(fix.lon)) return 'no position';
  if (Math.abs(fix.lat) > 90 || Math.abs(fix.lon) > 180 || (fix.lat === 0 && fix.lon === 0)) return 'impossible position';
  if (fix.at > receivedAt + futureToleranceMs) return 'from the future';
  if (fix.at < year2010) return 'before 2010';
  if (!tag) return 'unknown tag';
  return tag.wearings.findLast((span) => span.from <= fix.at && fix.at <= span.to) ?? 'not worn';
}
