import type { Circumstance } from './circumstances.ts';
import type { Statement } from './statements.ts';

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const element = (name: string, text: string | null | undefined) => (text ? `<${name}>${escaped(text)}</${name}>` : '');

const last = (circumstances: Circumstance[], kind: Circumstance['kind']) => circumstances.find((found) => found.kind === kind);

/** A school's Common Transfer File: a header, then pupils with their basic details, address and attendance. */
export function* commonTransferFile(pupils: Iterable<Statement>, today: string): Generator<string> {
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<CTfile>\n<Header><DocumentName>Common Transfer File</DocumentName><CTFversion>25.0</CTFversion><DateTime>${today}T06:00:00</DateTime>`;
  yield '<DocumentQualifier>partial</DocumentQualifier><SupplierID>Waymark town</SupplierID><SourceSchool><LEA>999</LEA><Estab>4001</Estab><SchoolName>Tarnbridge High</SchoolName></SourceSchool></Header>\n<CTFpupilData>\n';
  for (const pupil of pupils) {
    const { circumstances } = pupil;
    const attendance = last(circumstances, 'attendance');
    const attainment = last(circumstances, 'attainment');
    const exclusion = last(circumstances, 'school exclusion');
    const adult = last(circumstances, 'trusted adult');
    yield '<Pupil>';
    yield element('UniqueLearnerNumber', pupil.key) +
      element('UPN', pupil.upn) +
      element('Surname', pupil.surname) +
      element('Forename', pupil.forename);
    yield element('DOB', pupil.born) + element('Gender', pupil.sex?.toUpperCase()) + element('MiddleNames', pupil.middleName);
    yield `<BasicDetails>${element('PreferredForename', pupil.knownAs)}${element('FormerSurname', pupil.surnameBefore)}${element('Ethnicity', pupil.ethnicity)}</BasicDetails>`;
    yield `<Address>${element('AddressLine1', pupil.address)}${element('PostCode', pupil.postcode)}</Address>${element('Phone', pupil.phone)}`;
    if (attendance)
      yield `<Attendance><Year>${attendance.on.slice(0, 4)}</Year><AttendedPercent>${attendance.value}</AttendedPercent><UpTo>${attendance.on}</UpTo></Attendance>`;
    if (attainment) yield `<Assessment><Judgement>${attainment.value}</Judgement><ResultDate>${attainment.on}</ResultDate></Assessment>`;
    if (exclusion)
      yield `<Exclusion><Category>${{ permanent: 'PERM', suspended: 'SUSP' }[exclusion.value] ?? 'NONE'}</Category><StartDate>${exclusion.on}</StartDate></Exclusion>`;
    if (adult) yield `<Mentor><Named>${adult.value === 'yes' ? 'Y' : 'N'}</Named><AsAt>${adult.on}</AsAt></Mentor>`;
    yield '</Pupil>\n';
  }
  yield '</CTFpupilData>\n</CTfile>\n';
}

const columns = [
  'Admission No',
  'UPN',
  'Legal Surname',
  'Legal Forename',
  'Middle Name(s)',
  'Chosen Forename',
  'DOB',
  'Sex',
  'Ethnic Group',
  'Home Address',
  'Postcode',
  'Parent Phone',
  'Attendance %',
  'Attendance To',
  'Working At',
  'Assessed On',
  'Exclusion',
  'Exclusion Date',
  'Mentor',
  'Mentor Since',
  'Dinner Money',
] as const;

const british = (date: string | undefined) => (date ? date.split('-').reverse().join('/') : '');
const quoted = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Another school's export: comma-separated, dates day first, with a column that nobody has asked for. */
export function* schoolCsv(pupils: Iterable<Statement>): Generator<string> {
  yield `${columns.map(quoted).join(',')}\n`;
  for (const pupil of pupils) {
    const { circumstances } = pupil;
    const of = (kind: Circumstance['kind']) => last(circumstances, kind);
    const exclusion = of('school exclusion');
    yield `${[
      pupil.key,
      pupil.upn,
      pupil.surname,
      pupil.forename,
      pupil.middleName,
      pupil.knownAs,
      british(pupil.born ?? undefined),
      pupil.sex?.toUpperCase(),
      pupil.ethnicity,
      pupil.address,
      pupil.postcode,
      pupil.phone,
      of('attendance')?.value,
      british(of('attendance')?.on),
      of('attainment')?.value,
      british(of('attainment')?.on),
      exclusion && ({ permanent: 'P', suspended: 'S' }[exclusion.value] ?? 'N'),
      british(exclusion?.on),
      of('trusted adult') && (of('trusted adult')?.value === 'yes' ? 'Y' : 'N'),
      british(of('trusted adult')?.on),
      '2.45',
    ]
      .map((value) => quoted(value ?? ''))
      .join(',')}\n`;
  }
}
