import { everybody, type FigureTable, lineOf } from './figure-table.ts';
import { type Atoms, type CountedRow, foldGroups, orderOf, wholeOf } from './fold-groups.ts';
import { medianOf, mediansOf } from './medians.ts';
import type { PersonRow } from './questions.ts';

export const characteristics = { ethnicity: 'Ethnicity', sex: 'Sex', age: 'Age', disability: 'Disability', kind: 'Kind of order' } as const;
export type Characteristic = keyof typeof characteristics;

/** What is said of people, each of all of them or of those alone of whom another thing is true. */
const measures: {
  key: string;
  title: string;
  of: string;
  caution: string;
  /** Of whom it is; nothing: of everybody. */
  isOf?: (row: PersonRow) => boolean;
  /** Another measure that is true of everybody of whom this one is. */
  isPartOf?: (row: PersonRow) => boolean;
  says(row: PersonRow): boolean;
}[] = [
  {
    key: 'keeps-out',
    title: 'Had to keep out of a place',
    of: 'people who wore a tag',
    caution: 'Courts set rules by the offence. A difference can come from what people were convicted of.',
    says: ({ keepsOut }) => keepsOut,
  },
  {
    key: 'hours',
    title: 'Had to be in a place, at some hours or always',
    of: 'people who wore a tag',
    caution: 'Courts set rules by the offence. A difference can come from what people were convicted of.',
    says: ({ hasHours }) => hasHours,
  },
  {
    key: 'alert',
    title: 'Had an alert',
    of: 'people who wore a tag',
    caution: 'An alert is what a tag or a rule raised. It is no breach.',
    says: ({ hadAlert }) => hadAlert,
  },
  {
    key: 'false-alert',
    title: 'Had an alert that was false, or the tag’s own fault',
    of: 'people with an alert',
    caution: 'Decided by officers, who may decide alike cases differently.',
    isOf: ({ hadAlert }) => hadAlert,
    says: ({ hadFalseAlert }) => hadFalseAlert,
  },
  {
    key: 'breach',
    title: 'Had an alert that was decided to be a breach',
    of: 'people who wore a tag',
    caution: 'Decided by officers. It does not say how grave a breach was.',
    isPartOf: ({ hadAlert }) => hadAlert,
    says: ({ hadBreach }) => hadBreach,
  },
  {
    key: 'let',
    title: 'Were given something that they asked for',
    of: 'people whose request was answered',
    caution: 'People who think they would be refused may not ask.',
    isOf: ({ asked }) => asked,
    says: ({ wasLet }) => wasLet,
  },
  {
    key: 'to-the-end',
    title: 'Wore the tag until their order ended',
    of: 'people whose order ended',
    caution: 'An order can end early for good reasons, such as an appeal.',
    isOf: ({ finished }) => finished,
    says: ({ woreToTheEnd }) => woreToTheEnd,
  },
];

/** Who is supervised, how strictly and with what outcome, by each characteristic. */
export function equalityOf(people: readonly PersonRow[]): FigureTable[] {
  return (Object.entries(characteristics) as [Characteristic, string][]).flatMap(([key, by]) => {
    const all = people.map((row): CountedRow => ({ person: row.person, group: row[key], yes: false, count: 1 }));
    // One order for every table over these people: see foldGroups.
    const order = orderOf(all);
    const shared = { about: 'equality' as const, by, question: 'people' as const };
    const who = foldGroups(all, order, false);
    const total = wholeOf(all, false);
    const tables: FigureTable[] = [
      {
        ...shared,
        key: `who-by-${key}`,
        title: 'Who wore a tag',
        ofWords: 'people who wore a tag',
        unit: 'people',
        caution: 'Compare it with who is sentenced here, and not with everybody who lives here alone.',
        lines: who?.map(({ group, of }) => ({ group, of, yes: null, value: total ? of / total.of : 0, low: null, high: null })) ?? null,
        whole: total && { group: everybody, of: total.of, yes: null, value: 1, low: null, high: null },
      },
      {
        ...shared,
        key: `days-by-${key}`,
        title: 'How long they had been under their order',
        ofWords: 'people who wore a tag',
        unit: 'days',
        caution: 'Up to the end of the order or of this time: many orders go on.',
        lines: mediansOf(
          who,
          order,
          people.map((row) => ({ person: row.person, group: row[key], value: row.days })),
          7,
        ),
        whole: medianOf(
          everybody,
          people.map(({ person, days }) => ({ person, value: days })),
          7,
        ),
      },
    ];
    for (const { key: name, title, of, caution, isOf, isPartOf, says } of measures) {
      const own = people.map((row): CountedRow => {
        const isBeside = isOf !== undefined && !isOf(row);
        const yes = says(row);
        return {
          person: row.person,
          group: row[key],
          yes,
          count: 1,
          isBeside,
          atom: isBeside || (isPartOf && !isPartOf(row)) ? 'beside' : yes ? 'yes' : 'no',
        };
      });
      // Who is not of it follows from the table of everybody; of a part of another measure, whoever is of that one alone.
      const atoms: Atoms = isOf || isPartOf ? { beside: 'enough', yes: 'enough', no: 'enough' } : {};
      const whole = wholeOf(own, true, atoms);
      tables.push({
        ...shared,
        key: `${name}-by-${key}`,
        title,
        ofWords: of,
        unit: 'share',
        caution,
        lines: foldGroups(own, order, true, atoms)?.map(lineOf) ?? null,
        whole: whole && lineOf({ group: everybody, ...whole }),
      });
    }
    return tables;
  });
}
