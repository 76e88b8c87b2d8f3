import type { Circumstance } from './circumstances.ts';
import type { Statement } from './statements.ts';

const columns = [
  'TenantRef',
  'Name',
  'OtherName',
  'BirthDate',
  'Sex',
  'Ethnic',
  'Addr',
  'PCode',
  'PrevAddr',
  'PrevPCode',
  'Mobile',
  'Email',
  'Standing',
  'StandingFrom',
  'Work',
  'WorkFrom',
];
const standings: Record<string, string> = { settled: 'SET', 'at risk': 'NTQ', temporary: 'TEMP', homeless: 'HL', 'rough sleeping': 'RS' };
const works: Record<string, string> = { 'in education or work': 'Y', 'part-time': 'PT', 'not in education or work': 'N' };
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const worded = (date: string | null | undefined) => {
  if (!date) return '';
  const [year, month, day] = date.split('-') as [string, string, string];
  return `${Number(day)} ${months[Number(month) - 1] ?? month} ${year}`;
};

/** The housing office's extract: semicolons, the whole name in one column, surname first, dates in words. */
export function* housingFile(tenants: Iterable<Statement>): Generator<string> {
  yield `${columns.join(';')}\r\n`;
  for (const tenant of tenants) {
    const of = (kind: Circumstance['kind']) => tenant.circumstances.find((found) => found.kind === kind);
    const [standing, work] = [of('housing'), of('occupation')];
    const name = [tenant.surname ?? '', [tenant.forename, tenant.middleName].filter(Boolean).join(' ')].join(', ');
    const fields = [
      tenant.key,
      name,
      tenant.surnameBefore,
      worded(tenant.born),
      tenant.sex,
      tenant.ethnicity,
      tenant.address,
      tenant.postcode,
      tenant.addressBefore,
      tenant.addressBefore && tenant.postcodeBefore,
      tenant.phone,
      tenant.email,
      standing && standings[standing.value],
      worded(standing?.on),
      work && works[work.value],
      worded(work?.on),
    ];
    yield `${fields.map((value) => (value ?? '').replaceAll(';', ',')).join(';')}\r\n`;
  }
}
