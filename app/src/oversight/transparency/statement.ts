/** What only people can say: it stands beside what the configuration tells. */
export interface Statement {
  organisation: string;
  owner: string;
  contact: string;
  why: string;
  consulted: string;
  advice: string;
  risks: string;
  reviewOn: string;
}

export interface StatementField {
  key: keyof Statement;
  label: string;
  hint: string;
  long: boolean;
}

export const statementFields: StatementField[] = [
  { key: 'organisation', label: 'Organisation', hint: 'The data controller, by its full name', long: false },
  { key: 'owner', label: 'Who is accountable', hint: 'The office of the senior responsible owner, not their name', long: false },
  { key: 'contact', label: 'Contact', hint: 'An e-mail address or telephone number that the public may use', long: false },
  { key: 'why', label: 'Why it is used', hint: 'The problem, what was done before, and what else was considered', long: true },
  {
    key: 'consulted',
    label: 'Who was asked',
    hint: 'People in the data, their families, staff, others; what they said, and what followed',
    long: true,
  },
  {
    key: 'advice',
    label: 'Advice of the data protection officer',
    hint: 'What they advised, and whether it was followed. If not, why not',
    long: true,
  },
  {
    key: 'risks',
    label: 'Risks that stay',
    hint: 'What the measures do not remove, who accepts it, and whether the Information Commissioner was asked',
    long: true,
  },
  { key: 'reviewOn', label: 'To be looked at again by', hint: 'Within a year, such as 2027-06-30', long: false },
];
