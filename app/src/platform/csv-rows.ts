/** One row of a CSV file: its cells, or why it cannot be read. `line` counts from 1. */
export type CsvRow = { line: number; cells: string[] } | { line: number; problem: string; text: string };

/** A quoted cell may go over this many lines, and be this long; a quotation mark that is not closed by then was a slip. */
const linesAtMost = 200;
const cellAtMost = 256 * 1024;
/** A line longer than this is refused without being held. */
const lineAtMost = 1_000_000;
const tooLong = `The line is longer than ${lineAtMost.toLocaleString('en-GB')} characters.`;
const delimiters = [',', ';', '\t', '|'];

/**
 * Rows of a CSV file piece by piece (RFC 4180, with any of four delimiters, one for the whole file). A quotation mark out of place
 * costs its own row and no other: a cell that opens with one and is not properly closed is given up at the end of its line.
 * Empty lines are passed over.
 */
export class CsvRows {
  #delimiter: string | undefined;
  #rest = '';
  #line = 0;
  /** Lines of a row whose quoted cell is still open. */
  #open: string[] = [];
  #openLength = 0;
  #tooLong = false;
  #columns = 0;

  /** @param delimiter the file's; told from its first line unless given */
  constructor(delimiter?: string) {
    this.#delimiter = delimiter;
  }

  get delimiter(): string {
    return this.#delimiter ?? ',';
  }

  write(text: string): CsvRow[] {
    const rows: CsvRow[] = [];
    const all = this.#rest + text;
    let begin = 0;
    for (;;) {
      const end = all.indexOf('\n', begin);
      if (end < 0) break;
      this.#take(all.slice(begin, all.charCodeAt(end - 1) === 13 ? end - 1 : end), rows);
      begin = end + 1;
    }
    this.#rest = all.slice(begin);
    if (this.#rest.length > lineAtMost) {
      if (!this.#tooLong)
        rows.push({
          line: this.#line + 1,
          problem: tooLong,
          text: this.#rest.slice(0, 100),
        });
      this.#tooLong = true;
      this.#rest = '';
    }
    return rows;
  }

  end(): CsvRow[] {
    const rows: CsvRow[] = [];
    if (this.#rest !== '') this.#take(this.#rest, rows);
    this.#rest = '';
    if (this.#open.length > 0) this.#giveUp(rows);
    return rows;
  }

  #take(line: string, rows: CsvRow[]): void {
    this.#line++;
    if (this.#tooLong) {
      // The end of a line that was refused.
      this.#tooLong = false;
      return;
    }
    if (line.length > lineAtMost) {
      rows.push({ line: this.#line, problem: tooLong, text: line.slice(0, 100) });
      return;
    }
    if (this.#delimiter === undefined) {
      const told = /^\uFEFF?sep=(.)$/i.exec(line)?.[1];
      if (told) {
        this.#delimiter = told;
        return;
      }
      if (line.trim() === '') return;
      this.#delimiter = delimiterOf(line);
    }
    if (this.#open.length === 0) {
      this.#read(line, rows);
      return;
    }
    this.#open.push(line);
    this.#openLength += line.length;
    const whole = splitRow(this.#open.join('\n'), this.delimiter);
    if (Array.isArray(whole) && (this.#columns === 0 || whole.length === this.#columns)) {
      rows.push({ line: this.#line - this.#open.length + 1, cells: whole });
      this.#open = [];
    } else if (whole !== 'open' || this.#open.length > linesAtMost || this.#openLength > cellAtMost) this.#giveUp(rows);
  }

  /** The first line of an open row is refused, and the lines after it are rows of their own. */
  #giveUp(rows: CsvRow[]): void {
    const [first = '', ...others] = this.#open;
    const from = this.#line - others.length;
    this.#open = [];
    rows.push({
      line: from,
      problem: 'A quotation mark opens a cell and does not close it. Take it out, or write it twice.',
      text: first.slice(0, 200),
    });
    this.#line = from;
    for (const line of others) {
      this.#line++;
      if (this.#open.length === 0) this.#read(line, rows);
      else {
        this.#line--;
        this.#take(line, rows);
      }
    }
  }

  #read(line: string, rows: CsvRow[]): void {
    if (line.trim() === '' || line === '\uFEFF') return;
    const cells = line.includes('"') ? splitRow(line, this.delimiter) : line.split(this.delimiter);
    if (cells === 'open') {
      this.#open = [line];
      this.#openLength = line.length;
    } else if (cells === 'broken') {
      const problem = 'After a quotation mark that closes a cell there is more text. Write a quotation mark within a cell twice.';
      rows.push({ line: this.#line, problem, text: line.slice(0, 200) });
    } else {
      if (this.#columns === 0) {
        this.#columns = cells.length;
        if (cells[0]) cells[0] = cells[0].replace(/^\uFEFF/, '');
      }
      rows.push({ line: this.#line, cells });
    }
  }
}

/** All rows of a text. */
export function csvRows(text: string, delimiter?: string): { rows: CsvRow[]; delimiter: string } {
  const reader = new CsvRows(delimiter);
  const rows = reader.write(text);
  for (const row of reader.end()) rows.push(row);
  return { rows, delimiter: reader.delimiter };
}

/** The delimiter that stands most often in a line, outside quoted cells. */
export function delimiterOf(line: string): string {
  const bare = line.replace(/"(?:[^"]|"")*"/g, '');
  let best = ',';
  let most = 0;
  for (const delimiter of delimiters) {
    const count = bare.split(delimiter).length - 1;
    if (count > most) [best, most] = [delimiter, count];
  }
  return best;
}

/** The cells of a row; `open` when a quoted cell does not end, `broken` when text follows its end. */
function splitRow(row: string, delimiter: string): string[] | 'open' | 'broken' {
  const cells: string[] = [];
  let at = row.charCodeAt(0) === 0xfeff ? 1 : 0;
  for (;;) {
    let begin = at;
    while (row[begin] === ' ') begin++;
    if (row[begin] !== '"') {
      const end = row.indexOf(delimiter, at);
      cells.push(row.slice(at, end < 0 ? undefined : end));
      if (end < 0) return cells;
      at = end + 1;
      continue;
    }
    let cell = '';
    at = begin + 1;
    for (;;) {
      const end = row.indexOf('"', at);
      if (end < 0) return 'open';
      cell += row.slice(at, end);
      at = end + 1;
      if (row[at] !== '"') break;
      cell += '"';
      at++;
    }
    cells.push(cell);
    while (row[at] === ' ') at++;
    if (at >= row.length) return cells;
    if (row[at] !== delimiter) return 'broken';
    at++;
  }
}

/** A number as a cell holds it: where the delimiter is no comma, a comma may stand before the decimals. */
export function decimalIn(cell: string, delimiter: string): string {
  return delimiter !== ',' && /^\s*[+-]?\d*,\d+\s*$/.test(cell) ? cell.replace(',', '.') : cell;
}
