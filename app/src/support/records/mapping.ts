import { type Static, Type } from 'typebox';
import Value from 'typebox/value';
import { parse } from 'yaml';
import { ToldError } from '../../platform/told-error.ts';
import { characteristics, type FactKindKey, factKindKeys, faultOfValue, identityKeys } from '../facts/index.ts';

/** A mapping file cannot be used; the message names each fault. */
export class MappingError extends ToldError {
  override name = 'MappingError';
}

const only = { additionalProperties: false };
const Name = Type.String({ minLength: 1, maxLength: 200 });

/** Where a value comes from, and what is done to it before it is used. */
const Cell = Type.Object(
  {
    /** One column; several are joined with a space. Of nested data the path, such as `personal.givenName`. */
    column: Type.Union([Name, Type.Array(Name, { minItems: 1 })]),
    /** Other columns that are looked at in turn where that is empty. */
    or: Type.Optional(Type.Array(Name, { minItems: 1, maxItems: 10 })),
    /** The value is so many per cent of this column: sessions attended of those possible. */
    percent_of: Type.Optional(Name),
    /** Only what stands before, or after, the first of these characters. */
    before: Type.Optional(Type.String({ minLength: 1 })),
    after: Type.Optional(Type.String({ minLength: 1 })),
    /** One word of what is left, counted from 1; `rest` is all but the first. */
    word: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Literal('rest')])),
    /** Reads a date in any common form, day before month. */
    as: Type.Optional(Type.Literal('date')),
    /** The agency's words to ours, whatever their case; a word that is not listed is refused. */
    words: Type.Optional(Type.Record(Type.String(), Type.String())),
    /** The file need not have the column. */
    optional: Type.Optional(Type.Boolean()),
  },
  only,
);
export type Cell = Static<typeof Cell>;

const FactRule = Type.Object(
  {
    /** A list within the row, each element of which states something; columns are read from the element. */
    each: Type.Optional(Name),
    kind: Type.Union([Name, Cell]),
    value: Cell,
    /** The day of the statement. */
    on: Cell,
  },
  only,
);

export const Mapping = Type.Object(
  {
    format: Type.Literal('waymark-mapping-1'),
    name: Name,
    reads: Type.Union([
      Type.Literal('csv'),
      Type.Literal('excel'),
      Type.Literal('json'),
      Type.Literal('ctf'),
      Type.Literal('fhir'),
      Type.Literal('sql'),
    ]),
    /**
     * What a delivery is. `whole list`: everybody the agency has; of whom it leaves out, nothing is said any more. `changes` (unless
     * given): of whom it names it says all, the others stand. `additions`: each row adds to what was said, and takes nothing back.
     */
    delivery: Type.Optional(Type.Union([Type.Literal('whole list'), Type.Literal('changes'), Type.Literal('additions')])),
    /** CSV: the separator, where it is not found by itself. */
    separator: Type.Optional(Type.String({ minLength: 1, maxLength: 1 })),
    /** Excel: the sheet (the first unless given) and the row with the headings, counted from 1. */
    sheet: Type.Optional(Name),
    headings: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    /** JSON: the path of the list of people. */
    list: Type.Optional(Name),
    /** A database: the one SELECT whose columns are read. */
    query: Type.Optional(Type.String({ minLength: 8, maxLength: 20_000 })),
    /** The agency's own number for the record. */
    key: Cell,
    identity: Type.Record(Name, Cell),
    /** The birth date of a parent, to check the person's own by; it is kept nowhere. */
    parent_born: Type.Optional(Cell),
    facts: Type.Optional(Type.Array(FactRule)),
    characteristics: Type.Optional(Type.Record(Name, Cell)),
  },
  only,
);
export type Mapping = Static<typeof Mapping>;

/** Longest mapping, characters: a long one has a few thousand. */
const mappingAtMost = 60_000;

/**
 * Reads a mapping file.
 * @throws MappingError naming every place that is wrong
 */
export function readMapping(text: string): Mapping {
  if (text.length > mappingAtMost)
    throw new MappingError(
      `The mapping has ${text.length.toLocaleString('en-GB')} characters; at most ${mappingAtMost.toLocaleString('en-GB')} are read.`,
    );
  let found: unknown;
  try {
    // Whether a key stands twice is looked for by comparing each with each: not worth it for so many.
    found = parse(text, { maxAliasCount: 20, uniqueKeys: text.length < 20_000 });
  } catch (error) {
    throw new MappingError(`The mapping is no YAML: ${(error as Error).message.split('\n')[0]}`);
  }
  if (!Value.Check(Mapping, found)) {
    const faults = [...Value.Errors(Mapping, found)].slice(0, 5).map((fault) => `${fault.instancePath || 'the file'}: ${fault.message}`);
    throw new MappingError(`The mapping does not fit its form. ${faults.join('; ')}`);
  }
  const faults: string[] = [];
  if ((found.reads === 'sql') !== (found.query !== undefined)) faults.push('query: a mapping that reads sql has one, and no other');
  for (const field of Object.keys(found.identity)) {
    if (!(identityKeys as string[]).includes(field)) faults.push(`identity: "${field}" is none of ${identityKeys.join(', ')}`);
  }
  for (const [i, rule] of (found.facts ?? []).entries()) {
    const kinds = typeof rule.kind === 'string' ? [rule.kind] : Object.values(rule.kind.words ?? {});
    if (kinds.length === 0) faults.push(`facts[${i}].kind needs words that say which kind each is`);
    for (const kind of kinds) {
      if (!isFactKind(kind)) faults.push(`facts[${i}]: "${kind}" is none of ${factKindKeys.join(', ')}`);
      else if (kinds.length === 1) {
        for (const value of Object.values(rule.value.words ?? {})) {
          // An empty meaning: the word states nothing.
          const fault = value === '' ? null : faultOfValue(kind, value);
          if (fault) faults.push(`facts[${i}].value: "${value}" ${fault}`);
        }
      }
    }
  }
  for (const name of Object.keys(found.characteristics ?? {})) {
    if (!Object.hasOwn(characteristics, name))
      faults.push(`characteristics: "${name}" is none of ${Object.keys(characteristics).join(', ')}`);
  }
  if (faults.length > 0) throw new MappingError(`The mapping cannot be used. ${faults.join('; ')}`);
  return found;
}

export function isFactKind(kind: string): kind is FactKindKey {
  return (factKindKeys as string[]).includes(kind);
}

/** One row as a file gives it: a column, or the path to a value; a list of rows where it holds several. */
export interface RawRow {
  /** Where it stands: a line, a row of a sheet, or the number of the element. */
  place: number;
  get(column: string): string | null;
  /** Rows of a list within this one. */
  each(list: string): Omit<RawRow, 'place' | 'each'>[];
}

/** All columns that a mapping reads from a row, and whether a file must have them. */
export function columnsOf(mapping: Mapping): { column: string; optional: boolean }[] {
  const cells: Cell[] = [
    mapping.key,
    ...Object.values(mapping.identity),
    ...Object.values(mapping.characteristics ?? {}),
    ...(mapping.parent_born ? [mapping.parent_born] : []),
  ];
  const lists: string[] = [];
  for (const rule of mapping.facts ?? []) {
    if (rule.each) lists.push(rule.each);
    else cells.push(rule.value, rule.on, ...(typeof rule.kind === 'string' ? [] : [rule.kind]));
  }
  const named = cells.flatMap(({ column, or = [], percent_of, optional = false }) => [
    ...[column].flat().map((name) => ({ column: name, optional: optional || or.length > 0 })),
    ...or.map((name) => ({ column: name, optional: true })),
    ...(percent_of ? [{ column: percent_of, optional }] : []),
  ]);
  return [...named, ...lists.map((column) => ({ column, optional: true }))];
}
