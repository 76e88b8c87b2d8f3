import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command as CommandLine } from 'commander';
import { InvalidError } from '../platform/action.ts';
import { todayOf } from '../platform/days.ts';
import { declareAgreement, importRecords, listSources, mappingNames, mappingOfName, readMapping, sharedFields } from '../support/index.ts';
import type { Waymark } from '../waymark.ts';
import { consoleActor, type Emit, existing, progress } from './command.ts';
import { print, run, tell, withData } from './terminal.ts';

/** A mapping by the name of one that comes along, or from a file. */
function mappingFrom(given: unknown) {
  const name = typeof given === 'string' ? given : '';
  if (!name) throw new InvalidError(`Name the mapping: a file, or one of ${mappingNames().join(', ')}.`, 'mapping');
  return mappingOfName(name) ?? readMapping(readFileSync(existing(name), 'utf8'));
}

export const importRecordsCommand = {
  name: 'import-records',
  async run(waymark: Waymark, args: { file: string; source?: string; mapping?: string; register?: boolean }, emit: Emit) {
    const actor = consoleActor('record-linkage');
    const source = args.source || undefined;
    if (!source) throw new InvalidError('Name the source that the file comes from.', 'source');
    const mapping = mappingFrom(args.mapping);
    const path = existing(args.file);
    if (args.register === true) {
      const today = todayOf(waymark);
      const known = await waymark.performer.perform(actor, listSources, null, { today });
      if (known.length === 0 && waymark.fixes.lastReceipt === 0) waymark.folder.markTrial();
      if (known.some(({ name }) => name === source))
        throw new InvalidError(
          `The source "${source}" is on the register already. Leave --register out: its own agreement counts.`,
          'source',
        );
      const day = (years: number) => `${Number(today.slice(0, 4)) + years}${today.slice(4)}`.replace('-02-29', '-02-28');
      await waymark.performer.perform(actor, declareAgreement, null, {
        source,
        agency: source,
        title: 'Trial with fictional records',
        purpose: 'To try things out with fictional people',
        lawfulBasis: 'consent',
        fields: [...sharedFields],
        startsOn: day(0),
        endsOn: day(1),
        retentionMonths: 12,
        today,
      });
    }
    const tell = progress(emit, 'rows');
    const result = await importRecords(waymark.performer, actor, { path, source, mapping, timeZone: waymark.timeZone }, (rows) =>
      tell(rows, 0),
    );
    return result;
  },
};

/** `waymark import records` */
export function defineImportRecords(program: CommandLine): void {
  withData(
    program
      .command('records')
      .argument('<file>', 'CSV, Excel, JSON, Common Transfer File or FHIR bundle')
      .description("read an agency's records under its agreement in force; bad rows are listed with what to mend")
      .requiredOption('--source <name>', 'the source on the register that the file comes from')
      .requiredOption('--mapping <file>', 'a mapping file (YAML), or the name of one that comes along')
      .option('--register', 'put a trial agreement for the source on the register, for fictional records'),
  ).action(async (file: string, options) => {
    const mapping = /[./]/.test(options.mapping) ? resolve(options.mapping) : options.mapping;
    const args = { file: resolve(file), source: options.source, mapping, register: options.register };
    const result = await run(importRecordsCommand, options, args);
    if (options.json) return print(`${JSON.stringify(result)}\n`);
    const { counts, dropped, problems } = result;
    await print(
      `${result.again ? 'This very file had been read before. ' : ''}${counts.rows} rows: ${counts.added} new, ${counts.changed} changed, ${counts.unchanged} the same, ${counts.refused} refused; ${counts.facts} statements\n`,
    );
    for (const [field, count] of Object.entries(dropped)) tell(`${field}: ${count} values dropped, for the agreement does not allow them`);
    for (const { row, column, value, message } of problems) tell(`${row ? `row ${row}` : 'file'}, ${column} "${value}": ${message}`);
    if (counts.added + counts.changed + counts.unchanged === 0) process.exitCode = 2;
  });
}
