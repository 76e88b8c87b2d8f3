import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseSync } from '@swc/core';
import { type Static, Type } from 'typebox';
import Value from 'typebox/value';
import { parse } from 'yaml';

/**
 * `npm run safeguards`: the rules that protect people, each with the tests that hold it. Fails when a rule has no test and no
 * reason why, when a named test is not there, or, with the results of a run (`--results FILE`), when one did not pass.
 * With `--brief` it prints what is not held yet, and nothing else.
 */
const Rules = Type.Array(
  Type.Object(
    {
      rule: Type.Integer({ minimum: 1 }),
      says: Type.String({ minLength: 10 }),
      'held-by': Type.Optional(Type.Array(Type.Record(Type.String(), Type.String()), { minItems: 1 })),
      'not-yet': Type.Optional(Type.String({ minLength: 10 })),
    },
    { additionalProperties: false },
  ),
);

const root = join(import.meta.dirname, '../../..');
/** The rules that there are, so that none can be dropped from the list. */
const rulesThereAre = 33;

export interface TestResult {
  file: string;
  title: string;
  status: string;
}

/** Titles of the tests in a file, as its calls of `test` name them. */
export function titlesIn(source: string): Set<string> {
  const titles = new Set<string>();
  const isTest = (callee: unknown): boolean => {
    const { type, value, object, callee: inner } = callee as { type: string; value?: string; object?: unknown; callee?: unknown };
    if (type === 'Identifier') return value === 'test';
    if (type === 'MemberExpression') return isTest(object);
    return type === 'CallExpression' && isTest(inner);
  };
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const call = node as { type?: string; callee?: unknown; arguments?: { expression: { type: string; value?: string } }[] };
    const first = call.arguments?.[0]?.expression;
    if (call.type === 'CallExpression' && first?.type === 'StringLiteral' && isTest(call.callee)) titles.add(first.value ?? '');
    // Of a list these are its elements.
    for (const value of Object.values(node)) visit(value);
  };
  visit(parseSync(source, { syntax: 'typescript' }));
  return titles;
}

export interface Checked {
  rule: number;
  says: string;
  tests: { file: string; title: string }[];
  notYet: string | null;
}

/** Reads the list and tells what is wrong with it; the reader of files can be another, for a test of this. */
export function checkRules(
  text: string,
  read: (file: string) => string,
  results: readonly TestResult[] | null = null,
): { rules: Checked[]; faults: string[] } {
  const found = parse(text);
  if (!Value.Check(Rules, found)) {
    return { rules: [], faults: [...Value.Errors(Rules, found)].map((error) => `${error.instancePath || 'the list'}: ${error.message}`) };
  }
  const faults: string[] = [];
  const known = new Map<string, Set<string> | null>();
  const titlesOf = (file: string) => {
    if (!known.has(file)) {
      try {
        known.set(file, titlesIn(read(file)));
      } catch {
        known.set(file, null);
      }
    }
    return known.get(file) ?? null;
  };
  const rules = (found as Static<typeof Rules>).map((own): Checked => {
    const tests = (own['held-by'] ?? []).flatMap((pair) => Object.entries(pair).map(([file, title]) => ({ file, title })));
    const notYet = own['not-yet'] ?? null;
    if (tests.length === 0 && notYet === null) faults.push(`rule ${own.rule} has no test, and no reason why it is not held yet`);
    for (const { file, title } of tests) {
      const titles = titlesOf(file);
      if (!titles) faults.push(`rule ${own.rule}: there is no file ${file}`);
      else if (!titles.has(title)) faults.push(`rule ${own.rule}: ${file} has no test “${title}”`);
      const ran = results?.filter((result) => result.file === file && result.title === title) ?? [];
      if (results && !file.includes('/browser/') && !ran.some(({ status }) => status === 'passed'))
        faults.push(`rule ${own.rule}: “${title}” did not pass in this run`);
      if (ran.some(({ status }) => status === 'failed')) faults.push(`rule ${own.rule}: “${title}” failed in this run`);
    }
    return { rule: own.rule, says: own.says, tests, notYet };
  });
  for (let rule = 1; rule <= rulesThereAre; rule++) {
    const count = rules.filter((own) => own.rule === rule).length;
    if (count !== 1) faults.push(`rule ${rule} stands ${count} times on the list`);
  }
  return { rules, faults };
}

interface VitestReport {
  testResults: { name: string; assertionResults: { title: string; status: string }[] }[];
}

function readResults(path: string): TestResult[] {
  const report = JSON.parse(readFileSync(path, 'utf8')) as VitestReport;
  return report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ title, status }) => ({ file: relative(root, name).replaceAll('\\', '/'), title, status })),
  );
}

function main(args: string[]): void {
  const at = args.indexOf('--results');
  const results = at >= 0 ? readResults(args[at + 1] as string) : null;
  const list = readFileSync(join(import.meta.dirname, 'rules.yaml'), 'utf8');
  const { rules, faults } = checkRules(list, (file) => readFileSync(join(root, file), 'utf8'), results);
  const held = rules.filter(({ tests }) => tests.length > 0);
  if (!args.includes('--brief')) {
    for (const { rule, says, tests, notYet } of rules) {
      console.log(`\n${String(rule).padStart(2)}. ${says}`);
      for (const { file, title } of tests) console.log(`    held by  ${title}  (${file})`);
      if (notYet) console.log(`    NOT YET  ${notYet}`);
    }
  }
  console.log(`\nSafeguards: ${held.length} of ${rulesThereAre} rules are held by tests.`);
  for (const { rule, notYet } of rules) if (notYet) console.log(`  not yet held, rule ${rule}: ${notYet}`);
  for (const fault of faults) console.error(`  ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
}

if (process.argv[1] === import.meta.filename) main(process.argv.slice(2));
