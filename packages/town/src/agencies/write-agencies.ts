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
  statements: Statement[];
}

/**
 * Writes the files of the town's five agencies to a folder, which is made if need be, and `truth.csv` with the person of
 * each record. Two schools send different files of one agency.
 */
export async function writeAgencies(folder: string, options: AgenciesOptions): Promise<WrittenAgencies> {
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
  await stream('9994001_CTF_9999999_001.xml', commonTransferFile(secondary, options.today));
  wrote('school', '9994001_CTF_9999999_001.xml', 'school-ctf', secondary.length);
  await stream('school-roll.csv', schoolCsv(primary));
  wrote('school', 'school-roll.csv', 'school-csv', primary.length);
  await writeSocialCareFile(join(folder, 'social-care.xlsx'), of('social care'), options.today);
  wrote('social care', 'social-care.xlsx', 'social-care', of('social care').length);
  await stream('housing.csv', housingFile(of('housing')));
  wrote('housing', 'housing.csv', 'housing', of('housing').length);
  await stream('health.json', healthBundle(of('health')));
  wrote('health', 'health.json', 'health', of('health').length);
  await writeFile(join(folder, 'youth-offending.json'), youthOffendingFile(of('youth offending')));
  wrote('youth offending', 'youth-offending.json', 'youth-offending', of('youth offending').length);
  await stream('truth.csv', ['source,record,person\n', ...all.map(({ agency, key, person }) => `${agency},${key},${person}\n`)]);
  return { files, statements: all };
}
