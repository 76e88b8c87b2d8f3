import type { RecordSource, TransparencyRecord } from './record.ts';

const inWords = (text: string) => text.replaceAll('-', ' ');

/** What article 30 of the UK GDPR asks a controller to keep. */
export function recordOfProcessing({ configuration: c, statement: s }: RecordSource): TransparencyRecord {
  const staff = (...purposes: string[]) =>
    Object.entries(c.roles)
      .filter(([, purpose]) => purposes.includes(purpose))
      .map(([role]) => inWords(role))
      .join(', ');
  return {
    key: 'processing',
    title: 'Record of processing',
    about: 'Whose data is processed, for which purposes, who receives it, and how long it is kept.',
    sections: [
      { heading: 'Controller', list: [s.organisation, `Accountable: ${s.owner}`, `Contact: ${s.contact}`] },
      {
        heading: 'Purposes',
        table: {
          head: ['Purpose', 'Whose data', 'Which data', 'Who works with it'],
          rows: [
            [
              'Monitoring people under an order',
              'people who wear a tag; people whom an order protects',
              'orders, zones, positions, alerts, how conditions were kept',
              staff('monitoring'),
            ],
            [
              'Comparing crimes with tags',
              'people who wear a tag; anybody whom the text of a recorded crime names',
              'positions around recorded crimes, verdicts, reviews, evidence packs',
              staff('crime-matching'),
            ],
            ['Bringing records together', 'people whom agencies know', c.identity.join(', '), staff('record-linkage')],
            [
              'Offering help',
              'people whom agencies know',
              `${Object.keys(c.statements).join(', ')}; needs, offers, packages`,
              staff('support'),
            ],
            ['Checking fairness', 'people whom agencies know, in numbers only', c.keptApart.join(', '), staff('fairness')],
            ['Overseeing', 'staff', 'who did what, when and for which purpose', staff('oversight')],
            ['Administration', 'staff', 'accounts of tags, gateways and programs', staff('administration')],
          ],
        },
      },
      {
        heading: 'Where it comes from',
        table: {
          head: ['Agency', 'Lawful basis', 'Purpose', 'In force'],
          rows: Object.values(c.agreements).map((a) => [
            a.agency,
            a.lawfulBasis,
            a.purpose,
            `${a.startsOn} to ${a.endsOn} (${a.standing})`,
          ]),
        },
      },
      {
        heading: 'Who receives it',
        list: [
          'Forces that recorded a crime: verdicts that a named person has reviewed and agreed, for that crime.',
          'Courts and probation: packs on how an order was kept, released by a second person.',
          'Providers of services: what a package that was accepted needs.',
          'The person themselves: what is held of them, and a copy, without what is about others: where a crime was, what staff note among themselves, where a protected person was.',
          `By e-mail: ${c.settings['alerts leave by e-mail']}; by text message: ${c.settings['alerts leave by text message']}; to other programs: ${c.settings['alerts leave to other programs']}. These messages name no person and no place.`,
          `Reminders that people on tags ask for: ${c.settings['people on tags may be reminded']}. They say that there is something, unless the person wants more. Who carries them learns the number, the address or the device, and when.`,
          'The program sends to the hosts that it is given and to no others. Where they stand is for the organisation to say.',
        ],
      },
      { heading: 'How long it is kept', table: { head: ['What', 'Kept'], rows: Object.entries(c.retention) } },
      {
        heading: 'Security',
        list: [
          `Sign-in through ${c.settings['staff sign in through']}; records in ${c.settings['records in']}.`,
          'Each role works for one purpose, and the database itself shows no row without that purpose.',
          `${Object.keys(c.policies).length} access policies say who may do what; each refusal is on record.`,
          'Every look and change is on record, in a chain that shows any later change.',
        ],
      },
    ],
  };
}
