import { shareOf } from '../../platform/share.ts';
import { type Atoms, type CountedRow, foldGroups, orderOf, type PublishedGroup, wholeOf } from './fold-groups.ts';
import type { AlertRow, PersonRow, Question, RequestRow, ReviewRow, SeenRow, WornRow } from './questions.ts';

/** A line of a published table. Shares are from 0 to 1, with their 95 % interval. */
export interface FigureLine {
  group: string;
  of: number;
  /** How many of them; null in a table of numbers alone. */
  yes: number | null;
  value: number;
  low: number | null;
  high: number | null;
}

export interface FigureTable {
  key: string;
  about: 'equality' | 'alerts' | 'verdicts' | 'requests';
  title: string;
  /** What is in the groups: ethnicity, kind of alert, model of tag. */
  by: string;
  /** What `of` counts, what `value` is. */
  ofWords: string;
  unit: 'share' | 'people' | 'minutes' | 'hours' | 'days' | 'a hundred days worn';
  /** What it does not show. */
  caution: string;
  question: Question;
  /** Null where too few would stand in a line. */
  lines: FigureLine[] | null;
  whole: FigureLine | null;
}

export interface Figures {
  tables: FigureTable[];
}

/** Everything that was asked for, as the database gave it. */
export interface Asked {
  people: PersonRow[];
  alerts: AlertRow[];
  worn: WornRow[];
  seen: SeenRow[];
  requests: RequestRow[];
  reviews: ReviewRow[];
}

const characteristics = { ethnicity: 'Ethnicity', sex: 'Sex', age: 'Age', disability: 'Disability', kind: 'Kind of order' } as const;
type Characteristic = keyof typeof characteristics;

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
    title: 'Had hours at which to be in a place',
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

const lineOf = ({ group, of, yes }: Pick<PublishedGroup, 'group' | 'of' | 'yes'>): FigureLine => {
  const { share, low, high } = shareOf(yes, of);
  return { group, of, yes, value: share, low, high };
};
const everybody = 'all';

/** Tables for publication from what was asked for, without any small number. Same rows, same tables. */
export function workOutFigures(asked: Asked): Figures {
  return { tables: [...equalityOf(asked.people), ...alertsOf(asked), ...requestsOf(asked.requests), ...verdictsOf(asked.reviews)] };
}

function equalityOf(people: readonly PersonRow[]): FigureTable[] {
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

/** So many people at least, for a middle that tells of nobody. */
const leastForMedian = 10;

interface ValueOf {
  person: number;
  value: number;
}

/**
 * The middle of some values with its 95 % interval from their order (binomial, by its normal approximation); null of too few people. One of them
 * is somebody's own, so it is told in whole steps; so is how many there are, but where each is of another person.
 *
 * @param step to which the middle and its interval are rounded
 */
function medianOf(group: string, values: readonly ValueOf[], step: number): FigureLine | null {
  const people = new Set(values.map(({ person }) => person)).size;
  if (people < leastForMedian) return null;
  const sorted = values.map(({ value }) => value).sort((a, b) => a - b);
  const at = (rank: number) => sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(rank)))] as number;
  const half = 0.98 * Math.sqrt(sorted.length);
  const middle = (sorted.length - 1) / 2;
  const told = (value: number) => Math.round(value / step) * step;
  // An end at which fewer than five stand would tell of them.
  const isWide = people >= 4 * leastForMedian;
  return {
    group,
    of: people === sorted.length ? people : Math.round(sorted.length / 10) * 10,
    yes: null,
    value: told((at(Math.floor(middle)) + at(Math.ceil(middle))) / 2),
    low: isWide ? told(at(middle - half)) : null,
    high: isWide ? told(at(middle + half)) : null,
  };
}

function mediansOf(
  parts: PublishedGroup[] | null,
  order: readonly string[],
  rows: readonly (ValueOf & { group: string })[],
  step: number,
): FigureLine[] | null {
  if (!parts) return null;
  const alone = new Set(parts.filter(({ folds }) => folds === 1).map(({ group }) => group));
  const lines = parts.flatMap(({ group, folds }) => {
    const members = folds === 1 ? [group] : order.filter((own) => !alone.has(own));
    const line = medianOf(
      group,
      rows.filter((row) => members.includes(row.group)),
      step,
    );
    return line ? [line] : [];
  });
  return lines.length > 1 ? lines : null;
}

/** What becomes of alerts: whatever the tables tell of a kind or a model together is none of these, or enough of them. */
const becomes = {
  'taken back': 'enough or none',
  undecided: 'enough or none',
  breach: 'enough or none',
  false: 'enough or none',
  excused: 'enough or none',
} as const satisfies Atoms;
type Become = keyof typeof becomes;

const becameOf = (row: AlertRow): Record<Become, number> => ({
  'taken back': row.takenBack,
  undecided: row.all - row.takenBack - row.decided,
  breach: row.breach,
  false: row.false,
  excused: row.decided - row.breach - row.false,
});

function alertsOf({ alerts, worn, seen }: Asked): FigureTable[] {
  const shared = { about: 'alerts' as const, question: 'alerts' as const };
  const all = Object.keys(becomes) as Become[];
  const decided: Become[] = ['breach', 'false', 'excused'];
  /** @param of which of them are counted, and of which of those the measure says yes; nothing: all of them, and of none */
  const spread = (group: (row: AlertRow) => string, of?: { all: readonly Become[]; yes: Become }): CountedRow[] =>
    alerts
      .flatMap((row) =>
        (Object.entries(becameOf(row)) as [Become, number][]).map(([atom, count]) => ({
          person: row.person,
          group: group(row),
          yes: of?.yes === atom,
          isBeside: of !== undefined && !of.all.includes(atom),
          atom,
          count,
        })),
      )
      .filter(({ count }) => count > 0);
  const byKind = ({ kind }: AlertRow) => kind;
  const byModel = ({ model }: AlertRow) => model;
  const table = (
    key: string,
    title: string,
    by: string,
    group: (row: AlertRow) => string,
    of: { all: readonly Become[]; yes: Become },
    words: { of: string; caution: string },
  ): FigureTable => {
    const rows = spread(group, of);
    // Of some of them, what became of the others follows from the table of all.
    const atoms: Atoms = of.all === all ? {} : becomes;
    const whole = wholeOf(rows, true, atoms);
    return {
      ...shared,
      key,
      title,
      by,
      ofWords: words.of,
      unit: 'share',
      caution: words.caution,
      lines: foldGroups(rows, orderOf(spread(group)), true, atoms)?.map(lineOf) ?? null,
      whole: whole && lineOf({ group: everybody, ...whole }),
    };
  };
  const counted = spread(byKind);
  const total = wholeOf(counted, false);
  const causes = foldGroups(counted, orderOf(counted), false);
  const corrected = { of: 'alerts raised', caution: 'Taken back by the system itself: a late position showed that nothing had happened.' };
  const falseOnes = { of: 'alerts that somebody decided', caution: 'Of alerts that nobody has decided yet, nothing is known.' };
  return [
    {
      ...shared,
      key: 'alerts-by-cause',
      title: 'What alerts were about',
      by: 'Kind of alert',
      ofWords: 'alerts raised',
      unit: 'people',
      caution: 'One person can have many alerts.',
      lines: causes?.map(({ group, of }) => ({ group, of, yes: null, value: total ? of / total.of : 0, low: null, high: null })) ?? null,
      whole: total && { group: everybody, of: total.of, yes: null, value: 1, low: null, high: null },
    },
    table('taken-back-by-cause', 'Alerts that were taken back', 'Kind of alert', byKind, { all, yes: 'taken back' }, corrected),
    table(
      'false-by-cause',
      'Alerts that were false, or the tag’s own fault',
      'Kind of alert',
      byKind,
      { all: decided, yes: 'false' },
      falseOnes,
    ),
    table('breach-by-cause', 'Alerts that were breaches', 'Kind of alert', byKind, { all: decided, yes: 'breach' }, falseOnes),
    table(
      'false-by-model',
      'Alerts that were false, or the tag’s own fault',
      'Model of tag',
      byModel,
      { all: decided, yes: 'false' },
      falseOnes,
    ),
    workloadOf(alerts, worn),
    {
      about: 'alerts',
      question: 'seen',
      key: 'time-to-seen',
      title: 'How long until somebody saw to an alert',
      by: 'How grave',
      ofWords: 'alerts that somebody saw to',
      unit: 'minutes',
      caution: 'Alerts that nobody has seen to yet are not in it, so it is too short where many wait.',
      lines: mediansOf(
        foldGroups(
          seen.map(({ person, severity }) => ({ person, group: severity, yes: false, count: 1 })),
          ['high', 'medium', 'low'],
          false,
        ),
        ['high', 'medium', 'low'],
        seen.map(({ person, severity, minutes }) => ({ person, group: severity, value: minutes })),
        1,
      ),
      whole: medianOf(
        everybody,
        seen.map(({ person, minutes }) => ({ person, value: minutes })),
        1,
      ),
    },
  ];
}

/** Alerts for a hundred days on which a tag was worn, by model; the days are told in whole tens. */
function workloadOf(alerts: readonly AlertRow[], worn: readonly WornRow[]): FigureTable {
  const wearers: CountedRow[] = worn.map(({ person, model }) => ({ person, group: model, yes: false, count: 1 }));
  const order = orderOf(wearers);
  const parts = foldGroups(wearers, order, false);
  const alone = new Set(parts?.filter(({ folds }) => folds === 1).map(({ group }) => group));
  const rate = (group: string, members: readonly string[]): FigureLine => {
    const days = worn.filter(({ model }) => members.includes(model)).reduce((all, own) => all + own.days, 0);
    const own = alerts.filter(({ model }) => members.includes(model));
    const count = own.reduce((all, row) => all + row.all, 0);
    const people = new Set(own.map(({ person }) => person)).size;
    // How many alerts a few people had is told of nobody.
    const isTold = count >= leastForMedian && people >= leastForMedian / 2;
    return {
      group,
      of: Math.round(days / 10) * 10,
      yes: null,
      value: isTold && days > 0 ? (100 * count) / days : Number.NaN,
      low: null,
      high: null,
    };
  };
  const lines = parts?.map(({ group, folds }) => rate(group, folds === 1 ? [group] : order.filter((own) => !alone.has(own)))) ?? null;
  const whole = wholeOf(wearers, false) && rate(everybody, order);
  const isKnown = ({ value }: FigureLine) => !Number.isNaN(value);
  return {
    about: 'alerts',
    question: 'worn',
    key: 'workload-by-model',
    title: 'Alerts for a hundred days worn',
    by: 'Model of tag',
    ofWords: 'days on which a tag was worn',
    unit: 'a hundred days worn',
    caution: 'Who wears which model is not by lot: a model can be given to people with stricter rules.',
    lines: lines?.every(isKnown) ? lines : null,
    whole: whole && isKnown(whole) ? whole : null,
  };
}

function requestsOf(requests: readonly RequestRow[]): FigureTable[] {
  const whole = wholeOf(
    requests.map(({ person, inTime }) => ({ person, group: '', yes: inTime, count: 1 })),
    true,
  );
  const shared = { about: 'requests' as const, question: 'requests' as const, by: '', lines: null };
  return [
    {
      ...shared,
      key: 'requests-in-time',
      title: 'Requests of people on tags that were answered in time',
      ofWords: 'requests answered',
      unit: 'share',
      caution: 'Requests that still wait are not in it.',
      whole: whole && lineOf({ group: everybody, ...whole }),
    },
    {
      ...shared,
      key: 'hours-to-answer',
      title: 'How long an answer took',
      ofWords: 'requests answered',
      unit: 'hours',
      caution: 'Requests that still wait are not in it.',
      whole: medianOf(
        everybody,
        requests.map(({ person, hours }) => ({ person, value: hours })),
        1,
      ),
    },
  ];
}

function verdictsOf(reviews: readonly ReviewRow[]): FigureTable[] {
  const rows: CountedRow[] = reviews.map(({ person, verdict, agrees }) => ({ person, group: verdict, yes: agrees, count: 1 }));
  const order = ['excluded', 'unknown', 'present'];
  const parts = foldGroups(rows, order, false);
  const total = wholeOf(rows, false);
  return [
    {
      about: 'verdicts',
      question: 'reviews',
      key: 'verdicts-reviewed',
      title: 'Verdicts on crimes that a person reviewed',
      by: 'Verdict',
      ofWords: 'pairs of a crime and somebody on a tag',
      unit: 'people',
      caution:
        'Each exclusion says that somebody was elsewhere, as far as the tag tells. Whether any of them would have been arrested without it, nobody knows, so no number of spared arrests is given.',
      lines: parts?.map(({ group, of }) => ({ group, of, yes: null, value: total ? of / total.of : 0, low: null, high: null })) ?? null,
      whole: total && { group: everybody, of: total.of, yes: null, value: 1, low: null, high: null },
    },
    {
      about: 'verdicts',
      question: 'reviews',
      key: 'verdicts-agreed',
      title: 'The reviewer agreed with the verdict',
      by: 'Verdict',
      ofWords: 'verdicts reviewed',
      unit: 'share',
      caution: 'Reviewers see the verdict when they review one by one, which makes them agree more.',
      lines: foldGroups(rows, order, true)?.map(lineOf) ?? null,
      whole: ((whole) => whole && lineOf({ group: everybody, ...whole }))(wholeOf(rows, true)),
    },
  ];
}
