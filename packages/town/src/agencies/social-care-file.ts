import writeXlsxFile, { type SheetData } from 'write-excel-file/node';
import type { Circumstance } from './circumstances.ts';
import type { Statement } from './statements.ts';

const columns = [
  'Person ID',
  'Surname',
  'First name',
  'Middle names',
  'Known as',
  'Previous surname',
  'Date of birth',
  'Gender',
  'NHS number',
  'UPN',
  'Ethnicity',
  'Address',
  'Postcode',
  'Previous address',
  'Previous postcode',
  'Phone',
  'Email',
  'Status',
  'Status since',
  'Parent convicted',
  'Recorded',
  'Case note',
];

const states: Record<string, string> = {
  'looked after': 'CLA',
  'child protection plan': 'CPP',
  'child in need': 'CIN',
  'no concern': 'Closed',
};

/**
 * The social care team's workbook: a title and a date above the headings, dates as Excel has them, free-text notes.
 * @param note writes the text of the next case
 */
export async function writeSocialCareFile(
  path: string,
  cases: Iterable<Statement>,
  today: string,
  note = () => 'Fictional case.',
): Promise<void> {
  const sheet: SheetData = [
    [{ value: 'Tarnbridge Council: open and recent cases' }],
    [{ value: 'Run on' }, day(today)],
    columns.map((value) => ({ value })),
  ];
  for (const found of cases) {
    const of = (kind: Circumstance['kind']) => found.circumstances.find((circumstance) => circumstance.kind === kind);
    const [family, offending] = [of('family'), of('parent offending')];
    sheet.push([
      ...[found.key, found.surname, found.forename, found.middleName, found.knownAs, found.surnameBefore].map(words),
      day(found.born),
      ...[
        found.sex === null ? null : found.sex === 'f' ? 'Female' : 'Male',
        found.nhs,
        found.upn,
        found.ethnicity,
        found.address,
        found.postcode,
      ].map(words),
      ...[found.addressBefore, found.addressBefore && found.postcodeBefore, found.phone, found.email].map(words),
      words(family ? (states[family.value] ?? null) : null),
      day(family?.on ?? null),
      words(offending ? (offending.value === 'yes' ? 'Y' : 'N') : null),
      day(offending?.on ?? null),
      words(note()),
    ]);
  }
  await writeXlsxFile(sheet, { sheet: 'Cases' }).toFile(path);
}

const words = (value: string | null) => (value ? { value } : null);
/** Excel knows no day before 1900, so that older ones are words. */
const day = (value: string | null) =>
  value === null
    ? null
    : /^(19|20)\d\d-\d\d-\d\d$/.test(value) && value > '1900-03-01' && !Number.isNaN(Date.parse(value))
      ? { value: new Date(`${value}T00:00:00Z`), type: Date, format: 'dd/mm/yyyy' }
      : { value };
