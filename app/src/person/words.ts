/** What staff did, in words that the person it was about reads. */
const deeds: Record<string, string> = {
  'person.read': 'looked at your page',
  'people.profile': 'worked out your profile anew',
  'fact.challenge': 'wrote down that something about you is wrong',
  'challenge.decide': 'decided on something you said is wrong',
  'notice.read': 'printed the letter for you',
  'notice.record': 'wrote down that you were told',
  'notice.delay': 'asked to tell you later',
  'notice.approve': 'agreed to tell you later',
  'finding.decide': 'decided whether to offer you help',
  'finding.undo': 'took a decision back',
  'reach.record': 'wrote down where you can get to',
  'note.write': 'wrote a note',
  'note.take-back': 'took a note back',
  'task.add': 'wrote down something to do for you',
  'task.tick': 'ticked off something to do for you',
  'package.read': 'looked at your support',
  'package.answer': 'wrote down your answer',
  'package.change': 'changed your plan',
  'package.close': 'ended your support',
  'request.decide': 'answered what you asked for',
  'appointment.read': 'looked at your appointments',
  'appointment.make': 'planned an appointment with you',
  'appointment.settle': 'wrote down how an appointment went',
  'access.invite': 'made a code for you to see this',
  'access.end': 'ended access to this',
  'case.answer': 'worked on your question',
  'link.read': 'looked at why your records are together',
  'subject.read': 'looked at your page',
  'track.read': 'looked at where you were on a day',
  'zone.list': 'looked at your rules',
  'zone.declare': 'made a new rule',
  'zone.change': 'changed a rule',
  'order.declare': 'wrote down an order',
  'order.read': 'looked at your order',
  'order.vary': 'wrote down that your order was changed',
  'document.list': 'looked at which papers we hold',
  'document.open': 'opened a paper about you',
  'letter.draft': 'began a letter to you',
  'letter.keep': 'wrote a letter to you',
  'document.keep': 'put a paper on file, or took one off',
  'wearing.open': 'fitted your tag',
  'wearing.close': 'took your tag off',
  'wearing.read': 'looked at your tag',
  'absence.authorise': 'let you be away',
  'alert.read': 'looked at an alert',
  'alert.decide': 'decided on an alert',
  'compliance.read': 'looked at how you kept your rules',
  'pack.make': 'put a report together',
  'pack.read': 'looked at a report',
  'pack.review': 'checked a report',
  'pack.export': 'passed a report on',
  'pair.read': 'compared two records',
  'subject.declare': 'put you on record',
  'subject.identify': 'wrote down who you are',
  'contact.keep': 'wrote down whom to ring about you',
  'address.keep': 'wrote down where you live',
  'subject.import': 'put you on record from a file',
  'subject.assign': 'wrote down whose case you are',
  'look-outside.read': 'was asked why they want to look at your case',
  'look-outside.explain': 'said why they look at your case',
  'order.assign': 'wrote down who is responsible for your order',
  'crime.read': 'looked at whether you were near a crime',
  'verdict.review': 'checked whether you were near a crime',
  'placesearch.look': 'looked at who was near a place',
  'track.export': 'took a file of where you were',
  'transfer.export': 'took all of your tag’s data to another system',
  'transfer.take': 'put you on record from another system',
  'wearer.look': 'looked at which crimes you were near',
  'series.look': 'looked at which crimes you were near',
  'verdict.take-back': 'checked again whether you were near a crime',
  'clearing.begin': 'checked that you were not near some crimes',
  'clearing.look': 'looked at where you were when there was a crime',
  'clearing.answer': 'checked that you were not near a crime',
  'clearing.clear': 'wrote down that you were not near some crimes',
  'verdict.export': 'passed on what was checked about a crime',
  'evidence.make': 'put together what shows where you were',
  'evidence.read': 'looked at what shows where you were',
  'evidence.stamp': 'had it said outside when what shows where you were was put together',
  'evidence.export': 'passed on what shows where you were',
  'cohort.read': 'looked at your week',
  'cohort.add': 'put you on a list',
  'cohort.take-off': 'took you off a list',
  'evaluation.export': 'put together outcomes of those who take part, without names',
  'statement.write': 'wrote down for a court what shows where you were',
  'reviewtest.make': 'used where you were to test staff',
  'keeping.read': 'looked at how long your data is kept',
  'hold.place': 'kept your data for longer',
  'hold.end': 'stopped keeping your data for longer',
  'erasure.decide': 'decided to delete your data',
};

/** How support that was offered stands. */
export const packageStates: Record<string, string> = {
  offered: 'offered to you',
  accepted: 'you said yes',
  declined: 'you said no',
  'could not be asked': 'we could not ask you',
  closed: 'over',
};

/** What somebody can ask for. */
export const requestKindsInWords: Record<string, string> = {
  work: 'Work or training',
  health: 'A doctor or a hospital',
  family: 'Family',
  funeral: 'A funeral',
  faith: 'My faith',
  'other hours': 'Other hours that stay',
  other: 'Something else',
};

/** What somebody meets an officer for. */
export const appointmentKinds: Record<string, string> = {
  'fit a tag': 'We put the tag on',
  'check a tag': 'We check the tag',
  'take a tag off': 'We take the tag off',
  attend: 'You come to us',
  other: 'We meet',
};

const purposes: Record<string, string> = {
  support: 'to help you',
  'record-linkage': 'to put your records together',
  monitoring: 'to watch over your tag',
  'crime-matching': 'to compare crimes with tags',
  'offender-management': 'to plan with other agencies',
  oversight: 'to check on the staff',
};

export function deedInWords(action: string): string {
  return deeds[action] ?? `did “${action.replace(/[.-]/g, ' ')}”`;
}

export function purposeInWords(purpose: string): string {
  return purposes[purpose] ?? purpose;
}

/** Every text that these words can give. */
export function allWords(): string[] {
  return [
    deeds,
    packageStates,
    requestKindsInWords,
    appointmentKinds,
    reminderKindsInWords,
    reminderChannelsInWords,
    purposes,
    tables,
  ].flatMap((own) => Object.values(own));
}

/** Tables of the copy, as a person would call them. */
const tables: Record<string, string> = {
  absences: 'Times when you may be away',
  addresses: 'Where you live',
  appointments: 'Your appointments',
  agreements: 'Deals under which agencies send data',
  alert_steps: 'What staff did about alerts',
  alert_versions: 'Alerts, as they changed',
  alerts: 'Alerts',
  allocation_proposals: 'Places that were thought of for you',
  breach_packs: 'Reports about rules',
  challenges: 'What was said to be wrong',
  characteristics: 'Your background, kept apart',
  cohort_members: 'Why you are on a list',
  cohorts: 'Lists you are on',
  crime_versions: 'Crimes that your tag was compared with',
  evaluation_members: 'What you take part in',
  evidence_packs: 'Evidence that was put together about you',
  facts: 'What agencies say about you',
  fixes: 'Where your tag was',
  documents: 'Papers we hold about you',
  days_kept: 'How long you were where you had to be, by day',
  goals: 'Your goals',
  identity_versions: 'Who you are, as it was before',
  order_versions: 'Your orders, as they were changed',
  reminder_choices: 'What you want to be reminded of',
  reminders: 'Reminders we sent you',
  need_decisions: 'Whether to offer you help',
  notes: 'Notes for you',
  notices: 'When you were told',
  orders: 'Orders of a court',
  own_cases: 'What you asked',
  packages: 'Support that was offered',
  person_events: 'How your records came together',
  person_summaries: 'Your profile, in short',
  persons: 'Your number here',
  requests: 'What you asked for',
  reach: 'Where you can get to',
  records: 'Who you are, as agencies say',
  review_tests: 'Tests of staff that used where you were',
  reviews: 'Checks by a person',
  services: 'Services there are',
  sessions: 'Your meetings',
  sources: 'Agencies',
  steps: 'Your steps',
  subjects: 'Your name and number here',
  tags: 'Your tags',
  tasks: 'What staff have to do for you',
  waiting: 'Since when you have waited',
  wearings: 'When you wore a tag',
  withdrawals: 'When you stopped the support',
  zone_orders: 'Which rule is under which order',
  zone_versions: 'Your rules, as they changed',
  zones: 'Your rules',
};

export function tableInWords(name: string): string {
  return tables[name] ?? name.replaceAll('_', ' ');
}

/** What somebody can be reminded of. */
export const reminderKindsInWords: Record<string, string> = {
  charge: 'My tag must be charged',
  hours: 'I must be somewhere in half an hour',
  appointment: 'I have an appointment',
  answer: 'You have answered me',
};

export const reminderChannelsInWords: Record<string, string> = {
  'text message': 'By text message',
  'e-mail': 'By e-mail',
  'push message': 'On this phone or computer',
};
