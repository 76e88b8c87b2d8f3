import { describe, expect, test } from 'vitest';
import { guessMapping, type SampleColumn } from './guess-mapping.ts';
import { readMapping } from './mapping.ts';

const column = (name: string, ...values: string[]): SampleColumn => ({ name, values });

describe('a mapping from a sample', () => {
  test('columns are known by heading and content, and the mapping can be used as it is', () => {
    const { mapping, text, columns } = guessMapping(
      [
        column('Admission No', '1', '2', '3'),
        column('Legal Surname', 'Bell', 'Cole', 'Bell'),
        column('Legal Forename', 'Ada', 'Bo', 'Cy'),
        column('DOB', '04/05/2012', '05/06/2013', '06/07/2014'),
        column('Sex', 'F', 'M', 'F'),
        column('Home Address', '1 Elm Road', '2 Elm Road', '3 Elm Road'),
        column('Postcode', 'NQ1 1AA', 'NQ1 1AA', 'NQ1 1AB'),
        column('Ethnic Group', 'Mixed', 'Asian', 'Mixed'),
        column('Attendance %', '91', '45', '100'),
        column('Attendance To', '01/10/2026', '01/10/2026', '01/10/2026'),
        column('Exclusion', 'none', 'S', 'none'),
        column('Exclusion Date', '02/09/2026', '03/09/2026', '04/09/2026'),
        column('Dinner Money', '2.45', '2.45', '2.45'),
      ],
      { name: 'sample', reads: 'csv' },
    );
    expect(readMapping(text)).toEqual(mapping);
    expect(mapping.key).toEqual({ column: 'Admission No' });
    expect(mapping.identity).toMatchObject({
      forename: { column: 'Legal Forename' },
      surname: { column: 'Legal Surname' },
      date_of_birth: { column: 'DOB', as: 'date' },
      sex: { column: 'Sex', words: { F: 'female', M: 'male' } },
      address: { column: 'Home Address' },
      postcode: { column: 'Postcode' },
    });
    expect(mapping.facts).toEqual([
      { kind: 'attendance', value: { column: 'Attendance %' }, on: { column: 'Attendance To' } },
      { kind: 'school exclusion', value: { column: 'Exclusion', words: { none: 'none', S: '' } }, on: { column: 'Exclusion Date' } },
    ]);
    expect(columns.find(({ column: name }) => name === 'Dinner Money')?.becomes).toBeNull();
  });

  test('a whole name in one column is taken apart', () => {
    const { mapping } = guessMapping(
      [column('TenantRef', 'T1', 'T2'), column('Name', 'Bell, Ada Rose', 'Cole, Bo'), column('NHS', '9990000018', '9990000026')],
      {
        name: 'sample',
        reads: 'excel',
        headings: 3,
      },
    );
    expect(mapping).toMatchObject({ headings: 3, key: { column: 'TenantRef' } });
    expect(mapping.identity).toEqual({
      surname: { column: 'Name', before: ',' },
      forename: { column: 'Name', after: ',', word: 1 },
      middle_name: { column: 'Name', after: ',', word: 'rest' },
      nhs_number: { column: 'NHS' },
    });
  });
});

describe('what is of somebody or something else is not taken for the person’s own', () => {
  const column = (name: string, ...values: string[]) => ({ name, values });
  const guess = (...columns: ReturnType<typeof column>[]) => guessMapping(columns, { name: 'sample', reads: 'csv' });

  test('a place of birth is no birth date, the worker is not the child, the parent’s phone is not theirs', () => {
    const { mapping } = guess(
      column('Case Worker First Name', 'Wanda', 'Will'),
      column('Place of Birth', 'Leeds', 'York'),
      column('Parent Surname', 'Old', 'Older'),
      column('Person ID', 'A1', 'A2'),
      column('First Name', 'Ann', 'Cara'),
      column('Surname', 'Ashby', 'Ashby'),
      column('Date of Birth', '2010-01-02', '2011-02-03'),
    );
    expect(mapping.identity).toEqual({
      forename: { column: 'First Name' },
      surname: { column: 'Surname' },
      date_of_birth: { column: 'Date of Birth', as: 'date' },
    });
    expect(mapping.key.column).toBe('Person ID');
  });

  test.each([
    ['a school’s own number first', [column('School No', '1234', '1234'), column('Surname', 'Ashby', 'Bell')]],
    ['initials', [column('Client Initials', 'AB', 'CD'), column('DOB', '2010-01-02', '2011-02-03')]],
    ['names alone', [column('Surname', 'Ashby', 'Bell'), column('Forename', 'Ann', 'Bo')]],
  ])('a key is asked for, never guessed: %s', (_name, columns) => {
    const { mapping, asksForKey } = guess(...columns);
    expect([mapping.key.column, asksForKey]).toEqual(['', true]);
  });

  test('of sessions possible, sessions attended and a percentage, the percentage is the attendance', () => {
    const { mapping } = guess(
      column('Pupil ID', 'p1', 'p2'),
      column('Possible Sessions', '60', '60'),
      column('Attended Sessions', '57', '30'),
      column('% Attendance', '95.0', '50.0'),
      column('Attendance To', '2026-09-01', '2026-09-01'),
    );
    expect(mapping.facts).toMatchObject([{ kind: 'attendance', value: { column: '% Attendance' } }]);
  });
});
