import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { unzip } from './unzip.ts';
import { WorkbookFault } from './workbook-fault.ts';

/** A workbook is unpacked in memory. */
const workbookAtMostBytes = 30 * 1024 * 1024;
/** Rows and columns that a sheet has at most. */
const rowsAtMost = 1_048_576;
const columnsAtMost = 16_384;

/** @throws WorkbookFault where a workbook of so many bytes is not unpacked */
export function refuseLargeWorkbook(bytes: number): void {
  if (bytes <= workbookAtMostBytes) return;
  const megabytes = Math.round(bytes / 1024 / 1024);
  throw new WorkbookFault(`The workbook has ${megabytes} MB; at most 30 MB can be read. Save the sheet as CSV and send that.`);
}

/** How dates are shown: as days, or with their times where they have any. */
interface Reading {
  from1904: boolean;
  dates: 'days' | 'moments';
}

export interface Workbook {
  sheets: string[];
  /** @throws WorkbookFault where there is no such sheet, or it is damaged */
  read(sheet: string): Grid;
}

/**
 * A workbook of Excel (.xlsx). What a cell shows is what it holds: 95 % is `95`, 000123 is `000123`. Formulas count as the value Excel last
 * saw; one that went wrong is told. Cells that were joined downwards hold their value in each row.
 * @param dates whether times of day are shown with dates; without an offset, as Excel has none
 * @throws WorkbookFault where it is none, too large, or damaged
 */
export function openWorkbook(bytes: Buffer, { dates = 'days' }: { dates?: Reading['dates'] } = {}): Workbook {
  refuseLargeWorkbook(bytes.length);
  const wanted = /^xl\/(workbook\.xml|_rels\/workbook\.xml\.rels|sharedStrings\.xml|styles\.xml|worksheets\/[^/]+\.xml)$/i;
  const files = unzip(bytes, (name) => wanted.test(name));
  const book = files.get('xl/workbook.xml');
  if (!book) throw new WorkbookFault('The file is no Excel workbook (.xlsx). Open it in Excel and save it as .xlsx or CSV.');
  let shared: { strings: string[]; formats: Shown[] } | null = null;
  const { sheets, from1904 } = readBook(book, files.get('xl/_rels/workbook.xml.rels'));
  return {
    sheets: sheets.map(({ name }) => name),
    read: (wantedSheet) => {
      const sheet = sheets.find(({ name }) => name === wantedSheet);
      const own = sheet && files.get(sheet.path);
      if (!own) throw new WorkbookFault(`The workbook has no sheet "${wantedSheet}"; it has ${sheets.map(({ name }) => name).join(', ')}.`);
      // Of the whole book, and read once for all its sheets.
      shared ??= { strings: readStrings(files.get('xl/sharedStrings.xml')), formats: readFormats(files.get('xl/styles.xml')) };
      return readSheet(own, shared.strings, shared.formats, { from1904, dates });
    },
  };
}

/** Goes through XML; names come without their prefix. @throws WorkbookFault where it is broken */
function parse(
  bytes: Buffer,
  on: { open?: (name: string, tag: SaxesTagPlain) => void; text?: (text: string) => void; close?: (name: string) => void },
): void {
  const parser = new SaxesParser();
  const local = (name: string) => name.slice(name.indexOf(':') + 1);
  parser.on('doctype', () => {
    throw new WorkbookFault('The workbook declares a document type of its own, which Excel does not. It was not read.');
  });
  parser.on('error', () => {
    throw new WorkbookFault('The workbook is damaged. Open it in Excel and save it again.');
  });
  if (on.open) parser.on('opentag', (tag) => on.open?.(local(tag.name), tag));
  if (on.text) {
    parser.on('text', on.text);
    parser.on('cdata', on.text);
  }
  if (on.close) parser.on('closetag', (tag) => on.close?.(local(tag.name)));
  const decoder = new TextDecoder();
  for (let i = 0; i < bytes.length; i += 1 << 20) parser.write(decoder.decode(bytes.subarray(i, i + (1 << 20)), { stream: true }));
  parser.close();
}

function readBook(book: Buffer, rels: Buffer | undefined): { sheets: { name: string; path: string }[]; from1904: boolean } {
  const targets = new Map<string, string>();
  if (rels) {
    parse(rels, {
      open: (name, { attributes }) => {
        const target = String(attributes.Target ?? '');
        if (name === 'Relationship') targets.set(String(attributes.Id), target.startsWith('/') ? target.slice(1) : `xl/${target}`);
      },
    });
  }
  const sheets: { name: string; path: string }[] = [];
  let from1904 = false;
  parse(book, {
    open: (name, { attributes }) => {
      if (name === 'workbookPr') from1904 = /^(1|true)$/i.test(String(attributes.date1904 ?? ''));
      if (name !== 'sheet') return;
      const id = Object.entries(attributes).find(([key]) => key === 'id' || key.endsWith(':id'))?.[1];
      sheets.push({ name: String(attributes.name ?? ''), path: targets.get(String(id)) ?? `xl/worksheets/sheet${sheets.length + 1}.xml` });
    },
  });
  return { sheets, from1904 };
}

/** Texts that cells refer to by number. Readings beside Japanese texts (`rPh`) are no part of them. */
function readStrings(bytes: Buffer | undefined): string[] {
  const strings: string[] = [];
  if (!bytes) return strings;
  let text = '';
  let inText = false;
  let aside = 0;
  parse(bytes, {
    open: (name) => {
      if (name === 'si') text = '';
      else if (name === 'rPh') aside++;
      else if (name === 't') inText = aside === 0;
    },
    text: (piece) => {
      if (inText) text += piece;
    },
    close: (name) => {
      if (name === 't') inText = false;
      else if (name === 'rPh') aside--;
      else if (name === 'si') strings.push(text);
    },
  });
  return strings;
}

type Shown = { kind: 'plain' } | { kind: 'date' } | { kind: 'percent'; decimals: number } | { kind: 'zeros'; digits: number };

/** Number formats that every workbook has (ECMA-376 part 1, 18.8.30): those of dates, and of per cent. */
const builtInDates = new Set([14, 15, 16, 17, 18, 19, 20, 21, 22, 45, 46, 47]);

/** How each style of cells shows a number. */
function readFormats(bytes: Buffer | undefined): Shown[] {
  const shown: Shown[] = [];
  if (!bytes) return shown;
  const own = new Map<number, string>();
  let inCells = false;
  parse(bytes, {
    open: (name, { attributes }) => {
      if (name === 'numFmt') own.set(Number(attributes.numFmtId), String(attributes.formatCode ?? ''));
      else if (name === 'cellXfs') inCells = true;
      else if (name === 'xf' && inCells) shown.push(shownBy(Number(attributes.numFmtId ?? 0), own));
    },
    close: (name) => {
      if (name === 'cellXfs') inCells = false;
    },
  });
  return shown;
}

function shownBy(id: number, own: ReadonlyMap<number, string>): Shown {
  if (builtInDates.has(id)) return { kind: 'date' };
  if (id === 9 || id === 10) return { kind: 'percent', decimals: id === 9 ? 0 : 2 };
  // The first section is that of numbers from 0 up; what is quoted, escaped or a colour or condition is no format.
  const code = (own.get(id) ?? '').split(';')[0]?.replace(/"[^"]*"|\\.|\[(?!h+\]|m+\]|s+\])[^\]]*\]|_.|\*./gi, '') ?? '';
  if (code.includes('%')) return { kind: 'percent', decimals: /\.([0#]+)/.exec(code)?.[1]?.length ?? 0 };
  if (/^0{2,}$/.test(code.trim())) return { kind: 'zeros', digits: code.trim().length };
  if (/[dmyhs]/i.test(code) && !/general/i.test(code)) return { kind: 'date' };
  return { kind: 'plain' };
}

const dayMs = 86_400_000;

/** The number of a cell as it is shown. Days are counted from the end of 1899, with a 29 February 1900 that never was, or from 1904. */
function showNumber(number: number, shown: Shown, { from1904, dates }: Reading): string {
  switch (shown.kind) {
    case 'date': {
      const day = from1904 ? number + 1462 : number;
      const moment = new Date(Math.round(((day < 60 ? day + 1 : day) - 25_569) * dayMs));
      if (Number.isNaN(moment.getTime())) return String(number);
      if (dates === 'days') return moment.toISOString().slice(0, 10);
      // Excel keeps a time in fractions of a day, which miss the second by less than one.
      const time = new Date(Math.round(moment.getTime() / 1000) * 1000).toISOString();
      if (number < 1) return time.slice(11, 19);
      return time.slice(11, 19) === '00:00:00' ? time.slice(0, 10) : time.slice(0, 19);
    }
    case 'percent':
      return String(Number((number * 100).toFixed(Math.max(shown.decimals, 6))));
    case 'zeros':
      return Number.isInteger(number) && number >= 0 ? String(number).padStart(shown.digits, '0') : String(number);
    default:
      return String(number);
  }
}

export interface Grid {
  /** Cells by row, counted from 1. */
  rows: Map<number, (string | null)[]>;
  errors: { row: number; column: number; value: string }[];
}

function readSheet(bytes: Buffer, strings: readonly string[], formats: readonly Shown[], reading: Reading): Grid {
  const grid: Grid = { rows: new Map(), errors: [] };
  const joined: [first: [column: number, row: number], last: [column: number, row: number]][] = [];
  let row = 0;
  let cell: { column: number; type: string; style: number; value: string } | null = null;
  let inValue = false;
  let column = -1;
  parse(bytes, {
    open: (name, { attributes }) => {
      if (name === 'row') {
        row = Number(attributes.r ?? row + 1);
        column = -1;
        if (!(row >= 1 && row <= rowsAtMost)) throw new WorkbookFault('The workbook is damaged. Open it in Excel and save it again.');
      } else if (name === 'c') {
        column = attributes.r === undefined ? column + 1 : placeOf(String(attributes.r))[0];
        cell = { column, type: String(attributes.t ?? 'n'), style: Number(attributes.s ?? 0), value: '' };
      } else if (name === 'v' || name === 't') inValue = true;
      else if (name === 'mergeCell') {
        const [first, last] = String(attributes.ref ?? '').split(':');
        if (first && last) joined.push([placeOf(first), placeOf(last)]);
      }
    },
    text: (piece) => {
      if (inValue && cell) cell.value += piece;
    },
    close: (name) => {
      if (name === 'v' || name === 't') inValue = false;
      else if (name === 'c' && cell) {
        const { type, style, value } = cell;
        const text = type === 'e' ? null : textOf(type, value, strings, formats[style] ?? { kind: 'plain' }, reading);
        if (type === 'e') grid.errors.push({ row, column: cell.column, value: value.slice(0, 20) });
        if (text !== null && text !== '') {
          const cells = grid.rows.get(row) ?? [];
          while (cells.length < cell.column) cells.push(null);
          cells[cell.column] = text;
          grid.rows.set(row, cells);
        }
        cell = null;
      }
    },
  });
  // Joined downwards, a value is that of each row; joined sideways it is that of its first column alone.
  for (const [[first, top], [, bottom]] of joined) {
    const value = grid.rows.get(top)?.[first];
    if (!value) continue;
    for (let below = top + 1; below <= Math.min(bottom, rowsAtMost) && grid.rows.has(below); below++) {
      const cells = grid.rows.get(below) as (string | null)[];
      while (cells.length <= first) cells.push(null);
      cells[first] ??= value;
    }
  }
  return grid;
}

function textOf(type: string, value: string, strings: readonly string[], shown: Shown, reading: Reading): string | null {
  switch (type) {
    case 's':
      return strings[Number(value)]?.trim() ?? null;
    case 'b':
      return value === '1' ? 'true' : 'false';
    case 'str':
    case 'inlineStr':
      return value.trim();
    case 'd':
      return reading.dates === 'days' ? value.slice(0, 10) : value;
    default: {
      if (value === '') return null;
      const number = Number(value);
      return Number.isFinite(number) ? showNumber(number, shown, reading) : value;
    }
  }
}

/** `C7` as [2, 7]. */
function placeOf(reference: string): [column: number, row: number] {
  const match = /^\$?([A-Z]{1,3})\$?(\d{1,7})$/.exec(reference);
  if (!match) throw new WorkbookFault('The workbook is damaged. Open it in Excel and save it again.');
  let column = 0;
  for (const letter of match[1] as string) column = column * 26 + letter.charCodeAt(0) - 64;
  if (column > columnsAtMost) throw new WorkbookFault('The workbook is damaged. Open it in Excel and save it again.');
  return [column - 1, Number(match[2])];
}
