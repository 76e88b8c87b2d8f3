import { describe, expect, test } from 'vitest';
import { checkRules, titlesIn } from './check-safeguards.ts';

const source = `
import { test } from 'vitest';
test('one that is there', () => {});
test.skipIf(!here)("another's", async () => {});
test.each([1])('of %i', () => {});
expect(test.name).toBe('not a test');
// test('only talked about', () => {});
`;
const rule = (number: number, rest: object = { 'not-yet': 'It is not built yet.' }) => ({
  rule: number,
  says: 'Something that holds.',
  ...rest,
});
const all = (first: object) => JSON.stringify([first, ...Array.from({ length: 32 }, (_, i) => rule(i + 2))]);
const check = (first: object, results: Parameters<typeof checkRules>[2] = null) => checkRules(all(first), () => source, results).faults;
const held = rule(1, { 'held-by': [{ 'a.test.ts': 'one that is there' }] });

describe('the list of safeguards', () => {
  test('titles are those of calls, not of comments or other words', () => {
    expect([...titlesIn(source)]).toEqual(['one that is there', "another's", 'of %i']);
  });

  test('a rule with its test is held; one with a reason is not yet', () => {
    expect(check(held)).toEqual([]);
    expect(check(rule(1))).toEqual([]);
  });

  test('a rule without a test, a test that is not there, a rule that is missing: each is a fault', () => {
    expect(check(rule(1, {}))).toEqual(['rule 1 has no test, and no reason why it is not held yet']);
    expect(check(rule(1, { 'held-by': [{ 'a.test.ts': 'only talked about' }] }))).toEqual([
      'rule 1: a.test.ts has no test “only talked about”',
    ]);
    expect(check(rule(2))).toEqual(expect.arrayContaining(['rule 1 stands 0 times on the list', 'rule 2 stands 2 times on the list']));
    const gone = checkRules(all(held), () => {
      throw new Error('no such file');
    });
    expect(gone.faults).toEqual(['rule 1: there is no file a.test.ts']);
  });

  test('in a run each named test must have passed, and none may have failed', () => {
    const result = (status: string) => ({ file: 'a.test.ts', title: 'one that is there', status });
    expect(check(held, [result('passed')])).toEqual([]);
    expect(check(held, [result('passed'), result('failed')])).toEqual(['rule 1: “one that is there” failed in this run']);
    expect(check(held, [result('skipped')])).toEqual(['rule 1: “one that is there” did not pass in this run']);
    expect(check(held, [])).toEqual(['rule 1: “one that is there” did not pass in this run']);
  });
});
