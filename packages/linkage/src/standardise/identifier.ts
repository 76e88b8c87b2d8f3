/**
 * Identifiers with check digits. A wrong one is kept as text, marked with `?` in front: it may still be a mistyped true one,
 * but it proves nothing.
 */
export const identifierKinds = ['nhs', 'upn', 'nino', 'pnc', 'cro'] as const;
export type IdentifierKind = (typeof identifierKinds)[number];

/** Before an identifier whose check digit is wrong. */
export const unproven = '?';

export function standardIdentifier(kind: IdentifierKind, raw: string): string | null {
  const text = raw
    .slice(0, 60)
    .toUpperCase()
    .replace(/[^A-Z0-9/]/g, '');
  const compact = text.replace(/\//g, '');
  if (compact === '' || /^(.)\1*$/.test(compact)) return null;
  const valid = readers[kind](kind === 'pnc' || kind === 'cro' ? text : compact);
  return valid ?? unproven + compact;
}

const readers: Record<IdentifierKind, (text: string) => string | null> = { nhs, upn, nino, pnc, cro };

/** NHS number: weights 10 to 2 on the first nine digits; the check digit is 11 − (sum mod 11), 11 standing for 0. */
function nhs(text: string): string | null {
  if (!/^\d{10}$/.test(text)) return null;
  let sum = 0;
  for (let i = 0; i < 9; i++) sum += Number(text[i]) * (10 - i);
  const check = (11 - (sum % 11)) % 11;
  return check === Number(text[9]) ? text : null;
}

const upnLetters = 'ABCDEFGHJKLMNPQRTUVWXYZ';

/** Unique pupil number: a check letter, then twelve digits, the last of which is a letter in a temporary number. */
function upn(text: string): string | null {
  if (!/^[A-HJ-NP-RT-Z]\d{11}[\dA-HJ-NP-RT-Z]$/.test(text)) return null;
  let sum = 0;
  for (let i = 1; i < 13; i++) {
    const character = text[i] as string;
    const value = /\d/.test(character) ? Number(character) : upnLetters.indexOf(character);
    sum += value * (i + 1);
  }
  return upnLetters[sum % 23] === text[0] ? text : null;
}

/** National Insurance number; it has no check digit, only a form, and the last letter may be missing. */
function nino(text: string): string | null {
  return /^(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]?$/.test(text) ? text.slice(0, 8) : null;
}

const policeLetters = 'ZABCDEFGHJKLMNPQRTUVWXY';

/** PNC id: year, serial of up to seven digits, and a letter that checks the two-digit year and the serial. */
function pnc(text: string): string | null {
  const match = /^(\d{4}|\d{2})\/(\d{1,7})([A-Z])$/.exec(text) ?? /^(\d{4})(\d{7})([A-Z])$/.exec(text);
  if (!match) return null;
  const [, year, serial, letter] = match as unknown as [string, string, string, string];
  const short = Number(year.slice(-2));
  if (policeLetters[(short * 10_000_000 + Number(serial)) % 23] !== letter) return null;
  const century = year.length === 4 ? year : `${short > new Date().getUTCFullYear() % 100 ? 19 : 20}${year}`;
  return `${century}/${serial.padStart(7, '0')}${letter}`;
}

/**
 * CRO number: `NNNNNN/YYL`, or `SFnn/serialL` for files of before computers. The letter checks year and serial, as one number;
 * of file numbers both the padded and the bare serial are in use.
 */
function cro(text: string): string | null {
  const usual = /^(\d{1,6})\/(\d{2})([A-Z])$/.exec(text);
  if (usual) {
    const [, serial, year, letter] = usual as unknown as [string, string, string, string];
    const padded = serial.padStart(6, '0');
    return checks(letter, year + padded) ? `${padded}/${year}${letter}` : null;
  }
  const filed = /^SF(\d{2})\/(\d{1,6})([A-Z])$/.exec(text);
  if (!filed) return null;
  const [, year, serial, letter] = filed as unknown as [string, string, string, string];
  return checks(letter, year + serial) || checks(letter, year + serial.padStart(6, '0')) ? `SF${year}/${Number(serial)}${letter}` : null;
}

function checks(letter: string, digits: string): boolean {
  return policeLetters[Number(digits) % 23] === letter;
}
