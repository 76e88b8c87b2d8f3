import type { RowProblem } from '../schema/tables.ts';
import { cut, type Door, type MappedRecord, mapRow, Problems } from './map-row.ts';
import type { Mapping } from './mapping.ts';
import { openRows, type RowsFrom } from './open-rows.ts';
import { FileFault } from './raw-rows.ts';

/** What is to be read, and under what. */
export interface ReadTask {
  from: RowsFrom;
  mapping: Mapping;
  /** Fields that the agreement in force allows. */
  allowed: string[];
  /** Statements of before this day are past what the agreement lets be kept; `YYYY-MM-DD`, as today. */
  keptFrom: string;
  today: string;
}

/** What was read: some records, and at last how it went. */
export type ReadPart =
  | { records: MappedRecord[]; rows: number }
  | {
      rows: number;
      refused: number;
      dropped: Record<string, number>;
      unread: Record<string, number>;
      problems: RowProblem[];
      problemsInAll: number;
      digest: string | null;
      /** Why the file could not be read further. */
      fault: string | null;
    };

/** Records that are stored in one transaction: what others wait for meanwhile must stay short. */
const recordsTogether = 250;
/** Kinds that are counted one by one; others are counted together. */
const kindsAtMost = 200;

/** Reads a file or database row by row under its agreement. Nothing that the agreement does not allow leaves this function. */
export async function* readRecords({ from, mapping, allowed, keptFrom, today }: ReadTask): AsyncGenerator<ReadPart> {
  const door = new AgreementDoor(allowed);
  const problems = new Problems();
  const seen = new Map<string, { row: number; whose: string; facts: MappedRecord['facts'] }>();
  const found = new Set<string>();
  let [rows, refused] = [0, 0];
  let digest: (() => string) | undefined;
  let fault: string | null = null;
  const waiting = new Map<string, MappedRecord>();
  try {
    const source = await openRows(from, mapping);
    digest = source.digest;
    for await (const row of source.rows) {
      rows++;
      const record = mapRow(mapping, noticing(row, found), today, problems, door);
      if (!record) {
        refused++;
        continue;
      }
      const earlier = seen.get(record.key);
      const whose = whoseOf(record);
      if (earlier && earlier.whose !== whose) {
        // Two people under one number: neither is guessed to be the other.
        const message = `The number stands in row ${earlier.row} too, for somebody else. This row was left out; give each person a number of their own.`;
        problems.add({
          row: record.place,
          column: [mapping.key.column].flat().join(' + '),
          value: cut(record.key, 80),
          message,
          refused: true,
        });
        refused++;
        continue;
      }
      if (earlier) {
        const message = `The number stands in row ${earlier.row} too; what both rows state counts. Give each person one row.`;
        problems.add({
          row: record.place,
          column: [mapping.key.column].flat().join(' + '),
          value: cut(record.key, 80),
          message,
          refused: false,
        });
      }
      record.facts = record.facts.filter(({ on }) => on >= keptFrom);
      if (earlier) record.facts = [...earlier.facts, ...record.facts];
      waiting.set(record.key, record);
      seen.set(record.key, { row: record.place, whose, facts: record.facts });
      if (waiting.size < recordsTogether) continue;
      yield { records: [...waiting.values()], rows };
      waiting.clear();
    }
    for (const problem of source.problems) {
      problems.add(problem);
      if (problem.refused && problem.row > 0) refused++;
    }
    for (const [kind, count] of Object.entries(source.unread ?? {})) door.leavesOut(kind, count);
    if (source.columns === null && rows > 0 && mapping.reads !== 'fhir') tellNeverFound(mapping, found, problems);
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    fault = error.message;
  }
  if (waiting.size > 0) yield { records: [...waiting.values()], rows };
  yield {
    rows,
    refused,
    dropped: door.dropped,
    unread: door.unread,
    problems: problems.listed,
    problemsInAll: problems.total,
    digest: digest?.() ?? null,
    fault,
  };
}

/** What tells whose a row is; the number aside. */
function whoseOf({ identity }: MappedRecord): string {
  return [identity.forename, identity.surname, identity.date_of_birth].map((value) => value?.toLowerCase() ?? '').join('|');
}

type Row = Parameters<typeof mapRow>[1];

/** The same row, which notes the paths at which something was found. */
function noticing(row: Row, found: Set<string>): Row {
  const get = (column: string) => {
    const value = row.get(column);
    if (value !== null && value.trim() !== '') found.add(column);
    return value;
  };
  return { place: row.place, get, each: (list) => row.each(list) };
}

/** Of nested data no row need have a path: one that no row has is told, for it may be misspelt. */
function tellNeverFound(mapping: Mapping, found: ReadonlySet<string>, problems: Problems): void {
  const cells = [
    mapping.key,
    ...Object.values(mapping.identity),
    ...(mapping.facts ?? []).flatMap(({ each, value }) => (each ? [] : [value])),
  ];
  const never = cells
    .filter(({ column, or = [], optional }) => !optional && ![column, or].flat().some((path) => found.has(path)))
    .map(({ column }) => [column].flat().join(' + '));
  if (never.length === 0) return;
  const message = 'Nothing was found at these places in any row. Were they renamed? Change the mapping, or mark them optional.';
  problems.add({ row: 0, column: 'mapping', value: never.join(', ').slice(0, 300), message, refused: false });
}

/** Lets through what an agreement allows, and counts what it does not and what no mapping asks for. */
class AgreementDoor implements Door {
  readonly dropped: Record<string, number> = {};
  readonly unread: Record<string, number> = {};
  readonly #allowed: Set<string>;

  constructor(allowed: readonly string[]) {
    this.#allowed = new Set(allowed);
  }

  opensTo(field: string, isFilled: boolean): boolean {
    if (this.#allowed.has(field)) return true;
    if (isFilled) this.dropped[field] = (this.dropped[field] ?? 0) + 1;
    return false;
  }

  leavesOut(kind: string, count = 1): void {
    const name = cut(kind, 60);
    const key = Object.hasOwn(this.unread, name) || Object.keys(this.unread).length < kindsAtMost ? name : 'other kinds';
    this.unread[key] = (Object.hasOwn(this.unread, key) ? (this.unread[key] as number) : 0) + count;
  }
}
