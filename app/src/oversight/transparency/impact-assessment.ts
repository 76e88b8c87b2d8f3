import type { RecordSource, TransparencyRecord } from './record.ts';

/** What can go wrong for people, and what the program does about it; each measure is held by a test of the program. */
const risks: [risk: string, likelihood: string, harm: string, measure: string][] = [
  [
    'A wearer is wrongly placed at a crime',
    'possible',
    'severe',
    'Errors are heavy-tailed; present needs a fix whose own error reaches the place, or a way between fixes that hardly leads elsewhere, and says which; a named person reviews; how surprising it is stands beside it',
  ],
  [
    'A wearer who was there is wrongly excluded',
    'remote',
    'severe',
    'Exclusions are widened by what receivers have been seen to do; only a wholly covered window excludes, never seconds',
  ],
  [
    'A reviewer agrees with a verdict without looking',
    'possible',
    'severe',
    'A reason is needed for each; reviews faster than reading are counted; made-up crimes show how often reviewers agree with what is wrong, and wearers see that their fixes were used for one',
  ],
  [
    'Help is used against people: what agencies know reaches enforcement',
    'remote',
    'severe',
    'Two halves without a common table, key, role or identity; the database refuses each purpose the other’s rows',
  ],
  [
    'Two people are taken for one',
    'possible',
    'significant',
    'Uncertain matches never merge; people decide them; every match can be undone; “not the same person” is kept',
  ],
  [
    'A child is labelled for years',
    'possible',
    'significant',
    'Statements expire; ranges instead of points; no band where the range straddles one; nothing about crime is forecast',
  ],
  [
    'Staff look at people whom they have no reason to look at',
    'possible',
    'significant',
    'Every look is recorded in a chain that shows any change; unusual looks are listed; a sample of each month is drawn for checking; the person sees who looked',
  ],
  [
    'Data is kept for too long',
    'possible',
    'significant',
    'Removal runs by itself in tables, positions, files and lists, and says in the record how much went',
  ],
  [
    'People with a protected characteristic are served worse',
    'possible',
    'significant',
    'Protected characteristics enter no calculation; a separate audit compares offers, waits and outcomes by group',
  ],
  [
    'People do not know and cannot answer',
    'possible',
    'significant',
    'They are told before anything is relied on; they see facts, sources, decisions and looks; what they challenge counts no more until it is decided',
  ],
];

/** In the seven steps of the Information Commissioner's guidance on data protection impact assessments. */
export function impactAssessment({ configuration: c, statement: s }: RecordSource): TransparencyRecord {
  return {
    key: 'impact',
    title: 'Data protection impact assessment',
    about: 'What the processing may do to people, why it is needed, and what is done about the risks.',
    sections: [
      {
        heading: '1. Why an assessment is needed',
        paragraphs: [
          'People’s whereabouts are followed, records of children and of people in need are combined, and calculations stand beside decisions with serious effects. Each of these alone calls for an assessment.',
        ],
      },
      {
        heading: '2. The processing',
        paragraphs: [
          s.why,
          'Supervision: positions of people who wear a tag under an order, orders, zones, alerts, recorded crimes and verdicts. Support: who somebody is and what agencies state about seven factors, needs, offers, packages and their outcomes.',
        ],
        list: [
          `To match records: ${c.identity.join(', ')}`,
          `Kept apart, for the fairness audit alone: ${c.keptApart.join(', ')}`,
          ...Object.entries(c.settings).map(([name, value]) => `${name.replace(/^./, (first) => first.toUpperCase())}: ${value}`),
        ],
      },
      {
        heading: 'What is stated, and how long it is relied on',
        table: { head: ['Statement', 'Relied on'], rows: Object.entries(c.statements) },
      },
      { heading: '3. Who was asked', paragraphs: [s.consulted] },
      {
        heading: '4. Necessity and proportion',
        paragraphs: [
          'An agency’s data is read only under an agreement in force, and only the fields that it names; all else is dropped at the door.',
        ],
        table: {
          head: ['Agency', 'Purpose', 'Lawful basis', 'Fields', 'In force', 'Kept after'],
          rows: Object.values(c.agreements).map((a) => [
            a.agency,
            a.purpose,
            a.lawfulBasis,
            a.fields.map((field) => field.replaceAll('_', ' ')).join(', '),
            `${a.startsOn} to ${a.endsOn} (${a.standing})`,
            `${a.retentionMonths} months`,
          ]),
        },
      },
      { heading: 'How long things are kept', table: { head: ['What', 'Kept'], rows: Object.entries(c.retention) } },
      {
        heading: '5 and 6. Risks and measures',
        table: { head: ['Risk to people', 'Likelihood', 'Harm', 'Measure'], rows: risks.map((row) => [...row]) },
      },
      { heading: 'Risks that stay', paragraphs: [s.risks] },
      {
        heading: '7. Advice and sign-off',
        paragraphs: [s.advice],
        list: [`Accountable: ${s.owner}, ${s.organisation}`, `To be looked at again by ${s.reviewOn}`, `Contact: ${s.contact}`],
      },
    ],
  };
}
