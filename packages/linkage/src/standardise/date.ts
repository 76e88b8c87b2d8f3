const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Dates that systems write where nobody knew one. */
const placeholders = new Set([
  '1900-01-01',
  '1899-12-30',
  '1899-12-31',
  '1901-01-01',
  '1753-01-01',
  '1111-11-11',
  '9999-12-31',
  '9999-09-09',
]);

/**
 * A date as `YYYY-MM-DD`, read from `2010-03-04`, `20100304`, `04/03/2010`, `4.3.10`, `4 Mar 2010`, `March 4, 2010`, with or
 * without a time. Day before month, as in the UK, unless only the other order gives a date.
 *
 * Eight digits that no calendar has, such as `2010-02-31`, are kept as written: a typing error still tells something.
 * Placeholders such as 1900-01-01, and what is no date at all, give `null`.
 */
export function standardDate(raw: string): string | null {
  const text = raw.slice(0, 60).trim().toLowerCase();
  const found = iso(text) ?? digits(text) ?? numeric(text) ?? worded(text);
  return found === null || placeholders.has(found) || found.startsWith('0000') ? null : found;
}

/** Is this a day that the calendar has? `date` as `YYYY-MM-DD`. */
export function isCalendarDate(date: string): boolean {
  const [year, month, day] = [Number(date.slice(0, 4)), Number(date.slice(5, 7)), Number(date.slice(8, 10))];
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function iso(text: string): string | null {
  const match = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:$|[t\s])/.exec(text);
  return match ? write(Number(match[1]), Number(match[2]), Number(match[3])) : null;
}

function digits(text: string): string | null {
  const match = /^(\d{4})(\d{2})(\d{2})(?:\.0+)?$/.exec(text);
  if (!match) return null;
  const [, year, month, day] = match.map(Number) as [number, number, number, number];
  const asWritten = write(year, month, day);
  if (year >= 1800 && year <= 2200) return asWritten;
  // Perhaps the day stands first.
  const turned = write(Number(text.slice(4, 8)), Number(text.slice(2, 4)), Number(text.slice(0, 2)));
  return isCalendarDate(turned) && turned > '1800' ? turned : asWritten;
}

function numeric(text: string): string | null {
  const match = /^(\d{1,2})[-/.\s](\d{1,2})[-/.\s](\d{4}|\d{2})(?:$|[t\s])/.exec(text);
  if (!match) return null;
  const [first, second] = [Number(match[1]), Number(match[2])];
  const year = fullYear(match[3] as string);
  return first <= 12 && second > 12 ? write(year, first, second) : write(year, second, first);
}

function worded(text: string): string | null {
  const dayFirst = /^(\d{1,2})(?:st|nd|rd|th)?[\s-]+([a-z]{3})[a-z]*\.?,?[\s-]+(\d{4}|\d{2})(?:$|\s)/.exec(text);
  const monthFirst = /^([a-z]{3})[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4}|\d{2})(?:$|\s)/.exec(text);
  const [day, month, year] = dayFirst
    ? [dayFirst[1], dayFirst[2], dayFirst[3]]
    : monthFirst
      ? [monthFirst[2], monthFirst[1], monthFirst[3]]
      : [];
  const index = months.indexOf(month ?? '');
  return index < 0 ? null : write(fullYear(year as string), index + 1, Number(day));
}

/** Two digits are taken to be in the past: a birth date is what such a field mostly holds. */
function fullYear(digits: string): number {
  if (digits.length === 4) return Number(digits);
  const now = new Date().getUTCFullYear();
  const year = Math.floor(now / 100) * 100 + Number(digits);
  return year > now ? year - 100 : year;
}

function write(year: number, month: number, day: number): string {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}
