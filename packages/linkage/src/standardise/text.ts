/** Longer values are cut: no name or address is longer, and comparing strings costs their lengths multiplied. */
export const longestValue = 500;

const notKnown = new Set([
  '',
  '-',
  '.',
  '?',
  'n a',
  'na',
  'n/a',
  'nan',
  'nil',
  'none',
  'not applicable',
  'not given',
  'not known',
  'not provided',
  'not recorded',
  'not stated',
  'null',
  'tbc',
  'test',
  'unk',
  'unknown',
  'unspecified',
  'x',
  'xx',
  'xxx',
  'xxxx',
  'zz',
  'zzz',
]);

/** Words that stand where a value should be count as nothing. `words` in lower case, single spaces. */
export function isPlaceholder(words: string): boolean {
  return notKnown.has(words);
}

/**
 * Lower case without diacritics and punctuation, single spaces between words; `null` for nothing and for placeholders.
 * Letters of other scripts are kept as they are.
 */
export function standardText(raw: string): string | null {
  const words = raw
    .slice(0, 4 * longestValue)
    .normalize('NFKD')
    .toLowerCase()
    .replace(/ß/g, 'ss')
    .replace(/æ/g, 'ae')
    .replace(/œ/g, 'oe')
    .replace(/ø/g, 'o')
    .replace(/ł/g, 'l')
    .replace(/[đð]/g, 'd')
    .replace(/þ/g, 'th')
    .replace(/ı/g, 'i')
    // Marks that Latin, Greek and Cyrillic letters were written with; those of other scripts may be vowels and stay.
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/['’‘`´]/g, '')
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, ' ')
    .trim()
    .slice(0, longestValue);
  return isPlaceholder(words) ? null : words;
}

/** Letters and digits only, upper case: codes, registration numbers, postcodes of other countries. */
export function standardCode(raw: string): string | null {
  const text = standardText(raw);
  if (text === null) return null;
  const code = text.replace(/ /g, '').toUpperCase();
  return code === '' || /^(0+|9{4,}|X+)$/.test(code) ? null : code;
}
