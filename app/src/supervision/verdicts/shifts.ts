import { zoneOffsetMs } from '../fixes/decode/index.ts';

const dayMs = 86_400_000;

/** By how much to move an instant so that clocks show the same time some days away, across clock changes. */
function shiftByDays(instant: number, days: number, zone: string): number {
  const moved = instant + days * dayMs;
  return days * dayMs + zoneOffsetMs(instant, zone) - zoneOffsetMs(moved, zone);
}

/** The same time of week in earlier weeks. */
export function habitShifts(from: number, weeks: number, zone: string): number[] {
  return Array.from({ length: weeks }, (_, i) => shiftByDays(from, -7 * (i + 1), zone));
}

/** The same hours of the days around. */
export function coincidenceShifts(from: number, days: number, zone: string): number[] {
  return Array.from({ length: days }, (_, i) => [shiftByDays(from, -(i + 1), zone), shiftByDays(from, i + 1, zone)]).flat();
}
