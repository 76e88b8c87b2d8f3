import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const languages = ['en', 'cy'] as const;
export type Language = (typeof languages)[number];

let welsh: Map<string, string> | undefined;

/** Every text that stands in Welsh, by its English one. */
export function welshTexts(): Map<string, string> {
  welsh ??= new Map(Object.entries(parse(readFileSync(join(import.meta.dirname, 'cy.yaml'), 'utf8')) as Record<string, string>));
  return welsh;
}

export type Say = (text: string, values?: Record<string, string | number>) => string;

/** What pages for the person say, in one language: texts by their English words, and days as people write them. */
export interface Speech {
  language: Language;
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

export function speechIn(language: Language, timeZone: string): Speech {
  const locale = language === 'cy' ? 'cy' : 'en-GB';
  const day = new Intl.DateTimeFormat(locale, { timeZone, dateStyle: 'medium' });
  const short = new Intl.DateTimeFormat(locale, { timeZone, day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
  const moment = new Intl.DateTimeFormat(locale, { timeZone, dateStyle: 'medium', timeStyle: 'short' });
  const clock = new Intl.DateTimeFormat(locale, { timeZone, hour: '2-digit', minute: '2-digit' });
  const when = (format: Intl.DateTimeFormat) => (value: unknown) => {
    const date = value instanceof Date ? value : new Date(value as number | string);
    return value === null || value === undefined || Number.isNaN(date.getTime()) ? '–' : format.format(date);
  };
  const t: Say = (text, values = {}) => {
    const own = language === 'cy' ? (welshTexts().get(text) ?? text) : text;
    return own.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  };
  return { language, t, longDate: when(day), shortTime: when(short), dateTime: when(moment), clock: when(clock) };
}
