import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { createGunzip } from 'node:zlib';
import { fictionalName, Random } from '@waymark/town';
import type { Actor } from '../../platform/access.ts';
import { InvalidError, type Performer } from '../../platform/action.ts';
import { type CsvRow, CsvRows } from '../../platform/csv-rows.ts';
import { notText, TextPieces } from '../../platform/read-text.ts';
import { type Decoded, decodeCsvRow, decodeWaymark, findColumns, GpxDecoder, readColumnNames, shorten } from './decode/index.ts';
import type { Intake } from './intake.ts';
import { type NewWearer, registerWearers } from './register-wearers.ts';

export interface FixFile {
  path: string;
  /** `FIELD=COLUMN,…` for CSV. */
  columns?: string;
  /** IANA zone for times without an offset. */
  timeZone?: string;
  /** Tag for GPX, which names none; the file's name by default. */
  tag?: string;
  /** Make a fictional subject, order and wearing for each tag not yet known. */
  register?: boolean;
}

export interface FixImport {
  read: number;
  accepted: number;
  duplicates: number;
  quarantined: number;
  registered: number;
  /** What stood in the file and means nothing here, and how often. */
  notUnderstood: { what: string; count: number }[];
  problems: { line: number; field: string; value: string; message: string }[];
}

/** Fixes handed over at once. Each batch is durable before the next is read. */
const batchSize = 20_000;
const problemsAtMost = 50;
/** A JSON list longer than this is read line by line instead, characters. */
const listAtMost = 64 * 1024 * 1024;
/** A line longer than this is passed over without being held in memory. */
const lineAtMost = 1_000_000;

/**
 * Reads fixes from a CSV, NDJSON or GPX file, also gzipped, as a stream. Good rows go in; the others are quarantined or
 * listed. What was accepted before a failure stays, and reading the file again changes nothing.
 */
export async function importFixes(
  performer: Performer,
  intake: Intake,
  actor: Actor,
  file: FixFile,
  onProgress?: (bytes: number, all: number) => void,
): Promise<FixImport> {
  // The intake trusts its caller; here it is a person, so the policy is asked.
  await performer.admit(actor, 'fixes.import', 'supervision');
  const all = statSync(file.path).size;
  const result: FixImport = { read: 0, accepted: 0, duplicates: 0, quarantined: 0, registered: 0, notUnderstood: [], problems: [] };
  const known = new Set<string>();
  const flush = async (decoded: Decoded) => {
    if (decoded.fixes.length === 0 && decoded.unreadable.length === 0) return;
    if (file.register) {
      const fresh = newWearers(decoded, known);
      if (fresh.length > 0) {
        result.registered += (await performer.perform({ ...actor, purpose: 'administration' }, registerWearers, null, fresh)).registered;
      }
    }
    const receipt = await intake.accept(decoded, { kind: 'operator', name: actor.name });
    result.read += decoded.fixes.length + decoded.unreadable.length;
    result.accepted += receipt.accepted;
    result.duplicates += receipt.duplicates;
    result.quarantined += receipt.quarantined;
    for (const { what, count } of receipt.notUnderstood) {
      const known = result.notUnderstood.find((one) => one.what === what);
      if (known) known.count += count;
      else result.notUnderstood.push({ what, count });
    }
    for (const bad of decoded.unreadable) if (result.problems.length < problemsAtMost) result.problems.push(bad);
  };
  const source = createReadStream(file.path, { highWaterMark: 1 << 20 });
  let bytes = 0;
  source.on('data', (chunk) => {
    bytes += chunk.length;
    onProgress?.(bytes, all);
  });
  const name = basename(file.path.replace(/\.gz$/i, ''));
  const beginning = firstBytes(file.path);
  const zipped = beginning[0] === 0x1f && beginning[1] === 0x8b;
  const input = zipped ? source.pipe(createGunzip()) : source;
  source.on('error', (error) => input.destroy(error));
  try {
    await readAs(kindOf(name), peeked(input), file, name, flush);
  } catch (error) {
    if (!isBrokenFile(error)) throw error;
    result.problems.push({
      line: result.read + 1,
      field: 'file',
      value: name,
      message: `The file ends or breaks here (${(error as Error).message}). What came before was kept; send the file again when it is whole.`,
    });
  }
  if (result.read === 0 && result.problems.length === 0) {
    const message = `No position was found in it. ${kindOf(name) === 'gpx' ? 'A GPX file holds track points (trkpt) or waypoints (wpt).' : 'Check that it is the right file.'}`;
    result.problems.push({ line: 1, field: 'file', value: name, message });
  }
  return result;
}

type FileKind = 'gpx' | 'json' | 'csv';

function kindOf(name: string): FileKind {
  const ending = extname(name).toLowerCase();
  if (ending === '.gpx') return 'gpx';
  return ['.ndjson', '.jsonl', '.json', '.geojson'].includes(ending) ? 'json' : 'csv';
}

function firstBytes(path: string): Uint8Array {
  const bytes = new Uint8Array(16);
  const handle = openSync(path, 'r');
  try {
    readSync(handle, bytes);
  } finally {
    closeSync(handle);
  }
  return bytes;
}

/** The pieces of a file as text, once its beginning has been looked at. @throws InvalidError for a file that is something else */
async function* peeked(input: NodeJS.ReadableStream): AsyncGenerator<string> {
  const text = new TextPieces();
  let isFirst = true;
  for await (const chunk of input) {
    const bytes = chunk as Buffer;
    const piece = text.read(bytes);
    const other = isFirst ? (notText(bytes) ?? otherXml(piece)) : null;
    if (other)
      throw new InvalidError(
        `This is ${other}, which is not read. Send CSV, newline-delimited JSON or GPX${other.includes('zip') ? ': unpack it, or save the sheet as CSV' : ''}.`,
        'file',
      );
    isFirst = false;
    yield piece;
  }
  yield text.end();
}

function otherXml(text: string): string | null {
  const root = /<(?!\?|!)(?:[\w.-]+:)?([\w.-]+)/.exec(text.slice(0, 4000))?.[1]?.toLowerCase();
  if (!/^\uFEFF?\s*</.test(text) || root === 'gpx') return null;
  return root === 'kml' ? 'a KML file' : root === 'trainingcenterdatabase' ? 'a TCX file' : `an XML file (${(root ?? '').slice(0, 40)})`;
}

function readAs(kind: FileKind, pieces: AsyncGenerator<string>, file: FixFile, name: string, flush: Flush): Promise<void> {
  if (kind === 'gpx') return readGpx(pieces, file, name, flush);
  return kind === 'json' ? readLines(pieces, flush) : readCsv(pieces, file, flush);
}

function isBrokenFile(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(Z_|CSV_|ERR_STREAM_PREMATURE)/.test(String(error.code));
}

function newWearers(decoded: Decoded, known: Set<string>): NewWearer[] {
  const first = new Map<string, number>();
  for (const { tag, at } of decoded.fixes) {
    if (known.has(tag) || !Number.isFinite(at) || at < Date.UTC(2010, 0, 1) || at > Date.now() + 300_000) continue;
    first.set(tag, Math.min(first.get(tag) ?? Infinity, at));
  }
  return [...first].map(([tag, firstAt]) => {
    known.add(tag);
    let seed = 0;
    for (const character of tag) seed = (Math.imul(seed, 31) + character.charCodeAt(0)) | 0;
    return { tag, name: fictionalName(new Random(seed)), firstAt };
  });
}

type Flush = (decoded: Decoded) => Promise<void>;

async function readLines(pieces: AsyncGenerator<string>, flush: Flush): Promise<void> {
  let rest = '';
  let line = 1;
  let skipping = false;
  let isList: boolean | null = null;
  for await (const piece of pieces) {
    let text = piece;
    isList ??= /^\uFEFF?\s*(\[|\{\s*\n)/.test(text);
    // A list is one value over the whole file: it is read at its end.
    if (isList && rest.length + text.length <= listAtMost) {
      rest += text;
      continue;
    }
    isList = false;
    if (skipping) {
      const end = text.indexOf('\n');
      if (end < 0) continue;
      text = text.slice(end + 1);
      line++;
      skipping = false;
    }
    rest += text;
    const end = rest.lastIndexOf('\n');
    if (end >= 0) {
      const complete = rest.slice(0, end + 1);
      rest = rest.slice(end + 1);
      await flush(decodeWaymark(complete, line));
      for (let i = 0; i < complete.length; i++) if (complete.charCodeAt(i) === 10) line++;
    }
    if (rest.length > lineAtMost) {
      await flush({
        fixes: [],
        unreadable: [
          {
            line,
            field: 'line',
            value: `${rest.slice(0, 100)}…`,
            message: 'The line is longer than a million characters. Send one fix per line.',
          },
        ],
      });
      rest = '';
      skipping = true;
    }
  }
  if (rest.trim() !== '') await flush(decodeWaymark(rest, line));
}

async function readCsv(pieces: AsyncGenerator<string>, file: FixFile, flush: Flush): Promise<void> {
  const named = readColumnNames(file.columns);
  let header: { cells: string[]; columns: ReturnType<typeof findColumns> } | null = null;
  let decoded: Decoded = { fixes: [], unreadable: [] };
  const reader = new CsvRows();
  const take = async (rows: CsvRow[]) => {
    for (const row of rows) {
      if (!('cells' in row)) decoded.unreadable.push({ line: row.line, field: 'row', value: shorten(row.text), message: row.problem });
      else if (!header) header = { cells: row.cells, columns: findColumns(row.cells, named) };
      else if (row.cells.length > header.cells.length && row.cells.slice(header.cells.length).some((cell) => cell.trim() !== '')) {
        const message = `The row has ${row.cells.length} cells, the header ${header.cells.length}. Put text that holds the separator in quotation marks.`;
        decoded.unreadable.push({ line: row.line, field: 'row', value: shorten(row.cells.join(reader.delimiter)), message });
      } else decodeCsvRow(row.cells, header.columns, reader.delimiter, file.timeZone, row.line, decoded);
      if (decoded.fixes.length + decoded.unreadable.length < batchSize) continue;
      await flush(decoded);
      decoded = { fixes: [], unreadable: [] };
    }
  };
  for await (const piece of pieces) await take(reader.write(piece));
  await take(reader.end());
  await flush(decoded);
}

async function readGpx(pieces: AsyncGenerator<string>, file: FixFile, name: string, flush: Flush): Promise<void> {
  const decoder = new GpxDecoder(file.tag ?? name.replace(/\.gpx$/i, ''), file.timeZone);
  for await (const piece of pieces) await flush(decoder.write(piece));
  await flush(decoder.end());
}
