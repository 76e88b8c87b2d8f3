import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { modelVersion } from '@waymark/presence';
import { expect, test } from 'vitest';
import { measured } from './measured.ts';

const analysts = readFileSync(join(import.meta.dirname, '../../../../docs/analysts.md'), 'utf8');

test('what is published is of the model that judges', () => {
  expect(measured.model).toBe(modelVersion);
});

test('the page and the docs tell the same figures', () => {
  const part = analysts.split('## How well does it know?')[1]?.split('\n## ')[0] ?? '';
  for (const { every, rightOf, foundOf, fixFinds, lineFinds, lineRight, excluded } of measured.rows)
    expect(part).toContain(`| ${every} | ${rightOf} % | ${foundOf} % | ${fixFinds} % | ${lineFinds} % / ${lineRight} % | ${excluded} % |`);
  const { windows, moments, clockAMinuteOut } = measured.wronglyExcluded;
  expect(windows.count).toBe(0);
  const of = (count: number) => count.toLocaleString('en-GB');
  expect(part).toContain(`none of ${of(windows.of)} who were truly there`);
  expect(part).toContain(`${moments.count} of ${of(moments.of)} at exact moments`);
  expect(part).toContain(`${clockAMinuteOut.count} of ${of(clockAMinuteOut.of)} where the tag's clock was a minute out`);
  expect(part).toContain(`${of(measured.questions)} questions about the ${measured.reportedOn} people`);
  expect(part).toContain(`GPS logs of ${measured.people} people`);
});
