import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IntlMessageFormat } from 'intl-messageformat';
import { parse } from 'yaml';

/** A language in which people can read their own pages: what it calls itself, and which way it is written. */
interface Written {
  name: string;
  direction: 'ltr' | 'rtl';
  /** By which days, times and numbers are written. */
  locale: string;
}

export const languages = ['en', 'cy', 'ur'] as const;
export type Language = (typeof languages)[number];

export const written: Record<Language, Written> = {
  en: { name: 'English', direction: 'ltr', locale: 'en-GB' },
  cy: { name: 'Cymraeg', direction: 'ltr', locale: 'cy' },
  // Digits as on the tag and on the clock.
  ur: { name: 'اردو', direction: 'rtl', locale: 'ur-u-nu-latn' },
};

const known = new Map<Language, Map<string, string>>();

/** Every text that stands in a language, by its English one; English itself needs none. */
export function textsIn(language: Exclude<Language, 'en'>): Map<string, string> {
  let texts = known.get(language);
  if (!texts) {
    const file = readFileSync(join(import.meta.dirname, `${language}.yaml`), 'utf8');
    texts = new Map(Object.entries(parse(file) as Record<string, string>));
    known.set(language, texts);
  }
  return texts;
}

export type Say = (text: string, values?: Record<string, string | number>) => string;

/** What pages for the person say, in one language: texts by their English words, and days as people write them. */
export interface Speech {
  language: Language;
  direction: Written['direction'];
  t: Say;
  longDate: (value: unknown) => string;
  shortTime: (value: unknown) => string;
  dateTime: (value: unknown) => string;
  clock: (value: unknown) => string;
}

/** The words of any language that somebody may have chosen. */
export function speakIn(timeZone: string): (language: string) => Speech {
  const speeches = new Map(languages.map((language) => [language as string, speechIn(language, timeZone)]));
  return (language) => speeches.get(language) ?? (speeches.get('en') as Speech);
}

/** A value within words that go the other way keeps its own: a number to ring would be turned around (Unicode UAX #9, isolates). */
const isolated = (value: string): string => `\u2068${value}\u2069`;

export function speechIn(language: Language, timeZone: string): Speech {
  const { locale, direction } = written[language];
  const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, { timeZone, hourCycle: 'h23', ...options });
  const when = (own: Intl.DateTimeFormat) => (value: unknown) => {
    const date = value instanceof Date ? value : new Date(value as number | string);
    return value === null || value === undefined || Number.isNaN(date.getTime()) ? '–' : own.format(date);
  };
  /** Texts as they are filled in, by their English words. Words with nothing to fill in are said as they stand. */
  const messages = new Map<string, IntlMessageFormat>();
  const t: Say = (text, values = {}) => {
    const own = language === 'en' ? text : (textsIn(language).get(text) ?? text);
    if (!own.includes('{')) return own;
    let message = messages.get(text);
    if (!message) {
      message = new IntlMessageFormat(own, locale, undefined, { ignoreTag: true });
      messages.set(text, message);
    }
    const filled = Object.entries(values).map(([name, value]) => [
      name,
      direction === 'rtl' && typeof value === 'string' ? isolated(value) : value,
    ]);
    return String(message.format(Object.fromEntries(filled)));
  };
  return {
    language,
    direction,
    t,
    longDate: when(format({ dateStyle: 'medium' })),
    shortTime: when(format({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })),
    dateTime: when(format({ dateStyle: 'medium', timeStyle: 'short' })),
    clock: when(format({ hour: '2-digit', minute: '2-digit' })),
  };
}
