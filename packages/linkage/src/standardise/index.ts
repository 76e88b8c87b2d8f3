import { standardDate } from './date.ts';
import { standardEmail } from './email.ts';
import type { Field } from './field.ts';
import { standardIdentifier } from './identifier.ts';
import { standardName } from './name.ts';
import { standardPhone } from './phone.ts';
import { standardPostcode } from './postcode.ts';
import { longestValue, standardCode, standardText } from './text.ts';

/** Between the values of a list. */
export const listSeparator = '\u001f';
const separators = new RegExp(`[;|${listSeparator}]`);

/** How each standard makes values comparable; `null` means that nothing is known. */
const standardOf: Record<Field['standard'], (raw: string) => string | null> = {
  name: standardName,
  text: standardText,
  code: standardCode,
  date: standardDate,
  postcode: standardPostcode,
  phone: standardPhone,
  email: standardEmail,
  nhs: (raw) => standardIdentifier('nhs', raw),
  upn: (raw) => standardIdentifier('upn', raw),
  nino: (raw) => standardIdentifier('nino', raw),
  pnc: (raw) => standardIdentifier('pnc', raw),
  cro: (raw) => standardIdentifier('cro', raw),
  'as it is': (raw) => raw.slice(0, longestValue) || null,
};

/** The standard value of a field from the raw values of its columns; a list has its values sorted, each once. */
export function standardise(field: Field, raw: readonly (string | null | undefined)[]): string | null {
  const standard = standardOf[field.standard];
  const given = raw.filter((value): value is string => value !== null && value !== undefined && value !== '');
  if (given.length === 0) return null;
  if (!field.list) return standard(given.length === 1 ? (given[0] as string) : given.join(' '));
  const values = given.flatMap((value) => value.split(separators)).map(standard);
  const kept = [...new Set(values.filter((value) => value !== null))].sort();
  return kept.length > 0 ? kept.join(listSeparator) : null;
}
