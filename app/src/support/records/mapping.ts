import { isCalendarDate, standardDate, standardIdentifier, unproven } from '@waymark/linkage';
import { type Static, Type } from 'typebox';
import Value from 'typebox/value';
import { parse } from 'yaml';
import { isDay } from '../../platform/days.ts';
import { storable } from '../../platform/storable.ts';
import {
  type Characteristic,
  characteristics,
  expiryOf,
  type FactKindKey,
  factKindKeys,
  faultOfValue,
  type Identity,
  type IdentityField,
  identityFields,
  identityKeys,
} from '../facts/index.ts';
import type { RowProblem } from '../schema/tables.ts';

/** A mapping file cannot be used; the message names each fault. */
export class MappingError extends Error {
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
type Cell = Static<typeof Cell>;

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

function isFactKind(kind: string): kind is FactKindKey {
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

export interface MappedFact {
  kind: FactKindKey;
  value: string;
  /** `YYYY-MM-DD`. */
  on: string;
  expires: string;
}

export interface MappedRecord {
  place: number;
  key: string;
  identity: Identity;
  facts: MappedFact[];
  characteristics: Partial<Record<Characteristic, string>>;
}

/** More problems than this are not listed. */
export const problemsKept = 10_000;

/** Problems of a file: those of people, whose rows did not go in, are never crowded out by those of values. */
export class Problems {
  readonly #refused: RowProblem[] = [];
  readonly #others: RowProblem[] = [];
  /** All there were, listed or not. */
  total = 0;

  add(problem: RowProblem): void {
    this.total++;
    const list = problem.refused || problem.row === 0 ? this.#refused : this.#others;
    if (list.length < problemsKept) list.push(problem);
  }

  /** The worst first, in order of the file, at most `problemsKept`. */
  get listed(): RowProblem[] {
    return [...this.#refused, ...this.#others].slice(0, problemsKept);
  }
}

/** What an agreement lets in: asked for every field of every row before its value is looked at. */
export interface Door {
  /** @param isFilled whether there is anything that is dropped when the door stays shut */
  opensTo(field: string, isFilled: boolean): boolean;
  /** Counts something by its kind that no mapping asks for. */
  leavesOut(kind: string): void;
}

const openDoor: Door = { opensTo: () => true, leavesOut: () => undefined };

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

const oldest = '1900-01-02';

/**
 * Makes a record of a row. What cannot be used is told; a row without its agency's number, or with a birth date to come, is
 * refused. What the door does not let through is not even looked at, so that nothing of it can show in a problem.
 * @param today `YYYY-MM-DD`
 */
export function mapRow(mapping: Mapping, row: RawRow, today: string, problems: Problems, door: Door = openDoor): MappedRecord | null {
  const report = (column: string, value: string, message: string, refused = false) => {
    problems.add({ row: row.place, column, value: cut(value, 80), message, refused });
  };
  const key = textOf(row, mapping.key).text;
  if (key && /^(sub)?-?totals?:?$/i.test(key)) {
    report(nameOf(mapping.key), key, 'This row is a total, not a person. It was left out.', true);
    return null;
  }
  if (!key) {
    report(nameOf(mapping.key), '', "The agency's own number of the record is missing. Give each row one.", true);
    return null;
  }
  const identity: MappedRecord['identity'] = {};
  for (const [field, cell] of Object.entries(mapping.identity) as [IdentityField, Cell][]) {
    if (!door.opensTo(field, isFilled(row, cell))) continue;
    const { text, fault } = textOf(row, cell);
    if (fault) report(nameOf(cell), fault.value, fault.message);
    if (text) identity[field] = text;
  }
  // What a number, a date or a name is to show is looked at here, where whoever sent it can still be asked.
  for (const [field, kind] of [
    ['nhs_number', 'nhs'],
    ['upn', 'upn'],
  ] as const) {
    const given = identity[field];
    if (given && (standardIdentifier(kind, given) ?? unproven).startsWith(unproven))
      report(
        nameOf(mapping.identity[field] as Cell),
        given,
        `This is no valid ${identityFields[field]}: its check digit or length is wrong. It is kept, and proves nothing.`,
      );
  }
  for (const field of ['forename', 'surname'] as const)
    if (mapping.identity[field] && !identity[field] && door.opensTo(field, false))
      report(nameOf(mapping.identity[field]), '', `There is no ${identityFields[field].toLowerCase()}. The row went in without it.`);
  const written = identity.date_of_birth;
  if (written && mapping.identity.date_of_birth?.as !== 'date' && standardDate(written) === null && !isPlaceholder(written)) {
    report(
      nameOf(mapping.identity.date_of_birth as Cell),
      written,
      `"${cut(written, 40)}" is no date. Write it as 2010-03-04 or 04/03/2010.`,
    );
    delete identity.date_of_birth;
  }
  const born = identity.date_of_birth;
  if (born && /^\d{4}-\d\d-\d\d$/.test(born) && !isCalendarDate(born))
    report(
      nameOf(mapping.identity.date_of_birth as Cell),
      born,
      'The calendar has no such day. The date is kept for comparing records, and tells no age.',
    );
  if (born && born > today && /^\d{4}-\d\d-\d\d$/.test(born)) {
    report(
      nameOf(mapping.identity.date_of_birth as Cell),
      born,
      'The birth date is in the future. Correct it and send the row again.',
      true,
    );
    return null;
  }
  const ownBorn = identity.date_of_birth ? standardDate(identity.date_of_birth) : null;
  const parentBorn = mapping.parent_born && ownBorn ? bornOf(row, mapping.parent_born, door) : null;
  if (parentBorn && ownBorn && ownBorn <= parentBorn) {
    const column = nameOf(mapping.identity.date_of_birth as Cell);
    report(
      column,
      identity.date_of_birth as string,
      'The person would be older than their parent. The birth date was left out; correct whichever is wrong.',
    );
    delete identity.date_of_birth;
  }
  const facts: MappedFact[] = [];
  for (const rule of mapping.facts ?? []) {
    for (const part of rule.each ? row.each(rule.each) : [row]) {
      if (!isFilled(part, rule.value)) continue;
      const kind = typeof rule.kind === 'string' ? { text: rule.kind, fault: null } : textOf(part, rule.kind);
      // What the mapping does not ask for is no problem, and nothing of it is shown: it is counted by kind.
      if (kind.fault || !kind.text) {
        if (kind.fault) door.leavesOut(kind.fault.value);
        continue;
      }
      if (!door.opensTo(kind.text, true)) continue;
      const value = textOf(part, rule.value);
      if (!value.text && !value.fault) continue;
      const on = textOf(part, { ...rule.on, as: 'date' });
      const fault = value.fault ?? on.fault;
      if (fault) report(fault.column, fault.value, fault.message);
      else if (!isFactKind(kind.text)) report(nameOf(rule.value), '', 'The mapping gives a kind of statement that there is not.');
      else if (!on.text) report(nameOf(rule.on), '', `A statement needs a day; "${value.text}" has none and was left out.`);
      else if (!isDay(on.text)) report(nameOf(rule.on), on.text, `The calendar has no such day; "${value.text}" was left out.`);
      else if (on.text > today || on.text < oldest)
        report(nameOf(rule.on), on.text, 'The day of the statement is not in the past. It was left out.');
      else {
        const wrong = faultOfValue(kind.text, value.text as string);
        if (wrong) report(nameOf(rule.value), value.text as string, `The value ${wrong}. Add it to the mapping, or correct it.`);
        else facts.push({ kind: kind.text, value: value.text as string, on: on.text, expires: expiryOf(kind.text, on.text) });
      }
    }
  }
  const kept: MappedRecord['characteristics'] = {};
  for (const [name, cell] of Object.entries(mapping.characteristics ?? {}) as [Characteristic, Cell][]) {
    if (!door.opensTo(name, isFilled(row, cell))) continue;
    const { text } = textOf(row, cell);
    if (text) kept[name] = text;
  }
  return { place: row.place, key, identity, facts, characteristics: kept };
}

/** A parent's birth date, where the agreement lets it be looked at. */
function bornOf(row: RawRow, cell: Cell, door: Door): string | null {
  if (!door.opensTo('parent_born', isFilled(row, cell))) return null;
  return textOf(row, { ...cell, as: 'date' }).text;
}

interface Taken {
  text: string | null;
  fault: { column: string; value: string; message: string } | null;
}

function isFilled(row: Pick<RawRow, 'get'>, { column, or = [] }: Cell): boolean {
  return [column, or].flat().some((name) => (row.get(name)?.trim() ?? '') !== '');
}

/** As many characters, none of them cut in half. */
export function cut(text: string, most: number): string {
  return text.slice(0, most).toWellFormed();
}

function nameOf({ column }: Cell): string {
  return [column].flat().join(' + ');
}

function textOf(row: Pick<RawRow, 'get'>, cell: Cell): Taken {
  const read = (columns: string | string[]) =>
    [columns]
      .flat()
      .map((column) => storable(row.get(column)?.trim() ?? ''))
      .filter(Boolean)
      .join(' ');
  let text = read(cell.column);
  for (const other of cell.or ?? []) text ||= read(other);
  if (cell.percent_of !== undefined && text !== '') {
    const [part, whole] = [Number(text), Number(read(cell.percent_of))];
    if (!(whole > 0) || !(part >= 0) || part > whole) {
      const message = `${cut(text, 20)} of ${cut(read(cell.percent_of), 20) || 'nothing'} is no share. Correct whichever is wrong.`;
      return { text: null, fault: { column: `${nameOf(cell)} of ${cell.percent_of}`, value: text, message } };
    }
    text = String(Math.round((1000 * part) / whole) / 10);
  }
  if (cell.before !== undefined) text = (text.split(cell.before)[0] ?? '').trim();
  if (cell.after !== undefined) text = text.includes(cell.after) ? text.slice(text.indexOf(cell.after) + cell.after.length).trim() : '';
  if (cell.word !== undefined) {
    const words = text.split(/\s+/);
    text = cell.word === 'rest' ? words.slice(1).join(' ') : (words[cell.word - 1] ?? '');
  }
  if (text === '') return { text: null, fault: null };
  if (cell.words) {
    const wanted = text.toLowerCase();
    const found = Object.entries(cell.words).find(([word]) => word.toLowerCase() === wanted);
    if (!found) {
      const message = `"${cut(text, 40)}" is none of the words the mapping knows: ${Object.keys(cell.words).join(', ')}. Add it there.`;
      return { text: null, fault: { column: nameOf(cell), value: text, message } };
    }
    return { text: found[1] === '' ? null : found[1], fault: null };
  }
  if (cell.as === 'date') {
    const date = standardDate(text);
    return date ? { text: date, fault: null } : { text: null, fault: placeholderOr(text, cell) };
  }
  return { text: cut(text, 500), fault: null };
}

/** 1900-01-01 and its like mean that nobody knew. */
const isPlaceholder = (text: string): boolean => /1900|9999|1753|1899|1111/.test(text);

/** Anything but a placeholder is a date that cannot be read. */
function placeholderOr(text: string, cell: Cell): Taken['fault'] {
  if (isPlaceholder(text)) return null;
  return { column: nameOf(cell), value: text, message: `"${cut(text, 40)}" is no date. Write it as 2010-03-04 or 04/03/2010.` };
}
