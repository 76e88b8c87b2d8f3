import { isCalendarDate, standardDate, standardIdentifier, unproven } from '@waymark/linkage';
import { isDay } from '../../platform/days.ts';
import { storable } from '../../platform/storable.ts';
import {
  type Characteristic,
  expiryOf,
  type FactKindKey,
  faultOfValue,
  type Identity,
  type IdentityField,
  identityFields,
} from '../facts/index.ts';
import type { RowProblem } from '../schema/tables.ts';
import { type Cell, isFactKind, type Mapping, type RawRow } from './mapping.ts';

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
  if (!checkIdentity(identity, { mapping, row, today, door, report })) return null;
  const facts = factsIn({ mapping, row, today, door, report });
  const kept: MappedRecord['characteristics'] = {};
  for (const [name, cell] of Object.entries(mapping.characteristics ?? {}) as [Characteristic, Cell][]) {
    if (!door.opensTo(name, isFilled(row, cell))) continue;
    const { text } = textOf(row, cell);
    if (text) kept[name] = text;
  }
  return { place: row.place, key, identity, facts, characteristics: kept };
}

/** What a row is read with. */
interface Reading {
  mapping: Mapping;
  row: RawRow;
  today: string;
  door: Door;
  report: (column: string, value: string, message: string, refused?: boolean) => void;
}

/**
 * Looks at numbers, dates and names, and leaves out what cannot be.
 * @returns false where the row is refused
 */
function checkIdentity(identity: MappedRecord['identity'], { mapping, row, today, door, report }: Reading): boolean {
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
    return false;
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
  return true;
}

/** What is stated of the person, so far as the agreement allows it. */
function factsIn({ mapping, row, today, door, report }: Reading): MappedFact[] {
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
  return facts;
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
