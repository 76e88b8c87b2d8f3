import type { Columns, ColumnType } from '@waymark/engine';
import type { PresenceParameters } from './ground/parameters.ts';
import type { Place } from './ground/place.ts';
import type { Track } from './track.ts';

/** The fixes of many wearings in one set of arrays on shared memory: wearing w owns rows `start[w]` to `start[w+1]`. */
export interface Fleet {
  at: Float64Array;
  lon: Float64Array;
  lat: Float64Array;
  sigma: Float32Array;
  start: Int32Array;
  /** Bounds of each wearing, ms since 1970; `to` is Infinity while worn. */
  from: Float64Array;
  to: Float64Array;
  /** Seconds by which the clock of each one's tag may be out beyond what is allowed for anybody's; none where nothing is known. */
  clockS?: Float64Array;
}

/** A crime as the sweep sees it. Times in ms since 1970; the same hours of other weeks and days as shifts in ms. */
export interface CrimeQuestion {
  from: number;
  to: number;
  place: Place;
  habitShifts: number[];
  coincidenceShifts: number[];
}

/** One track of the fleet, without copying. */
export function trackOf(fleet: Fleet, wearing: number): Track {
  const begin = fleet.start[wearing] as number;
  const end = fleet.start[wearing + 1] as number;
  return {
    at: fleet.at.subarray(begin, end),
    lon: fleet.lon.subarray(begin, end),
    lat: fleet.lat.subarray(begin, end),
    sigma: fleet.sigma.subarray(begin, end),
    from: fleet.from[wearing] as number,
    to: fleet.to[wearing] as number,
    clockS: fleet.clockS?.[wearing] ?? 0,
  };
}

/**
 * Columns of verdicts, in the order they are stored. `crime` and `wearing` are indexes into the sweep's inputs. All are whole
 * numbers: they store faster and pack better than fractions, and a run has millions.
 */
export const verdictShape = {
  crime: 'i32',
  wearing: 'i32',
  verdict: 'u8',
  reasons: 'u16',
  /** Probabilities in millionths; `unknownProbability` where nothing is known. */
  pMomentPpm: 'i32',
  pWindowPpm: 'i32',
  /** Ten-thousandths. */
  coverage: 'u16',
  fixes: 'i32',
  fixesWithin: 'i32',
  /** Decimetres; `nothingClose` where there is none. */
  closestDm: 'i32',
  /** Milliseconds after the beginning of the crime's window; `nothingClose` where there is none. */
  closestAfterMs: 'i32',
  /** Seconds. */
  gapS: 'i32',
  habitWeeks: 'u8',
  /** Thousandths of a visit. */
  habitVisits: 'u16',
} as const satisfies Record<string, ColumnType>;

/**
 * Columns of the plainly ruled out, as a rule more than half of all pairs: the verdict is `impossible`, its only reason is
 * `outOfReach`, and what the columns of other verdicts say is nought.
 */
export const ruledOutShape = {
  crime: 'i32',
  wearing: 'i32',
  coverage: 'u16',
  fixes: 'i32',
  closestDm: 'i32',
  closestAfterMs: 'i32',
} as const satisfies Record<string, ColumnType>;

export const unknownProbability = -1;

/** More shifts than this are not looked at. */
export const coincidenceShiftsAtMost = 16;

/** Stands for a missing closest fix, and for one more than 24 days after the window began. */
export const nothingClose = -2_147_483_648;

export type VerdictColumns = Columns<typeof verdictShape>;
export type RuledOutColumns = Columns<typeof ruledOutShape>;

export interface SweepInput {
  fleet: Fleet;
  /** In order of `from`. */
  crimes: CrimeQuestion[];
  parameters: PresenceParameters;
  /** What the first wearing of the fleet is numbered in the parts, 0 unless given: where others judge those before it. */
  numberedFrom?: number;
}

/** What one stretch of crimes gives. */
export interface SweepPart {
  part: number;
  weighed: { rows: number; columns: VerdictColumns };
  ruledOut: { rows: number; columns: RuledOutColumns };
  /** Per crime of the part and shift: wearers with a fix within the radius; and 1 where any wearer was worn at all. */
  visits: Int32Array;
  worn: Uint8Array;
  /** Crimes of the part, both included. */
  firstCrime: number;
  lastCrime: number;
  /** SHA-256 of all the part's columns, hexadecimal. */
  digest: string;
}
