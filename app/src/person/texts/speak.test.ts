import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allWords } from '../words.ts';
import { speechIn, welshTexts } from './speak.ts';

const folder = join(import.meta.dirname, '..');
/** What templates say as it stands in them: t('…') and say('…'). */
const templates = readdirSync(folder)
  .filter((name) => name.endsWith('.njk'))
  .map((name) => join(folder, name));
const literals = [...templates, join(folder, '../web/layout.njk')].flatMap((path) =>
  [...readFileSync(path, 'utf8').matchAll(/(?:\b(?:t|say)|\(t or plain\))\('([^']+)'/g)].map(([, text]) => text as string),
);
const fields = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

describe('what the person reads, in two languages', () => {
  test('every text of the pages stands in Welsh', () => {
    expect(literals.length).toBeGreaterThan(150);
    const missing = [...new Set([...literals, ...allWords()])].filter((text) => !welshTexts().has(text));
    expect(missing).toEqual([]);
  });

  test('each has the same things to fill in, and is not the English one again', () => {
    for (const [english, welsh] of welshTexts()) {
      expect(fields(welsh), english).toEqual(fields(english));
      if (english.length > 12) expect(welsh, english).not.toBe(english);
    }
  });

  test('texts and days are said in the language asked for; what is missing is said in English', () => {
    const cy = speechIn('cy', 'Europe/London');
    expect(cy.t('The battery is at {percent}%.', { percent: 40 })).toBe('Mae’r batri ar 40%.');
    expect(cy.t('No such text {n}.', { n: 1 })).toBe('No such text 1.');
    expect(cy.longDate('2026-11-22')).toMatch(/Tach/);
    const en = speechIn('en', 'Europe/London');
    expect(en.t('The battery is at {percent}%.', { percent: 40 })).toBe('The battery is at 40%.');
    expect(en.longDate(null)).toBe('–');
  });

  test('no text stands outside the catalogue: between the tags of a template there is nothing but what it says through t', () => {
    for (const name of readdirSync(folder).filter((own) => own.endsWith('.njk'))) {
      const left = readFileSync(join(folder, name), 'utf8')
        .replace(/\{%[\s\S]*?%\}|\{\{[\s\S]*?\}\}/g, ' ')
        .replace(/<[^>]*>/g, ' ');
      expect(left.match(/\p{L}{2,}/gu) ?? [], name).toEqual([]);
    }
  });
});
