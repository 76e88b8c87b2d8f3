import type { RecordSource, TransparencyRecord } from './record.ts';

/** What is done so that the duty of equality is kept (Equality Act 2010, section 149), characteristic by characteristic. */
const characteristics: [name: string, where: string, what: string][] = [
  [
    'Age',
    'Support, by life stage',
    'A factor applies only at the ages it has evidence for. The notice for a child goes to the parent. Services state their ages.',
  ],
  [
    'Disability',
    'Both',
    'Health records are read only under an agreement. Pages meet WCAG 2.2 AA and work by keyboard. An alert can be closed as a matter of equipment or with a reasonable excuse.',
  ],
  ['Gender reassignment', 'Support', 'Former names, where an agreement allows them, serve to match records and nothing else.'],
  ['Marriage and civil partnership', 'Neither', 'Not read. A change of surname is expected when records are matched.'],
  ['Pregnancy and maternity', 'Neither', 'Not read. Tags and hours can be changed by those who made the order.'],
  [
    'Race',
    'Support, kept apart',
    'Read for the fairness audit alone, if the agreement allows it. It enters no profile, match, verdict or proposal.',
  ],
  [
    'Religion or belief',
    'Neither',
    'Not read. Regular visits to a place of worship are seen only by those who look at a day, and each look is on record.',
  ],
  ['Sex', 'Support', 'Serves to match records. It enters no profile and no proposal.'],
  ['Sexual orientation', 'Neither', 'Not read.'],
];

export function equalityAssessment({ configuration: c, statement: s }: RecordSource): TransparencyRecord {
  return {
    key: 'equality',
    title: 'Equality assessment',
    about: 'Whether some groups of people may be treated worse, and how that is watched.',
    sections: [
      {
        heading: 'What could be unequal',
        list: [
          'Who is tagged is decided by courts. If that is unequal, so is who can be found present, and so is who is excluded from suspicion.',
          'Positions are worse indoors and between high buildings, so verdicts are “unknown” more often for those who live there. Unknown is never counted against anybody.',
          'Agencies know more about people who depend on them. More records may show more needs; they must not be read as more risk, and what is missing is shown as unknown.',
          'Names that are written in many ways are matched less well. Doubtful matches wait for a person.',
        ],
      },
      {
        heading: 'By protected characteristic',
        table: { head: ['Characteristic', 'Where it is read', 'What is done'], rows: characteristics.map((row) => [...row]) },
      },
      {
        heading: 'What never enters a calculation',
        paragraphs: [
          `${c.keptApart.join(', ')} and postcode enter no profile, verdict or allocation. Tests of the program hold this: with them changed, every result stays the same.`,
        ],
      },
      {
        heading: 'How it is watched',
        list: [
          'The fairness audit compares needs found, offers, acceptances, waits and outcomes by group, with intervals; groups too small are not shown.',
          'It is open to one role, for one purpose, and shows numbers only.',
          'Overrides by reviewers are counted in both directions.',
        ],
      },
      { heading: 'Who was asked', paragraphs: [s.consulted] },
      { heading: 'What stays', paragraphs: [s.risks] },
      { heading: 'Contact', paragraphs: [`${s.owner}, ${s.organisation}: ${s.contact}. To be looked at again by ${s.reviewOn}.`] },
    ],
  };
}
