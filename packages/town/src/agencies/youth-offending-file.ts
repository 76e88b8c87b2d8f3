import type { Statement } from './statements.ts';

const domains: Record<string, string> = {
  'substance use': 'substances',
  occupation: 'ete',
  'trusted adult': 'positive relationships',
  'parent offending': 'family offending',
};

/** The youth offending team's export: nested JSON with assessments in a list. */
export function youthOffendingFile(people: Iterable<Statement>): string {
  const youngPeople = [...people].map((person) => ({
    ref: person.key,
    personal: {
      givenName: person.forename,
      middleName: person.middleName,
      familyName: person.surname,
      alias: person.knownAs,
      formerFamilyName: person.surnameBefore,
      dateOfBirth: person.born,
      sex: person.sex,
      ethnicity: person.ethnicity,
    },
    identifiers: { nhs: person.nhs, upn: person.upn },
    contact: {
      address: person.address,
      postcode: person.postcode,
      previousAddress: person.addressBefore,
      previousPostcode: person.addressBefore && person.postcodeBefore,
      mobile: person.phone,
      email: person.email,
    },
    assessments: person.circumstances.map(({ kind, value, on }) => ({ domain: domains[kind], rating: value, completed: on })),
  }));
  return `${JSON.stringify({ exportedBy: 'Tarnbridge Youth Offending Team', youngPeople }, null, 1)}\n`;
}
