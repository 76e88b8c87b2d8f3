import { globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as TJS from 'typescript-json-schema';

const sources = join(import.meta.dirname, '../../app/src');
/** Type definitions of others name their modules; a schema's name is the type's own. */
const ownName = (name: string) => name.replace(/^.*\)\./, '').replace(/[^A-Za-z0-9_]/g, '_');

/**
 * What the API answers, as JSON Schema (2020-12, as OpenAPI 3.1 has it), written from the types in each half's `api-answers.ts`.
 * @returns the text of each `api-answers.json`, by its path
 */
export function describeAnswers(): Map<string, string> {
  const files = globSync('*/api-answers.ts', { cwd: sources }).sort();
  const compiler = {
    target: 'esnext',
    module: 'nodenext',
    moduleResolution: 'nodenext',
    lib: ['lib.esnext.d.ts'],
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
  };
  const program = TJS.getProgramFromFiles(
    files.map((file) => join(sources, file)),
    compiler,
    sources,
  );
  return new Map(
    files.map((file) => {
      const half = basename(dirname(file));
      const type = `${half[0]?.toUpperCase()}${half.slice(1)}Answers`;
      // A generator of its own for each: what one half describes is not told by the other.
      const generator = TJS.buildGenerator(program, { required: true, strictNullChecks: true, noExtraProps: true, ignoreErrors: true });
      const schema = generator?.getSchemaForSymbol(type);
      if (!schema?.properties) throw new Error(`${file} describes nothing called ${type}.`);
      return [file.replace(/\.ts$/, '.json'), `${JSON.stringify(settled(schema, type), null, 2)}\n`];
    }),
  );
}

interface Described {
  operations: Record<string, unknown>;
  schemas: Record<string, unknown>;
}

function settled({ properties = {}, definitions = {} }: TJS.Definition, type: string): Described {
  const names = new Map(Object.keys(definitions).map((name) => [name, ownName(name)]));
  if (new Set(names.values()).size < names.size) throw new Error(`Two types that ${type} leads to have the same name.`);
  const rename = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(rename);
    if (typeof value !== 'object' || value === null) return value;
    // A record of anything has no properties of its own, and may have any.
    if (
      'type' in value &&
      value.type === 'object' &&
      !('properties' in value) &&
      'additionalProperties' in value &&
      value.additionalProperties === false
    )
      return { ...value, additionalProperties: true };
    return Object.fromEntries(
      Object.entries(value).map(([key, own]) => {
        // What stands at each place of a pair or a triple has a word of its own since 2020-12.
        if (key === 'items' && Array.isArray(own)) return ['prefixItems', rename(own)];
        if (key === 'additionalItems') return ['items', rename(own)];
        if (key !== '$ref' || typeof own !== 'string') return [key, rename(own)];
        const name = decodeURIComponent(own.replace('#/definitions/', ''));
        return [key, `#/components/schemas/${names.get(name) ?? ownName(name)}`];
      }),
    );
  };
  return {
    operations: rename(properties) as Record<string, unknown>,
    schemas: Object.fromEntries(Object.entries(definitions).map(([name, own]) => [names.get(name), rename(own)])),
  };
}
