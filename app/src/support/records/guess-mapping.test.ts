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
