import { kindOfColumn, standardDate } from '@waymark/linkage';
import { stringify } from 'yaml';
import { type FactKindKey, factKinds, type IdentityField, identityFields } from '../facts/index.ts';
import type { Mapping } from './mapping.ts';

/** A column of a sample: its heading and some of what stands under it. */
export interface SampleColumn {
  name: string;
  values: string[];
}

/** What a column was taken for. */
export interface ColumnGuess {
  column: string;
  sample: string[];
  /** In words; null where nothing is made of it. */
  becomes: string | null;
}

export interface MappingGuess {
  mapping: Mapping;
  /** The same as a file to be put right by hand. */
  text: string;
  columns: ColumnGuess[];
  /** No column holds a number that is each person's own: somebody must say which it is. */
  asksForKey: boolean;
}

/**
 * What such a column holds is of somebody or something else: the worker, the parents, the school, the place where the person was born.
 * None of it is taken for the person's own.
 */
const ofSomebodyElse =
  /(^| )(worker|case ?worker|social worker|allocated|officer|keyworker|key worker|tutor|teacher|doctor|gp|practice|school|academy|provider|team|agency|parent|mother|father|carer|guardian|emergency|contact|next of kin|nok|sibling|partner|landlord|referrer)s?( |$)(?!.*(convict|offen))|(place|country|town|city) of birth|birth ?(place|country|town)/;

/** Headings by which a field is known, in the order in which they are tried: the narrower first. */
const headings: [IdentityField, RegExp][] = [
  ['surname_before', /(former|previous|prev|maiden|birth|other).*(surname|name)/],
  ['postcode_before', /(former|previous|prev).*(post ?code|pcode)/],
  ['address_before', /(former|previous|prev).*addr/],
  ['middle_name', /middle/],
  ['known_as', /known|preferred|chosen|alias|nick/],
  ['forename', /fore ?name|first ?name|given/],
  ['surname', /surname|last ?name|family ?name/],
  ['date_of_birth', /birth|^d\.?o\.?b/],
  ['sex', /^sex$|gender/],
  ['email', /e-?mail/],
  ['postcode', /post ?code|pcode/],
  ['address', /addr/],
  ['phone', /phone|mobile|^tel/],
  ['nhs_number', /nhs/],
  ['upn', /^upn$|pupil number/],
];

const factHeadings: [FactKindKey, RegExp][] = [
  ['attendance', /(%|per ?cent|rate).*attend|attend.*(%|per ?cent|rate)|^attendance$/],
  ['attainment', /attain|working at|judg/],
  ['school exclusion', /exclu(?!.*( date| on)$)/],
  ['family', /(care|legal|child|case) ?status|^status$/],
  ['parent offending', /parent.*(convict|offen)/],
  ['substance use', /substance|alcohol|drug/],
  ['occupation', /^work$|occupation|employ|neet/],
  ['housing', /housing|tenan.*(status|standing)|^standing$|homeless/],
  ['trusted adult', /mentor(?!.*(since|date)$)|trusted/],
];

const dayHeading = /date|since|from|recorded|assessed|(^| )(on|to)$|upto|up to/;
const shown = 3;
const wordsAtMost = 15;

/**
 * Writes a mapping from a sample of a table: columns are known by their headings and by what stands in them. It is a start:
 * an agency's own words still have to be given their meaning, where they are not ours already.
 */
export function guessMapping(
  columns: readonly SampleColumn[],
  { name, reads, headings: headingRow }: { name: string; reads: 'csv' | 'excel'; headings?: number },
): MappingGuess {
  const becomes = new Map<string, string>();
  const take = (test: (column: SampleColumn) => boolean): SampleColumn | undefined =>
    columns.find((column) => !becomes.has(column.name) && test(column));
  for (const { name: heading } of columns) if (ofSomebodyElse.test(plain(heading))) becomes.set(heading, '');
  const identity: Mapping['identity'] = {};
  const whole = take(
    ({ name: heading, values }) =>
      /^(full )?name$/.test(plain(heading)) && values.filter((value) => value.includes(',')).length > values.length / 2,
  );
  if (whole) {
    becomes.set(whole.name, 'Surname, forename and middle names');
    identity.surname = { column: whole.name, before: ',' };
    identity.forename = { column: whole.name, after: ',', word: 1 };
    identity.middle_name = { column: whole.name, after: ',', word: 'rest' };
  }
  for (const [field, pattern] of headings) {
    if (identity[field]) continue;
    const column =
      take(({ name: heading }) => pattern.test(plain(heading))) ??
      (field === 'nhs_number' || field === 'upn'
        ? take(({ name: heading, values }) => kindOfColumn(heading, values) === (field === 'upn' ? 'upn' : 'nhs'))
        : undefined);
    if (!column) continue;
    becomes.set(column.name, identityFields[field]);
    identity[field] = {
      column: column.name,
      ...(field === 'date_of_birth' ? { as: 'date' as const } : {}),
      ...(field === 'sex' ? { words: sexWords(column.values) } : {}),
    };
  }
  const characteristics: Mapping['characteristics'] = {};
  const ethnic = take(({ name: heading }) => /ethnic/.test(plain(heading)));
  if (ethnic) {
    becomes.set(ethnic.name, 'Ethnicity, kept apart');
    characteristics.ethnicity = { column: ethnic.name, optional: true };
  }
  const facts = factsIn(columns, becomes, take);
  // A number that is each person's own, by its heading and by what stands there; never a name, a date or initials: asked for otherwise.
  const isOwn = ({ values }: SampleColumn) =>
    values.length > 0 &&
    new Set(values).size === values.length &&
    values.filter((value) => /\d/.test(value)).length > values.length / 2 &&
    !isDates(values);
  const key = take((column) => /(^| )(id|ref|reference|no|number|key|urn)$|ref$|(^| )id( |$)/.test(plain(column.name)) && isOwn(column));
  if (key) becomes.set(key.name, "The agency's own number");
  const mapping: Mapping = {
    format: 'waymark-mapping-1',
    name,
    reads,
    ...(headingRow && headingRow > 1 ? { headings: headingRow } : {}),
    key: { column: key?.name ?? '' },
    identity,
    ...(facts.length > 0 ? { facts } : {}),
    ...(ethnic ? { characteristics } : {}),
  };
  return {
    mapping,
    text: stringify(mapping, { lineWidth: 0 }),
    asksForKey: key === undefined,
    columns: columns.map((column) => ({
      column: column.name,
      sample: [...new Set(column.values)].slice(0, shown),
      becomes: becomes.get(column.name) || null,
    })),
  };
}

const plain = (text: string) => text.toLowerCase().replace(/[_-]+/g, ' ').trim();

/** What is stated of people, each with the column of its day; what it takes is noted in `becomes`. */
function factsIn(
  columns: readonly SampleColumn[],
  becomes: Map<string, string>,
  take: (test: (column: SampleColumn) => boolean) => SampleColumn | undefined,
): NonNullable<Mapping['facts']> {
  const facts: NonNullable<Mapping['facts']> = [];
  for (const [kind, pattern] of factHeadings) {
    const column = take(({ name: heading }) => pattern.test(plain(heading)));
    if (!column) continue;
    const at = columns.indexOf(column);
    // The day stands to the right of what it is the day of, as a rule.
    const day = [...columns.slice(at + 1), ...columns.slice(0, at)].find(
      (other) => !becomes.has(other.name) && dayHeading.test(plain(other.name)) && isDates(other.values),
    );
    if (!day) continue;
    becomes.set(column.name, factKinds[kind].name);
    becomes.set(day.name, `The day of “${factKinds[kind].name}”`);
    facts.push({ kind, value: { column: column.name, ...wordsFor(kind, column.values) }, on: { column: day.name } });
  }
  return facts;
}

function isDates(values: readonly string[]): boolean {
  return values.length > 0 && values.filter((value) => standardDate(value) !== null).length > values.length / 2;
}

function sexWords(values: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    [...new Set(values)].slice(0, wordsAtMost).map((value) => [value, /^f/i.test(value) ? 'female' : /^m/i.test(value) ? 'male' : '']),
  );
}

/** The agency's words with ours where they are the same; the others have to be given their meaning by hand. */
function wordsFor(kind: FactKindKey, values: readonly string[]): { words?: Record<string, string> } {
  const { values: ours } = factKinds[kind];
  if (ours === 'percent') return {};
  const own = new Map((ours as readonly string[]).map((value) => [value.toLowerCase(), value]));
  return {
    words: Object.fromEntries([...new Set(values)].slice(0, wordsAtMost).map((value) => [value, own.get(value.toLowerCase()) ?? ''])),
  };
}
