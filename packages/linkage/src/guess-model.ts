import { countPairs } from './blocking/count-pairs.ts';
import { type Composed, category, code, dateOfBirth, email, identifier, name, phone, postcode, text } from './model/comparisons.ts';
import { block, composeModel } from './model/compose.ts';
import { type BlockingRule, type LinkageModel, ModelError, type Part } from './model/model.ts';
import type { Records } from './records/records.ts';
import { standardDate } from './standardise/date.ts';
import { standardEmail } from './standardise/email.ts';
import { type IdentifierKind, identifierKinds, standardIdentifier, unproven } from './standardise/identifier.ts';
import { standardPhone } from './standardise/phone.ts';
import { standardPostcode } from './standardise/postcode.ts';
import { standardText } from './standardise/text.ts';

/** What a column seems to hold. */
export type ColumnKind =
  | 'id'
  | 'forename'
  | 'surname'
  | 'full name'
  | 'date'
  | 'postcode'
  | 'email'
  | 'phone'
  | IdentifierKind
  | 'identifier'
  | 'code'
  | 'category'
  | 'text'
  | 'nothing';

/** What was made of each column, and why a person may want to look. */
export interface Guess {
  model: LinkageModel;
  columns: { column: string; kind: ColumnKind }[];
  idColumn: string | undefined;
}

/**
 * A column about somebody beside the person: a parent, a guardian, whom to call, who wrote it down. What stands there is shared by
 * brothers and sisters, or by everybody whom one worker knows, and is no evidence of who somebody is.
 */
const somebodyElse =
  /(^|[\s_-])(father|mother|mum|dad|parent|step[\s_-]?(father|mother|parent)|guardian|carer|spouse|partner|husband|wife|sibling|brother|sister|grand[\s_-]?(father|mother|parent)|next[\s_-]of[\s_-]kin|nok|kin|emergency|contact|gp|doctor|teacher|tutor|worker|officer|referrer|landlord|head[\s_-]of[\s_-]household)s?('?s)?[\s_-]+(?!ref\b)/i;

const byName: [RegExp, ColumnKind][] = [
  // Somebody else's answer to the question is not evidence.
  [
    /^(true|actual)?[_\s-]?(cluster|label|truth|match|group)([_\s-]?(id|no|label))?$|^(true|actual)[_\s-]|^(person|entity)[_\s-]?id$/i,
    'nothing',
  ],
  [/^(rec(ord)?|unique|row|person|entity|source|local)?[_\s-]?(id|key|uuid|guid|number|no|ref(erence)?)$|^rec(ord)?$/i, 'id'],
  [/(full|whole|complete|person|patient|pupil|client)[_\s-]?name|^name$/i, 'full name'],
  [/(fore|given|first|christian|known|preferred|middle)[_\s-]?(name)?s?$|^(fname|first)$/i, 'forename'],
  [/(sur|last|family|second)[_\s-]?name|^(lname|last)$/i, 'surname'],
  [/nhs/i, 'nhs'],
  [/\bupn\b|pupil[_\s-]?n/i, 'upn'],
  [/\bni(no)?\b|national[_\s-]?insurance/i, 'nino'],
  [/\bpnc\b/i, 'pnc'],
  [/\bcro\b/i, 'cro'],
  [/(date|day)[_\s-]?of[_\s-]?birth|birth[_\s-]?(date|day)|\bdob\b|^born/i, 'date'],
  [/e[_\s-]?mail/i, 'email'],
  [/phone|mobile|\btel(ephone)?\b/i, 'phone'],
  [/soc(ial)?[_\s-]?sec|\bssn\b|passport|licen[cs]e|insurance/i, 'identifier'],
  [/post(al)?[_\s-]?code|\bzip/i, 'postcode'],
  [/\b(sex|gender|ethnic\w*|title|state|country|county|region)\b/i, 'category'],
];

const enough = 0.6;
const fewKinds = 60;

/** What a column holds, by its name first and by its values where the name leaves it open. */
export function kindOfColumn(column: string, values: readonly (string | null)[]): ColumnKind {
  const known = values.filter((value): value is string => value !== null && standardText(value) !== null);
  if (known.length === 0) return 'nothing';
  const distinct = new Set(known).size;
  if (distinct === 1 && known.length > 1) return 'nothing';
  const share = (test: (value: string) => boolean) => known.filter(test).length / known.length;
  const words = column
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/_/g, ' ')
    .trim();
  if (somebodyElse.test(`${words} `)) return 'nothing';
  const named = byName.find(([pattern]) => pattern.test(column) || pattern.test(words))?.[1];
  if (named === 'id') return distinct === known.length ? 'id' : distinct / known.length > 0.3 ? 'identifier' : 'code';
  if (named === 'postcode') return share((value) => standardPostcode(value) !== null) > enough ? 'postcode' : 'code';
  if (named === 'date') return share((value) => standardDate(value) !== null) > 0.3 ? 'date' : 'code';
  if (named) return named;
  if (share((value) => standardEmail(value) !== null) > enough) return 'email';
  for (const kind of identifierKinds) {
    if (share((value) => !(standardIdentifier(kind, value) ?? unproven).startsWith(unproven)) > 0.8) return kind;
  }
  if (share((value) => standardPostcode(value) !== null) > enough) return 'postcode';
  if (share((value) => /[-/.\s]/.test(value.trim()) && standardDate(value) !== null) > 0.8) return 'date';
  if (share((value) => /^[+0(][\d\s()-]{8,}$/.test(value) && standardPhone(value) !== null) > enough) return 'phone';
  if (share((value) => /\d/.test(value) && !/[a-z]{3,}/i.test(value)) > 0.8)
    return distinct / known.length > 0.8 && known.every((value) => value.trim().length >= 5) ? 'identifier' : 'code';
  return distinct <= Math.min(fewKinds, known.length / 10) ? 'category' : 'text';
}

/**
 * A sensible model for records nobody has described: columns are recognised by name and by value; every comparison and
 * blocking rule follows from their kinds. No label is looked at.
 *
 * @param sample values of each column, a few thousand
 * @param without columns that must not be used, such as one that holds the truth
 */
export function guessModel(sample: ReadonlyMap<string, readonly (string | null)[]>, without: readonly string[] = []): Guess {
  const columns = [...sample]
    .filter(([column]) => !without.includes(column))
    .map(([column, values]) => ({ column, kind: kindOfColumn(column, values) }));
  const idColumn = columns.find(({ kind }) => kind === 'id')?.column;
  const first = (kind: ColumnKind) => columns.find((column) => column.kind === kind)?.column;
  const [forename, surname] = [first('forename'), first('surname')];
  const comparisons = columns.flatMap(({ column, kind }): Composed[] => {
    switch (kind) {
      case 'forename':
        return [name(column, { forename: true, ...(surname && column === forename ? { swappedWith: surname } : {}) })];
      case 'surname':
        return [name(column, { forename: false, ...(forename && column === surname ? { swapIsCountedBy: forename } : {}) })];
      case 'full name':
        return [name(column, { forename: true })];
      case 'date':
        return [dateOfBirth(column)];
      case 'postcode':
        return [postcode(column)];
      case 'email':
        return [email(column)];
      case 'phone':
        return [phone(column)];
      case 'nhs':
      case 'upn':
      case 'nino':
      case 'pnc':
      case 'cro':
        return [identifier(column, { kind })];
      case 'identifier':
        return [identifier(column, { kind: 'code' })];
      case 'code':
        return [code(column)];
      case 'category':
        return [category(column)];
      case 'text':
        return [text(column)];
      default:
        return [];
    }
  });
  if (comparisons.length === 0) {
    const seen = columns.map(({ column, kind }) => `${column} (${kind})`).join(', ') || 'there are none';
    throw new ModelError([`no column can be compared: ${seen}; give a model instead`]);
  }
  return { model: composeModel({ name: 'guessed from the columns', comparisons, blocking: possibleRules(columns) }), columns, idColumn };
}

/** Rules worth trying, from the columns' kinds; `fitRules` leaves out what is too coarse for the records at hand. */
function possibleRules(columns: readonly { column: string; kind: ColumnKind }[]): BlockingRule[] {
  const of = (...kinds: ColumnKind[]) => columns.filter(({ kind }) => kinds.includes(kind)).map(({ column }) => column);
  const part = (field: string, take: Part['take'], length?: number): Part => ({ fields: [field], take, ...(length ? { length } : {}) });
  const strong = of('nhs', 'upn', 'nino', 'pnc', 'cro', 'identifier', 'email', 'phone');
  const [forenames, surnames, dates, codes, texts] = [
    of('forename'),
    of('surname', 'full name'),
    of('date'),
    of('postcode', 'code'),
    of('text'),
  ];
  const rules: BlockingRule[] = strong.map((column) => block(column));
  rules.push(...of('email').map((column) => block(part(column, 'before @'))));
  rules.push(...dates.map((column) => block(column)));
  for (const surname of surnames) {
    for (const forename of forenames) rules.push(block(forename, surname), block({ fields: [forename, surname] }));
    for (const date of dates) rules.push(block(part(surname, 'sound'), part(date, 'year')));
    for (const other of codes) rules.push(block(surname, other));
  }
  for (const forename of forenames) {
    for (const date of dates) rules.push(block(part(forename, 'first', 3), part(date, 'first', 7)));
    for (const other of codes) rules.push(block(forename, other));
  }
  for (const words of texts) {
    for (const other of codes) rules.push(block(words, other));
    for (const surname of surnames) rules.push(block(words, part(surname, 'first', 3)));
  }
  // Alone where the records are few: names and words.
  rules.push(
    ...surnames.map((column) => block(column)),
    ...forenames.map((column) => block(column)),
    ...texts.map((column) => block(column)),
  );
  if (rules.length === 0)
    rules.push(...columns.filter(({ kind }) => kind !== 'id' && kind !== 'nothing').map(({ column }) => block(column)));
  return rules;
}

/** Pairs for each record that rules may cost together, and at least. */
const pairsPerRecord = 30;
const pairsAtLeast = 400_000;
const rulesAtMost = 24;
const blockAtMost = 5_000;

/**
 * Keeps the rules that the records can afford, the most telling first: as long as the pairs stay few and no block grows too
 * large, and only those that find something.
 */
export function fitRules(records: Records, model: LinkageModel): LinkageModel {
  const unique = model.blocking.filter((rule, i) => model.blocking.findIndex(({ name: other }) => other === rule.name) === i);
  const counted = unique
    .flatMap((rule) => {
      const [count] = countPairs(records, { ...model, blocking: [rule] }, 1);
      return count ? [{ rule, pairs: count.pairs, largest: count.largest[0]?.records ?? 0 }] : [];
    })
    .filter(({ pairs, largest }) => pairs > 0 && largest <= blockAtMost);
  const budget = Math.max(pairsAtLeast, pairsPerRecord * records.size);
  const kept: typeof counted = [];
  let pairs = 0;
  for (const candidate of counted) {
    if (kept.length >= rulesAtMost || (kept.length > 0 && pairs + candidate.pairs > budget)) continue;
    kept.push(candidate);
    pairs += candidate.pairs;
  }
  if (kept.length === 0) return model;
  return { ...model, blocking: kept.map(({ rule }) => rule) };
}

/** Rules that the records could afford beside a model's own, the cheapest first, with their cost. */
export function suggestRules(records: Records, model: LinkageModel): { rule: BlockingRule; pairs: number; largest: number }[] {
  const kinds = model.fields.map(({ name: column, standard }): { column: string; kind: ColumnKind } => ({
    column,
    kind:
      standard === 'name'
        ? /sur|last|family/i.test(column)
          ? 'surname'
          : 'forename'
        : standard === 'as it is' || standard === 'text'
          ? 'text'
          : standard,
  }));
  const own = new Set(model.blocking.map((rule) => JSON.stringify(rule.equal)));
  return possibleRules(kinds)
    .filter((rule, i, all) => !own.has(JSON.stringify(rule.equal)) && all.findIndex(({ name: other }) => other === rule.name) === i)
    .flatMap((rule) => {
      const [count] = countPairs(records, { ...model, blocking: [rule] }, 1);
      return count && count.pairs > 0 ? [{ rule, pairs: count.pairs, largest: count.largest[0]?.records ?? 0 }] : [];
    })
    .filter(({ largest }) => largest <= blockAtMost)
    .sort((a, b) => a.pairs - b.pairs);
}
