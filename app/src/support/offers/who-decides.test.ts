import { describe, expect, test } from 'vitest';
import { mayAgree, mayBeTold } from './who-decides.ts';

describe('age and capacity decide who is told and who agrees', () => {
  test.each([
    [30, 'a parent or carer', 'by letter', /are told themselves/],
    [16, 'a parent or carer', 'by letter', /are told themselves/],
    [17, 'a parent or carer', 'lacks capacity: told the deputy', null],
    [3, 'the person', 'in person', /a parent or carer is told/],
    [3, 'a parent or carer', 'in person', null],
    [14, 'the person', 'in person', null],
    [14, 'a parent or carer', 'in person', null],
    [null, 'a parent or carer', 'in person', null],
  ] as const)('at %s %s may be told, %s', (age, whom, how, fault) => {
    if (fault) expect(() => mayBeTold(age, whom, how)).toThrow(fault);
    else expect(() => mayBeTold(age, whom, how)).not.toThrow();
  });

  test.each([
    [3, 'consent', 'he said yes', /a parent agrees/],
    [3, 'parental consent', 'the mother', null],
    [14, 'consent', 'she said yes', /understand/],
    [14, 'consent', 'she understands what it is for', null],
    [20, 'parental consent', 'the mother', /their own consent/],
    [20, 'consent', 'by phone', null],
    [20, 'public task', 'by phone', null],
    [null, 'consent', 'by phone', null],
  ] as const)('at %s with %s, “%s”', (age, basis, note, fault) => {
    if (fault) expect(() => mayAgree(age, basis, note)).toThrow(fault);
    else expect(() => mayAgree(age, basis, note)).not.toThrow();
  });
});
