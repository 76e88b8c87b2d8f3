import { alertsOf } from './alert-tables.ts';
import { equalityOf } from './equality-tables.ts';
import { everybody, type Figures, type FigureTable, lineOf } from './figure-table.ts';
import { type CountedRow, foldGroups, wholeOf } from './fold-groups.ts';
import { hoursKeptOf } from './hours-kept.ts';
import { medianOf } from './medians.ts';
import type { AlertRow, HoursRow, PersonRow, RequestRow, ReviewRow, SeenRow, WornRow } from './questions.ts';

/** Everything that was asked for, as the database gave it. */
export interface Asked {
  people: PersonRow[];
  hours: HoursRow[];
  alerts: AlertRow[];
  worn: WornRow[];
  seen: SeenRow[];
  requests: RequestRow[];
  reviews: ReviewRow[];
}

/** Tables for publication from what was asked for, without any small number. Same rows, same tables. */
export function workOutFigures(asked: Asked): Figures {
  return {
    tables: [
      ...equalityOf(asked.people),
      ...hoursKeptOf(asked),
      ...alertsOf(asked),
      ...requestsOf(asked.requests),
      ...verdictsOf(asked.reviews),
    ],
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
