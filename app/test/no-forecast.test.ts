import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { recordsForTest } from './serve-for-test.ts';

/**
 * No forecast of a person, and no score of risk: nowhere stored, in no answer, on no page. Whatever speaks of one says that there is none.
 */
const src = join(import.meta.dirname, '../src');
/** What would foretell, or rank people by what they may do. */
const foretelling =
  /forecast|foretell|predict|propensit|re-?offend|recidiv|dangerous|likely to (commit|offend)|risk[ _-]?(score|level|rating|band|rank)/i;
const denying = /\b(no|not|never|nothing|nobody|none|neither|without|cannot)\b/i;
/** Where such words are about something else, with what. */
const aboutElse: Record<string, string> = {
  'oversight/worth/figures.yaml': 'published figures on tagging as such, of groups and not of a person',
};

const filesOf = (folder: string, ending: RegExp): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));

/** Sentences that somebody reads: of templates and texts all, of programs what stands in quotation marks. */
function sentencesOf(path: string): string[] {
  const whole = readFileSync(path, 'utf8');
  const told = path.endsWith('.ts')
    ? [...whole.replace(/^\s*(\/\/|\*|\/\*).*$/gm, '').matchAll(/'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`/g)]
        .map(([, plain, template]) => plain ?? template ?? '')
        .join('\n')
    : whole.replace(/\{[{%][\s\S]*?[%}]\}/g, ' ').replace(/<[^>]*>/g, '\n');
  return told.split(/(?<=[.!?;])\s|\n/).map((sentence) => sentence.trim());
}

const faultsIn = (sentences: readonly string[]) => sentences.filter((sentence) => foretelling.test(sentence) && !denying.test(sentence));

describe('no forecast of a person', () => {
  test('this test sees one where it stands', () => {
    expect(
      faultsIn(['Risk score: 7', 'Likely to offend again', 'A need is no forecast of anything.', 'There is no score of risk.']),
    ).toEqual(['Risk score: 7', 'Likely to offend again']);
  });

  test('no column of any table holds one', async () => {
    const database = await recordsForTest();
    const { rows } = (await database.executeSql(
      "SELECT table_schema || '.' || table_name || '.' || column_name AS name FROM information_schema.columns WHERE table_schema IN ('supervision', 'support', 'oversight', 'platform')",
    )) as { rows: { name: string }[] };
    await database.close();
    expect(rows.length).toBeGreaterThan(400);
    expect(rows.filter(({ name }) => foretelling.test(name) || /(^|[._])risk/i.test(name)).map(({ name }) => name)).toEqual([]);
  });

  test('no answer to a program has one', () => {
    const names = (value: unknown): string[] =>
      value === null || typeof value !== 'object'
        ? []
        : Object.entries(value).flatMap(([name, inner]) => [
            ...(name === 'properties' ? Object.keys(inner as object) : []),
            ...names(inner),
          ]);
    const fields = filesOf(src, /^api-answers\.json$/).flatMap((path) => names(JSON.parse(readFileSync(path, 'utf8'))));
    expect(fields.length).toBeGreaterThan(100);
    expect(fields.filter((name) => foretelling.test(name) || /^risk/i.test(name))).toEqual([]);
  });

  test('whatever people read of one says that there is none', () => {
    const files = filesOf(src, /\.(njk|yaml|ts)$/).filter((path) => !/\.test\.ts$/.test(path));
    expect(files.length).toBeGreaterThan(500);
    const found = files.flatMap((path) => {
      const name = relative(src, path);
      return name in aboutElse ? [] : faultsIn(sentencesOf(path)).map((sentence) => `${name}: ${sentence.slice(0, 160)}`);
    });
    expect(found).toEqual([]);
  });

  test('the page of needs and of the person say why there is none', () => {
    for (const page of ['support/people/page/people.njk', 'support/people/page/person.njk'])
      expect(readFileSync(join(src, page), 'utf8')).toMatch(/no forecast|predicts nothing/i);
  });
});
