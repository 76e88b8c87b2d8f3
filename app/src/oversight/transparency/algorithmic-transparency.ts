import { parametersInWords } from '../../supervision/index.ts';
import { fromTree, type RecordSource, shareInWords, type TransparencyRecord } from './record.ts';

/** In the order of the Algorithmic Transparency Recording Standard (version 3): an overview, then owner, use, tools, data, risks. */
export function algorithmicTransparency(source: RecordSource): TransparencyRecord {
  return {
    key: 'algorithms',
    title: 'Algorithmic transparency record',
    about: 'Which calculations help people decide, on what data, and what is done so that they do no harm.',
    sections: [...useAndReview(source), ...calculations(source), ...dataAndRisks(source)],
  };
}

/** What it is for, who answers for it, and how people decide. */
function useAndReview({ configuration: c, statement: s, figures }: RecordSource): TransparencyRecord['sections'] {
  return [
    {
      heading: 'Overview',
      paragraphs: [
        `${s.organisation} uses Waymark for two jobs that are kept apart. For people who wear a GPS tag under an order of a court, it compares where the tag was with where crimes were recorded: it says who was present, who is excluded, and for whom it is not known. For people who may need help, it brings together what agencies hold, shows needs and strengths, and proposes places in services.`,
        'Neither job decides about anybody. Each result is looked at by a named person, who writes down a reason, before anything follows from it.',
      ],
    },
    {
      heading: 'Owner and responsibility',
      list: [
        `Organisation: ${s.organisation}`,
        `Accountable: ${s.owner}`,
        `Contact: ${s.contact}`,
        `Program: Waymark ${c.program.version}`,
      ],
    },
    { heading: 'Why it is used', paragraphs: [s.why] },
    {
      heading: 'How people decide',
      list: [
        'A verdict leaves only after a named reviewer has looked at the fixes and agreed, with a reason. Exclusions, which spare people, may be cleared together by somebody who has looked at a random sample of them without the verdict; each says so. A doubt opens the whole batch.',
        c.settings['searches by place and time without a crime'] === 'yes'
          ? 'A place and a time may be searched without a crime only on a ground in law, with a reason and the consent of a second person, within 500 metres of a point and six hours. How often that happened is published at /transparency/place-searches.'
          : 'A place and a time are not searched without a crime.',
        c.settings['second review of every verdict'] === 'yes'
          ? 'A second person reviews every verdict without seeing what the first decided.'
          : 'One person reviews each verdict. A second review is not asked for here.',
        'A place in a service is offered only by a named person, one case at a time. There is no approval of many at once.',
        'Nobody is offered anything before they were told what is held about them, unless a lead has agreed to a delay, with a reason and an end.',
        'A program may send data and ask for results. It decides nothing about anybody.',
      ],
    },
    {
      heading: 'What reviewers found',
      paragraphs: [
        `Up to the date of this record ${figures.reviews} reviews of verdicts were made. Reviewers went against the verdict in ${shareInWords(figures.against)}. Where two people reviewed the same verdict they decided alike in ${shareInWords(figures.twice)}.`,
        'These figures tell how people and program agree. They do not tell how often both are wrong.',
      ],
    },
  ];
}

/** What is calculated, and how. */
function calculations({ configuration: c }: RecordSource): TransparencyRecord['sections'] {
  return [
    {
      heading: 'Presence: the calculation',
      paragraphs: [
        `Model ${c.program.model}. Between two fixes a wearer who moves no faster than the greatest speed stays inside a space-time prism; a place outside all of them was out of reach. Inside, the chance follows from how far people leave the straight line between fixes, and from errors that are heavy-tailed. Those distances were learnt once from public tracks of volunteers; nothing is learnt from wearers, and no record of past crimes is used.`,
      ],
      table: { head: ['Parameter', 'Value'], rows: parametersInWords(c.presence).map(({ name, value }) => [name, String(value)]) },
    },
    {
      heading: 'Alerts: the calculation',
      paragraphs: [
        `A wearer counts as inside or outside a zone when two fixes in a row, or more, lie there and give it a chance of ${c.watch.together} together. A fix that no movement explains, or whose error is larger than the zone, decides nothing. Without a fix for ${c.watch.staleS} seconds nothing is known, and nothing counts as a breach.`,
      ],
    },
    {
      heading: 'Needs: the calculation',
      paragraphs: [
        `Instrument ${c.instrument.version}: ${c.instrument.about}`,
        'A score is the sum of visible parts and is shown as a range. What is missing widens the range and is never taken for a low need. It orders help; it does not forecast crime.',
      ],
      table: { head: ['Factor', 'What it is about'], rows: fromTree(c.instrument.factors) },
    },
    {
      heading: 'Matching records and proposing places',
      list: [
        'Records of different agencies are matched by probabilities that are learnt from the records themselves. Doubtful matches are decided by people; each match can be explained and undone.',
        'Places are proposed so that together they meet most need. What each proposal displaces stands beside it.',
      ],
    },
  ];
}

/** What it rests on, how to object, and what stays. */
function dataAndRisks({ configuration: c, statement: s }: RecordSource): TransparencyRecord['sections'] {
  return [
    {
      heading: 'Data',
      paragraphs: [
        'Positions come from the tags. What agencies state comes under an agreement in force; records of one that has ended stay until their time is over.',
      ],
      table: {
        head: ['Source', 'Agreement', 'Standing'],
        rows: Object.values(c.agreements).map((a) => [a.agency, a.title, a.standing]),
      },
    },
    {
      heading: 'Asking and objecting',
      paragraphs: [
        `Whoever is in the data can see what is held, what was decided and who looked, can say that something is wrong, and can ask for a human. Contact: ${s.contact}`,
      ],
    },
    { heading: 'Risks that stay', paragraphs: [s.risks] },
  ];
}
