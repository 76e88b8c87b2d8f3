import { csvRows } from '../../platform/csv-rows.ts';
import { notText, textOfBytes } from '../../platform/read-text.ts';
import { looksZipped, parseExcel } from './parse-excel.ts';
import { parseCrimesGeoJson } from './parse-geojson.ts';
import { headingsOf, leastColumns, looksHeaded, parseHeadedCsv } from './parse-headed-csv.ts';
import { parseUkBatch } from './parse-uk-batch.ts';
import { type CrimeFileOptions, type ParsedCrimes, problem } from './parsed-crime.ts';

/** Reads a file of crimes in whichever of the accepted forms it is. */
export function parseCrimes(bytes: Uint8Array, options: CrimeFileOptions = {}): ParsedCrimes {
  if (looksZipped(bytes)) return parseExcel(bytes, options);
  const other = notText(bytes);
  const text = other ? '' : textOfBytes(bytes);
  const start = text.replace(/^\uFEFF/, '').trimStart();
  const kind = other ?? (start.startsWith('<') ? 'an XML file' : null);
  if (kind) {
    const own = problem(0, 'file', '', 'INVALID_ATTACHMENT', `This is ${kind}, not a list of crimes.`, 'Save it as CSV and send that.');
    return { format: 'headed csv', rows: 0, crimes: [], problems: [own] };
  }
  if (start.startsWith('{')) return parseCrimesGeoJson(text, options);
  if (looksHeaded(text, options)) return parseHeadedCsv(text, options);
  const batch = parseUkBatch(text, options);
  // Nothing of it is a batch: it may have headings of which nobody has said yet what they are.
  return batch.crimes.length > 0 ? batch : { ...batch, headings: firstRowAsHeadings(text) };
}

function firstRowAsHeadings(text: string): ParsedCrimes['headings'] {
  const { rows } = csvRows(text.slice(0, 20_000).split(/\r?\n/, 1)[0] ?? '');
  const [first] = rows;
  return first && 'cells' in first && first.cells.length >= leastColumns ? headingsOf(first.cells) : [];
}
