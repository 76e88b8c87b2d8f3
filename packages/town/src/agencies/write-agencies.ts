import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { healthBundle } from './health-file.ts';
import { housingFile } from './housing-file.ts';
import { commonTransferFile, schoolCsv } from './school-file.ts';
import { writeSocialCareFile } from './social-care-file.ts';
import { type AgenciesOptions, type AgencyName, type Statement, statements } from './statements.ts';
import { youthOffendingFile } from './youth-offending-file.ts';

/** A file as an agency sends it. */
export interface AgencyFile {
  agency: AgencyName;
  file: string;
  /** The name of its mapping among those that come with the product. */
  mapping: string;
  records: number;
}

export interface WrittenAgencies {
  files: AgencyFile[];
  records: number;
}

/**
 * Writes the files of the town's five agencies to a folder, which is made if need be; `truth.csv` with the person of each
 * record; and `facts.csv` with what each record states. Two schools send different files of one agency; no file holds more than
 * `recordsPerFile`.
 */
export async function writeAgencies(folder: string, options: AgenciesOptions & { recordsPerFile?: number }): Promise<WrittenAgencies> {
  const { recordsPerFile = 250_000 } = options;
  await mkdir(folder, { recursive: true });
  const all = [...statements(options)];
  const of = (agency: AgencyName) => all.filter((statement) => statement.agency === agency);
  const pupils = of('school');
  const secondary = pupils.filter(({ key }) => Number(key.slice(1)) % 5 < 3);
  const primary = pupils.filter(({ key }) => Number(key.slice(1)) % 5 >= 3);
  const files: AgencyFile[] = [];
  const wrote = (agency: AgencyName, file: string, mapping: string, records: number) =>
    files.push({ agency, file: join(folder, file), mapping, records });
  const stream = (file: string, parts: Iterable<string>) => pipeline(Readable.from(parts), createWriteStream(join(folder, file)));
  const parts = async (
    agency: AgencyName,
    name: (part: string) => string,
    mapping: string,
    rows: Statement[],
    write: (file: string, rows: Statement[]) => Promise<void>,
  ) => {
    for (let first = 0, n = 1; first === 0 || first < rows.length; first += recordsPerFile, n++) {
      const own = rows.slice(first, first + recordsPerFile);
      const file = name(rows.length > recordsPerFile ? `-${n}` : '');
      await write(file, own);
      wrote(agency, file, mapping, own.length);
    }
  };
  const { today } = options;
  await parts(
    'school',
    (n) => `9994001_CTF_9999999_001${n}.xml`,
    'school-ctf',
    secondary,
    (file, rows) => stream(file, commonTransferFile(rows, today)),
  );
  await parts(
    'school',
    (n) => `school-roll${n}.csv`,
    'school-csv',
    primary,
    (file, rows) => stream(file, schoolCsv(rows)),
  );
  await parts(
    'social care',
    (n) => `social-care${n}.xlsx`,
    'social-care',
    of('social care'),
    (file, rows) => writeSocialCareFile(join(folder, file), rows, today),
  );
  await parts(
    'housing',
    (n) => `housing${n}.csv`,
    'housing',
    of('housing'),
    (file, rows) => stream(file, housingFile(rows)),
  );
  await parts(
    'health',
    (n) => `health${n}.json`,
    'health',
    of('health'),
    (file, rows) => stream(file, healthBundle(rows)),
  );
  await parts(
    'youth offending',
    (n) => `youth-offending${n}.json`,
    'youth-offending',
    of('youth offending'),
    (file, rows) => writeFile(join(folder, file), youthOffendingFile(rows)),
  );
  await stream('truth.csv', truth(all));
  await stream('facts.csv', facts(all));
  return { files, records: all.length };
}

function* truth(all: Statement[]): Generator<string> {
  yield 'source,record,person\n';
  for (const { agency, key, person } of all) yield `${agency},${key},${person}\n`;
}

function* facts(all: Statement[]): Generator<string> {
  yield 'source,record,kind,value,on\n';
  for (const { agency, key, circumstances } of all)
    for (const { kind, value, on } of circumstances) yield `${agency},${key},${kind},${value},${on}\n`;
}
