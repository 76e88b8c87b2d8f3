import { type Purpose, purposeOf } from '../../platform/access.ts';

interface PurposeInWords {
  what: string;
  sees: string;
  never: string;
}

/** What each purpose is, for whoever wants to know. The access policies and the database's own rules hold it. */
const words: Record<Exclude<Purpose, 'ingest' | 'retention'>, PurposeInWords> = {
  monitoring: {
    what: 'Watching over people under an order of a court',
    sees: 'orders, tags, zones, positions, alerts, how conditions were kept',
    never: 'verdicts on crimes, anything of support',
  },
  'crime-matching': {
    what: 'Comparing recorded crimes with tags',
    sees: 'crimes, verdicts, and positions around a crime’s window',
    never: 'the rest of anybody’s days, anything of support',
  },
  'offender-management': {
    what: 'Planning together for people on a named list',
    sees: 'of those on their own lists, one week at a time: how conditions were kept, alerts, reviewed verdicts, appointments',
    never: 'anybody else; positions; anything of support',
  },
  'release-planning': {
    what: 'Planning releases from prison on a tag',
    sees: 'proposals by the prison’s own number: places, hours and areas; visits and tags by week; published figures',
    never: 'anybody who is under an order, positions, alerts, verdicts, anything of support',
  },
  support: {
    what: 'Finding who needs help, and offering it',
    sees: 'what agencies state, needs, offers, packages, notes',
    never: 'tags, positions and verdicts; protected characteristics',
  },
  'record-linkage': {
    what: 'Bringing records of one person together',
    sees: 'who people are in agencies’ records, and doubtful pairs of them',
    never: 'needs, offers and packages; anything of supervision',
  },
  fairness: {
    what: 'Comparing how groups are served',
    sees: 'counts by group, none of them small',
    never: 'any one person',
  },
  oversight: {
    what: 'Checking on those who work here',
    sees: 'who did what, when and what for; people by number',
    never: 'what is held of anybody',
  },
  administration: {
    what: 'Keeping the system running',
    sees: 'accounts of tags, gateways and programs, where alerts are sent',
    never: 'positions, verdicts, needs',
  },
  self: {
    what: 'Seeing what is held of oneself',
    sees: 'their own data, what was decided, who looked and why',
    never: 'anybody else',
  },
};

const spoken = (role: string) => role.replaceAll('-', ' ').replace(/^./, (first) => first.toUpperCase());

/** Each purpose with the roles that work for it. */
export function purposesInWords(): ({ roles: string } & PurposeInWords)[] {
  return Object.entries(words).map(([purpose, said]) => ({
    roles: Object.entries(purposeOf)
      .filter(([, own]) => own === purpose)
      .map(([role]) => (role === 'person' ? 'The person themselves' : spoken(role)))
      .join(', '),
    ...said,
  }));
}
