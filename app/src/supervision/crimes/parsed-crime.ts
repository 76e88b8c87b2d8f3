import type { Place } from '@waymark/presence';
import { storable } from '../../platform/storable.ts';
import { shorten } from '../fixes/decode/index.ts';
import type { ImportProblem } from '../schema/tables.ts';
import type { Columns, CrimeField } from './crime-headings.ts';

/** A crime as a file gives it. Times in ms since 1970. */
export interface ParsedCrime {
  row: number;
  force: string;
  reference: string;
  type: string;
  from: number;
  to: number;
  place: Place;
  text: string;
  batch: string | null;
}

export interface ParsedCrimes {
  format: 'uk batch' | 'headed csv' | 'geojson';
  rows: number;
  crimes: ParsedCrime[];
  problems: ImportProblem[];
  /** The headings of the file, with what each is read as; null: nothing. */
  headings?: ReadHeading[];
  /** Who said before how such headings are to be read; null where it was guessed, or said now. */
  keptBy?: string | null;
}

export interface ReadHeading {
  heading: string;
  plain: string;
  field: CrimeField | null;
}

/** How files with some headings are read, as somebody said it when the last of them went in. */
export interface KeptColumns {
  layout: string;
  columns: Columns;
  timeZone: string;
  by: string;
}

/** How a file of crimes is to be read. */
export interface CrimeFileOptions {
  /** Refuse windows over 12 hours, as the source system does, instead of warning. */
  strict?: boolean;
  /** IANA zone of times that have no offset; without it they are refused. */
  timeZone?: string;
  /** What each column holds, as somebody says it now; and as it was said of such files before. */
  columns?: Columns;
  kept?: readonly KeptColumns[];
  /** Ends of windows that the file lacks, by row, as somebody gave them when asked. */
  ends?: ReadonlyMap<number, string>;
}

/** The code of what is asked for before a crime goes in: it has no end. */
export const asksForEnd = 'MISSING_TO_DATE';

/** Force of crimes from files that name none. */
export const noForce = 'Unnamed';

export function problem(
  row: number,
  field: string,
  value: string,
  code: string,
  message: string,
  action: string,
  severity: 'error' | 'warning' = 'error',
): ImportProblem {
  return { row, field: storable(field), value: storable(shorten(value, 120)), code, message, action, severity };
}

/** Text that cannot stand in a record: control characters, or the mark of a failed conversion. */
export function isBadText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
  return /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFD]/.test(text) || !text.isWellFormed();
}
