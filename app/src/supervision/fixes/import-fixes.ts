import { createReadStream, statSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { createGunzip } from 'node:zlib';
import { fictionalName, Random } from '@waymark/town';
import { parse as csvParser } from 'csv-parse';
import type { Actor } from '../../platform/access.ts';
import type { Performer } from '../../platform/action.ts';
import { decodeCsvRow, findColumns, readColumnNames } from './decode-csv.ts';
import { GpxDecoder } from './decode-gpx.ts';
import { decodeWaymark } from './decode-waymark.ts';
import type { Intake } from './intake.ts';
import type { Decoded } from './raw-fix.ts';
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
  problems: { line: number; field: string; value: string; message: string }[];
}

/** Fixes handed over at once. Each batch is durable before the next is read. */
const batchSize = 20_000;
const problemsAtMost = 50;
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
  const result: FixImport = { read: 0, accepted: 0, duplicates: 0, quarantined: 0, registered: 0, problems: [] };
  const known = new Set<string>();
  const flush = async (decoded: Decoded) => {
    if (decoded.fixes.length === 0 && decoded.unreadable.length === 0) return;
    if (file.register) {
      const fresh = newWearers(decoded, known);
      if (fresh.length > 0) {
        result.registered += (await performer.perform({ ...actor, purpose: 'administration' }, registerWearers, null, fresh)).registered;
        await intake.reload();
      }
    }
    const receipt = await intake.accept(decoded, { kind: 'operator', name: actor.name });
    result.read += decoded.fixes.length + decoded.unreadable.length;
    result.accepted += receipt.accepted;
    result.duplicates += receipt.duplicates;
    result.quarantined += receipt.quarantined;
    for (const bad of decoded.unreadable) if (result.problems.length < problemsAtMost) result.problems.push(bad);
  };
  const source = createReadStream(file.path, { highWaterMark: 1 << 20 });
  let bytes = 0;
  source.on('data', (chunk) => {
    bytes += chunk.length;
    onProgress?.(bytes, all);
  });
  const zipped = file.path.endsWith('.gz');
  const name = basename(zipped ? file.path.slice(0, -3) : file.path);
  const input = zipped ? source.pipe(createGunzip()) : source;
  source.on('error', (error) => input.destroy(error));
  try {
    const kind = extname(name).toLowerCase();
    if (kind === '.gpx') await readGpx(input, file, name, flush);
    else if (kind === '.ndjson' || kind === '.jsonl' || kind === '.json') await readLines(input, flush);
    else await readCsv(input, file, flush);
  } catch (error) {
    if (!isBrokenFile(error)) throw error;
    result.problems.push({
      line: result.read + 1,
      field: 'file',
      value: name,
      message: `The file ends or breaks here (${(error as Error).message}). What came before was kept; send the file again when it is whole.`,
    });
  }
  return result;
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

async function readLines(input: NodeJS.ReadableStream, flush: Flush): Promise<void> {
  let rest = '';
  let line = 1;
  let skipping = false;
  const decoder = new TextDecoder();
  for await (const chunk of input) {
    let text = decoder.decode(chunk as Buffer, { stream: true });
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
  rest += decoder.decode();
  if (rest.trim() !== '') await flush(decodeWaymark(rest, line));
}

async function readCsv(input: NodeJS.ReadableStream, file: FixFile, flush: Flush): Promise<void> {
  const named = readColumnNames(file.columns);
  let columns: ReturnType<typeof findColumns> | null = null;
  let decoded: Decoded = { fixes: [], unreadable: [] };
  let refused: Decoded['unreadable'] = [];
  const parser = csvParser({
    bom: true,
    delimiter: [',', ';', '\t'],
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: lineAtMost,
    info: true,
  });
  parser.on('skip', (error: Error & { lines?: number }) => {
    refused.push({ line: error.lines ?? 0, field: 'row', value: '', message: `The row cannot be read: ${error.message}` });
  });
  input.on('error', (error) => parser.destroy(error));
  for await (const { record, info } of input.pipe(parser) as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
    if (!columns) {
      columns = findColumns(record, named);
      continue;
    }
    decodeCsvRow(record, columns, file.timeZone, info.lines, decoded);
    if (decoded.fixes.length + decoded.unreadable.length >= batchSize) {
      decoded.unreadable.push(...refused);
      refused = [];
      await flush(decoded);
      decoded = { fixes: [], unreadable: [] };
    }
  }
  decoded.unreadable.push(...refused);
  await flush(decoded);
}

async function readGpx(input: NodeJS.ReadableStream, file: FixFile, name: string, flush: Flush): Promise<void> {
  const decoder = new GpxDecoder(file.tag ?? name.replace(/\.gpx$/i, ''), file.timeZone);
  const text = new TextDecoder();
  for await (const chunk of input) await flush(decoder.write(text.decode(chunk as Buffer, { stream: true })));
  await flush(decoder.end());
}
