import type { Columns, ColumnType } from '@waymark/engine';

/** Columns of stored fixes, in table order. Times in ms since 1970; NaN for what was not reported. */
export const fixShape = {
  tag: 'i32',
  wearing: 'i32',
  at: 'time',
  receivedAt: 'time',
  lon: 'f64',
  lat: 'f64',
  accuracyM: 'f32',
  speedMps: 'f32',
  headingDeg: 'f32',
  method: 'u8',
  battery: 'f32',
  seq: 'f64',
  events: 'text',
} as const satisfies Record<string, ColumnType>;
export type FixColumns = Columns<typeof fixShape>;

const { tag: _tag, receivedAt: _receivedAt, headingDeg: _headingDeg, seq: _seq, ...told } = fixShape;
/** What a tag tells of where it was and of itself, without what says how the fix came. */
export const trackShape = told;
export type TrackColumns = Columns<typeof trackShape>;

export const fixMethods = ['gnss', 'wifi', 'cell', 'beacon', 'unknown'] as const;
/** The method of a fix that says no more than “at home”: it was made so when it was old. */
export const atHome = 5;
/** The method of a fix whose receiver said itself that it had none: it is kept, and knows little. */
export const notValid = 6;
/** In SQL: a row that says where somebody was. The others are kept, and bear nothing out. */
export const givesEvidence = `method NOT IN (${atHome}, ${notValid})`;

/** What a row of a batch turned out to be. */
export const known = 0;
export const fresh = 1;
/** Of a moment that is known already: with new events, or at another place. It is kept beside the first. */
export const added = 2;

/** Places that are one wearing's home between two moments, each with the box that it lies in. */
export type Homes = { wearing: number; from: number; to: number; west: number; east: number; south: number; north: number }[];

/** A position that cannot be anybody's, kept as it came, with the reason. */
export interface QuarantinedFix {
  tag: string;
  /** NaN when the time could not be read. */
  at: number;
  lon: number;
  lat: number;
  reason: string;
  /** The fix as JSON, or the text that could not be read, shortened. */
  raw: string;
}

export interface FixBatch {
  source: string;
  receivedAt: number;
  count: number;
  columns: FixColumns;
  quarantined: QuarantinedFix[];
  /** What stood in the batch and was not understood, with how often. */
  notUnderstood?: ReadonlyMap<string, number>;
}

/** Something that senders write and nobody here understands. Ms since 1970. */
export interface NotUnderstood {
  source: string;
  what: string;
  count: number;
  first: number;
  last: number;
}

/** The promise given to a sender: what became of its batch, durable when it is given. */
export interface Receipt {
  receipt: number;
  accepted: number;
  duplicates: number;
  quarantined: number;
}

/** A receipt with what it says of each fix of the batch: `known`, `fresh` or `added`. */
export interface Stored extends Receipt {
  news: Uint8Array;
  /** Duplicates whose events were not known: they are kept. */
  eventsAdded: number;
  /** Accepted fixes at another place than is known of the same tag and time: neither says where the wearer was. */
  conflicting: number;
}

export interface QuarantineRow extends QuarantinedFix {
  id: number;
  receivedAt: number;
  released: boolean;
}

/**
 * Of rows `begin` to `end` in order of time, those that say where the wearer was: of a moment that stands there several times the
 * first, where all are of one place, and none where they are of two; or, where it is asked for, two that contradict each other, so that
 * whoever weighs them knows that the moment is doubtful.
 */
export function rowsThatTell(
  { at, lon, lat }: { at: ArrayLike<number>; lon: ArrayLike<number>; lat: ArrayLike<number> },
  begin: number,
  end: number,
  { contradictions = false } = {},
): number[] {
  const rows: number[] = [];
  for (let i = begin; i < end; ) {
    let next = i + 1;
    let other = -1;
    for (; next < end && at[next] === at[i]; next++) if (other < 0 && (lon[next] !== lon[i] || lat[next] !== lat[i])) other = next;
    if (other < 0) rows.push(i);
    else if (contradictions) rows.push(i, other);
    i = next;
  }
  return rows;
}
