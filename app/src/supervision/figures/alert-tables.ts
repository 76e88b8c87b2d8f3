import { everybody, type FigureLine, type FigureTable, lineOf } from './figure-table.ts';
import { type Atoms, type CountedRow, foldGroups, orderOf, wholeOf } from './fold-groups.ts';
import { leastForMedian, medianOf, mediansOf } from './medians.ts';
import type { AlertRow, SeenRow, WornRow } from './questions.ts';

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

/** What alerts are about, what becomes of them, the work they make, and how long until somebody sees to one. */
export function alertsOf({ alerts, worn, seen }: { alerts: AlertRow[]; worn: WornRow[]; seen: SeenRow[] }): FigureTable[] {
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
