import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CsvRows, csvRows, decimalIn, delimiterOf } from './csv-rows.ts';

describe('rows of a CSV file', () => {
  test('a stray quotation mark costs its own row and no other', () => {
    const lines = Array.from({ length: 1000 }, (_, i) =>
      i === 500 ? `"T1,53.1,-1.${i}` : i === 700 ? `T1,"5"3.1,-1.${i}` : `T1,53.1,-1.${i}`,
    );
    const { rows } = csvRows(`tag,lat,lon\n${lines.join('\n')}\n`);
    expect(rows.filter((row) => 'cells' in row)).toHaveLength(999);
    expect(rows.filter((row) => !('cells' in row)).map(({ line }) => line)).toEqual([502, 702]);
  });

  test('a stray quotation mark before another quoted cell, and at the very end', () => {
    const { rows } = csvRows('a,b\n"x,1\ny,"two"\nz,3\n"open,4');
    expect(rows.map((row) => ('cells' in row ? row.cells.join('|') : `bad ${row.line}`))).toEqual([
      'a|b',
      'bad 2',
      'y|two',
      'z|3',
      'bad 5',
    ]);
  });

  test('a cell over several lines, with quotation marks in it', () => {
    const { rows } = csvRows('a,b\n"one\ntwo, ""three""",x\n4,5\r\n');
    expect(rows).toEqual([
      { line: 1, cells: ['a', 'b'] },
      { line: 2, cells: ['one\ntwo, "three"', 'x'] },
      { line: 4, cells: ['4', '5'] },
    ]);
  });

  test('one delimiter for the file, told by its first line or by sep=', () => {
    expect(csvRows('a;b\n1,5;2').rows.at(-1)).toEqual({ line: 2, cells: ['1,5', '2'] });
    expect(csvRows('sep=|\na|b').rows).toEqual([{ line: 2, cells: ['a', 'b'] }]);
    expect(delimiterOf('"a;b;c",d')).toBe(',');
  });

  test('what a library writes is read back, in any pieces', () => {
    const cell = fc.string({ maxLength: 12 }).map((text) => text.replaceAll('\r', ' ').replaceAll('\0', ' '));
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 9 }), (table, size) => {
        const all = [['a', 'b', 'c'], ...table];
        const text = stringify(all, { quoted: true });
        const reader = new CsvRows();
        const rows = [];
        for (let i = 0; i < text.length; i += size) rows.push(...reader.write(text.slice(i, i + size)));
        rows.push(...reader.end());
        expect(rows.map((row) => ('cells' in row ? row.cells : row.problem))).toEqual(all);
      }),
    );
  });

  test('a line of 20 MB is refused without being kept', () => {
    const { rows } = csvRows(`a,b\n${'x'.repeat(20_000_000)},1\n2,3\n`);
    expect(rows.map((row) => ('cells' in row ? row.cells.join('|') : row.line))).toEqual(['a|b', 2, '2|3']);
  });

  test('a comma before decimals is read where it is no delimiter', () => {
    expect([decimalIn('53,09', ';'), decimalIn('-1,5', '\t'), decimalIn('53,09', ','), decimalIn('1.234,5', ';')]).toEqual([
      '53.09',
      '-1.5',
      '53,09',
      '1.234,5',
    ]);
  });
});
