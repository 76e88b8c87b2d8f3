import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IntlMessageFormat } from 'intl-messageformat';
import { describe, expect, test } from 'vitest';
import { allWords } from '../words.ts';
import { languages, speechIn, textsIn } from './speak.ts';

const folder = join(import.meta.dirname, '..');
/** What templates say as it stands in them: t('…') and say('…'). */
const templates = readdirSync(folder)
  .filter((name) => name.endsWith('.njk'))
  .map((name) => join(folder, name));
const literals = [...templates, join(folder, '../web/layout.njk')].flatMap((path) =>
  [...readFileSync(path, 'utf8').matchAll(/(?:\b(?:t|say)|\(t or plain\))\('([^']+)'/g)].map(([, text]) => text as string),
);
/** What is to be filled in, by name; of a plural each once. */
function fields(text: string): string[] {
  const names = new Set<string>();
  const walk = (parts: ReturnType<IntlMessageFormat['getAst']>) => {
    for (const part of parts) {
      if (part.type !== 0 && 'value' in part) names.add(part.value);
      if ('options' in part && part.options) for (const option of Object.values(part.options)) walk(option.value);
    }
  };
  walk(new IntlMessageFormat(text, 'en', undefined, { ignoreTag: true }).getAst());
  return [...names].sort();
}

describe.each(languages.filter((own) => own !== 'en'))('what the person reads, in %s', (language) => {
  const texts = textsIn(language as 'cy' | 'ur');
  test('every text of the pages stands in it', () => {
    expect(literals.length).toBeGreaterThan(150);
    const missing = [...new Set([...literals, ...allWords()])].filter((text) => !texts.has(text));
    expect(missing).toEqual([]);
  });

  test('each has the same things to fill in, and is not the English one again', () => {
    for (const [english, own] of texts) {
      expect(fields(own), english).toEqual(fields(english));
      if (english.length > 12) expect(own, english).not.toBe(english);
    }
  });

  test('each is said with anything filled in', () => {
    const { t } = speechIn(language, 'Europe/London');
    for (const english of texts.keys())
      for (const number of [0, 1, 2, 3, 6, 11, 100])
        expect(
          t(english, Object.fromEntries(fields(english).map((name) => [name, name === 'number' ? number : 'X']))),
          english,
        ).not.toMatch(/[{}#]/);
  });
});

describe('what the person reads', () => {
  test('texts and days are said in the language asked for; what is missing is said in English', () => {
    const cy = speechIn('cy', 'Europe/London');
    expect(cy.t('The battery is at {percent}%.', { percent: 40 })).toBe('Mae’r batri ar 40%.');
    expect(cy.t('No such text {n}.', { n: 1 })).toBe('No such text 1.');
    expect(cy.longDate('2026-11-22')).toMatch(/Tach/);
    const en = speechIn('en', 'Europe/London');
    expect(en.t('The battery is at {percent}%.', { percent: 40 })).toBe('The battery is at 40%.');
    expect(en.longDate(null)).toBe('–');
    const day = (number: number) =>
      en.t('Your tag told us {number, plural, one {one place} other {# places}} on {day}.', { number, day: '1 May' });
    expect([day(1), day(2340)]).toEqual(['Your tag told us one place on 1 May.', 'Your tag told us 2,340 places on 1 May.']);
  });

  test('from right to left, a number to ring keeps its own way', () => {
    const ur = speechIn('ur', 'Europe/London');
    expect([ur.direction, ur.clock('2026-11-22T19:05:00Z')]).toEqual(['rtl', '19:05']);
    expect(ur.t('We send reminders to {target}.', { target: '+447700900123' })).toContain('\u2068+447700900123\u2069');
    expect(speechIn('cy', 'Europe/London').t('We send reminders to {target}.', { target: '+447700900123' })).not.toContain('\u2068');
  });

  test('no text stands outside the catalogue: between the tags of a template there is nothing but what it says through t', () => {
    for (const name of readdirSync(folder).filter((own) => own.endsWith('.njk'))) {
      const left = readFileSync(join(folder, name), 'utf8')
        // First what stands in quotation marks: a plural has curly brackets of its own.
        .replace(/'[^'\n]*'/g, ' ')
        .replace(/\{%[\s\S]*?%\}|\{\{[\s\S]*?\}\}/g, ' ')
        .replace(/<[^>]*>/g, ' ');
      expect(left.match(/\p{L}{2,}/gu) ?? [], name).toEqual([]);
    }
  });
});
