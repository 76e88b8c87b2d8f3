import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { parseCrimes } from './parse-crimes.ts';

const text = (words: string) => new TextEncoder().encode(words);

/** Cells as Excel writes them: text within, numbers with a style, errors. Style 1 is a date with its time, 2 a day, 3 a time of day. */
type Cell = string | { n: number; style?: number } | { error: string } | null;

function workbook(sheets: Record<string, Cell[][]>): Uint8Array {
  const names = Object.keys(sheets);
  const cellOf = (cell: Cell, row: number, column: number) => {
    const at = `${String.fromCharCode(65 + column)}${row}`;
    if (cell === null) return '';
    if (typeof cell === 'string') return `<c r="${at}" t="inlineStr"><is><t>${cell}</t></is></c>`;
    if ('error' in cell) return `<c r="${at}" t="e"><v>${cell.error}</v></c>`;
    return `<c r="${at}" s="${cell.style ?? 0}"><v>${cell.n}</v></c>`;
  };
  const files: Record<string, Uint8Array> = {
    'xl/workbook.xml': text(
      `<workbook xmlns:r="r"><sheets>${names.map((name, i) => `<sheet name="${name}" sheetId="${i + 1}" r:id="r${i + 1}"/>`).join('')}</sheets></workbook>`,
    ),
    'xl/_rels/workbook.xml.rels': text(
      `<Relationships>${names.map((_, i) => `<Relationship Id="r${i + 1}" Target="worksheets/sheet${i + 1}.xml"/>`).join('')}</Relationships>`,
    ),
    'xl/styles.xml': text(
      '<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="22"/><xf numFmtId="14"/><xf numFmtId="20"/></cellXfs></styleSheet>',
    ),
  };
  names.forEach((name, i) => {
    const rows = (sheets[name] as Cell[][]).map(
      (cells, r) => `<row r="${r + 1}">${cells.map((cell, c) => cellOf(cell, r + 1, c)).join('')}</row>`,
    );
    files[`xl/worksheets/sheet${i + 1}.xml`] = text(`<worksheet><sheetData>${rows.join('')}</sheetData></worksheet>`);
  });
  return zipSync(files);
}

/** Days from the end of 1899, as Excel counts. */
const excelDay = (iso: string) => Date.parse(iso) / 86_400_000 + 25_569;
const options = { timeZone: 'Europe/London' };

describe('a workbook of Excel', () => {
  test('dates with their times, titles above the headings, and the sheet that has crimes', () => {
    const read = parseCrimes(
      workbook({
        Notes: [['Exported for the duty analyst']],
        Crimes: [
          ['Crimes of the week'],
          [],
          ['Crime ref', 'Offence', 'Start', 'End', 'Lat', 'Long'],
          [
            'X/1',
            'Robbery',
            { n: excelDay('2026-11-25T20:10:00Z'), style: 1 },
            { n: excelDay('2026-11-25T20:30:00Z'), style: 1 },
            { n: 53.0884 },
            { n: -1.8441 },
          ],
          ['X/2', 'Robbery', '25/11/2026 21:10', '25/11/2026 21:20', '53,0871', '-1,8372'],
          [
            'X/3',
            { error: '#REF!' },
            { n: excelDay('2026-11-25T20:10:00Z'), style: 1 },
            { n: excelDay('2026-11-25T20:00:00Z'), style: 1 },
            { n: 53 },
            { n: -1.8 },
          ],
        ],
      }),
      options,
    );
    expect(
      read.crimes.map(({ row, reference, from, to, place }) => [row, reference, new Date(from).toISOString(), to - from, place]),
    ).toEqual([
      [4, 'X/1', '2026-11-25T20:10:00.000Z', 1_200_000, { kind: 'point', lat: 53.0884, lon: -1.8441, uncertaintyM: 0 }],
      [5, 'X/2', '2026-11-25T21:10:00.000Z', 600_000, { kind: 'point', lat: 53.0871, lon: -1.8372, uncertaintyM: 0 }],
    ]);
    const told = read.problems.map(({ row, code }) => `${row} ${code}`);
    for (const one of ['0 SHEET_CHOSEN', '6 CRIME_DATE_TIME_TO_AFTER_FROM', '6 INVALID_TEXT', '3 TIMES_WITHOUT_OFFSET'])
      expect(told).toContain(one);
  });

  test('what Excel could not work out keeps a crime out where it would make it shorter or narrower, and is nothing elsewhere', () => {
    const from = { n: excelDay('2026-11-25T20:10:00Z'), style: 1 };
    const rest = (reference: string, to: Cell, uncertainty: Cell, offence: Cell, own: Cell): Cell[] => [
      reference,
      offence,
      from,
      to,
      { n: 53 },
      { n: -1.8 },
      uncertainty,
      own,
    ];
    const { crimes, problems } = parseCrimes(
      workbook({
        Sheet1: [
          ['Crime ref', 'Offence', 'Start', 'End', 'Lat', 'Long', 'uncertainty_m', 'Cost'],
          rest('X/1', from, '1,000', 'Robbery', { error: '#N/A' }),
          rest('X/2', { error: '#VALUE!' }, null, 'Robbery', null),
          rest('X/3', from, { error: '#N/A' }, 'Robbery', null),
          rest('X/4', from, null, { error: '#N/A' }, null),
        ],
      }),
      options,
    );
    expect(crimes.map(({ reference, place }) => [reference, place.kind === 'point' && place.uncertaintyM])).toEqual([
      ['X/1', 1000],
      ['X/4', 0],
    ]);
    const broken = problems.filter(({ code }) => code === 'INVALID_TEXT');
    expect(broken.map(({ row, severity }) => [row, severity])).toEqual([
      [3, 'error'],
      [4, 'error'],
      [5, 'warning'],
    ]);
  });

  test('a list of words, and a line above that has a reference too, are no crimes', () => {
    const { crimes } = parseCrimes(
      workbook({
        Lookup: [['Ref', 'Notes']],
        Crimes: [
          ['Reference', 'OP BLUE'],
          ['Reference', 'From', 'Lat', 'Long'],
          ['X/1', '25/11/2026 20:10', { n: 53 }, { n: -1.8 }],
        ],
      }),
      options,
    );
    expect(crimes.map(({ row, reference }) => [row, reference])).toEqual([[3, 'X/1']]);
    const lacking = parseCrimes(workbook({ Crimes: [['Of the week'], ['Reference', 'From'], ['X/1', '25/11/2026 20:10']] }), options);
    expect(lacking.problems.map(({ row, message }) => [row, message])).toEqual([[2, 'The header lacks latitude, longitude.']]);
  });

  test('a day and a time of day in columns of their own', () => {
    const { crimes } = parseCrimes(
      workbook({
        Sheet1: [
          ['reference', 'date from', 'time from', 'date to', 'time to', 'easting', 'northing'],
          [
            'X/1',
            { n: excelDay('2026-07-25T00:00:00Z'), style: 2 },
            { n: 0.75, style: 3 },
            { n: excelDay('2026-07-25T00:00:00Z'), style: 2 },
            { n: 0.76, style: 3 },
            { n: 411_000 },
            { n: 358_000 },
          ],
        ],
      }),
      options,
    );
    // Summer time: 18:00 on the clock.
    expect(crimes.map(({ from, to }) => [new Date(from).toISOString(), Math.round((to - from) / 1000)])).toEqual([
      ['2026-07-25T17:00:00.000Z', 864],
    ]);
  });

  test.each([
    ['a workbook without crimes', workbook({ A: [['just', 'words']] }), /No sheet of the workbook has a row of headings/],
    ['an archive that is none', zipSync({ 'a.txt': text('a') }), /no Excel workbook/],
    ['a torn one', workbook({ A: [['reference']] }).slice(0, 200), /no Excel workbook/],
  ])('%s is refused with what to do', (_name, bytes, words) => {
    const { crimes, problems } = parseCrimes(bytes, options);
    expect(crimes).toEqual([]);
    expect(problems[0]?.message).toMatch(words);
    expect(problems[0]?.action).not.toBe('');
  });
});
