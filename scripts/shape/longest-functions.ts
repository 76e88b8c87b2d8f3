import { parseSync } from '@swc/core';
import type { SourceFile } from './read-folders.ts';

export interface LongFunction {
  path: string;
  name: string;
  line: number;
  lines: number;
}

interface Node {
  type: string;
  span?: { start: number; end: number };
  identifier?: { value?: string };
  key?: { value?: string };
  id?: { value?: string };
  init?: Node;
  body?: unknown;
}

const functions = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ClassMethod',
  'PrivateMethod',
  'Constructor',
  'MethodProperty',
]);

/** Every function with a body, with how many lines it takes from its first to its last. */
export function functionsOf({ path, text }: SourceFile): LongFunction[] {
  const bytes = Buffer.from(text);
  const module = parseSync(text, { syntax: 'typescript', target: 'es2024' });
  // Positions go on from file to file; the first token stands where the first that is no comment does.
  const first = module.body[0];
  if (!first) return [];
  const offset = first.span.start - firstToken(text);
  const lineAt = (position: number) =>
    bytes
      .subarray(0, position - offset)
      .toString('utf8')
      .split('\n').length;
  const found: LongFunction[] = [];
  const visit = (node: unknown, name: string): void => {
    if (Array.isArray(node)) {
      for (const one of node) visit(one, name);
      return;
    }
    if (node === null || typeof node !== 'object') return;
    const own = node as Node;
    const called = own.identifier?.value ?? own.id?.value ?? own.key?.value ?? name;
    if (functions.has(own.type) && own.span) {
      const line = lineAt(own.span.start);
      found.push({ path, name: called, line, lines: lineAt(own.span.end) - line + 1 });
    }
    for (const value of Object.values(own)) if (value !== own.span) visit(value, called);
  };
  visit(module.body, '');
  return found;
}

/** Byte at which the first token stands, after comments and blank space. */
function firstToken(text: string): number {
  const before = /^(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/|#![^\n]*\n)*/.exec(text)?.[0] ?? '';
  return Buffer.byteLength(before) + 1;
}
