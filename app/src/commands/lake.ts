import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command as CommandLine } from 'commander';
import { type Action, InvalidError } from '../platform/action.ts';
import type { LakeCheck, LakeExtent } from '../platform/fixes/check-lake.ts';
import type { Waymark } from '../waymark.ts';
import { consoleActor, type Emit, progress } from './command.ts';
import { print, run, tell, withData } from './terminal.ts';

/** What an adoption did. */
export interface Adopted extends LakeCheck {
  written: number;
  left: number;
}

/** Brings the lake up to what is stored, proves it row by row, and takes out of the server's own file what is old. */
export const lakeAdoptCommand = {
  name: 'lake adopt',
  async run({ fixes }: Waymark, _args: Record<never, never>, emit: Emit): Promise<Adopted> {
    const written = progress(emit, 'receipts written');
    const { rows } = await fixes.seal(({ receipt }, last) => written(receipt, last));
    const check = await fixes.checkLake(progress(emit, 'months compared'));
    const isWhole = check.missing === 0 && check.extra === 0;
    return { ...check, written: rows, left: isWhole ? await fixes.moveOut(Date.now()) : 0 };
  },
};

export const lakeStatusCommand = {
  name: 'lake status',
  run: ({ fixes }: Waymark): Promise<LakeExtent & { behind: number }> => fixes.extentOfLake(),
};

/** Says that positions are written into a file, before any is. */
const noteExport: Action<null, { file: string; from: string; to: string; tag: string | null }, null> = {
  name: 'positions.export',
  room: 'oversight',
  purpose: 'oversight',
  async run({ note }, _services, { file, from, to, tag }) {
    note(null, { file, from, to, tag });
    return null;
  },
};

export interface ExportArguments {
  file: string;
  from: string;
  to: string;
  tag?: string;
}

export const lakeExportCommand = {
  name: 'lake export',
  async run({ performer, fixes, database }: Waymark, args: ExportArguments): Promise<{ fixes: number }> {
    const file = String(args.file);
    if (existsSync(file)) throw new InvalidError(`There is a ${file} already: name a file that is not there yet.`, 'file');
    const [from, to] = [momentOf(args.from, 'from'), momentOf(args.to, 'to')];
    if (to <= from) throw new InvalidError('Give an end that is later than the beginning.', 'to');
    const tag = args.tag === undefined ? null : String(args.tag);
    const about = { file, from: new Date(from).toISOString(), to: new Date(to).toISOString(), tag };
    await performer.perform(consoleActor('oversight'), noteExport, null, about);
    const found = tag === null ? null : await database.executeSql('SELECT id FROM supervision.tags WHERE serial = $1', [tag]);
    const [row] = (found?.rows ?? []) as { id: number }[];
    if (tag !== null && !row) throw new InvalidError(`There is no tag ${tag}.`, 'tag');
    return { fixes: await fixes.exportFixes(file, { from, to, tag: row?.id ?? null }) };
  },
};

function momentOf(text: unknown, field: string): number {
  const at = Date.parse(String(text));
  if (Number.isNaN(at))
    throw new InvalidError(`${JSON.stringify(text)} is no date or time: give one such as 2026-05-01 or 2026-05-01T06:00Z.`, field);
  return at;
}

const number = (value: number) => value.toLocaleString('en-GB');

/** `waymark lake` */
export function defineLake(program: CommandLine): void {
  const lake = program.command('lake').description('where fixes are kept for years: Parquet files with a catalogue, see docs/scale.md');
  withData(
    lake
      .command('adopt')
      .description('write all fixes of this server into the lake, hold both against each other row by row, and let go of what is old here'),
  ).action(async (options) => {
    const adopted = await run(lakeAdoptCommand, options, {});
    if (adopted.missing > 0 || adopted.extra > 0) process.exitCode = 7;
    if (options.json) return print(`${JSON.stringify(adopted)}\n`);
    await print(
      `${number(adopted.written)} fixes written; ${number(adopted.compared)} compared, ${number(adopted.missing)} missing in the lake, ${number(adopted.extra)} in the lake alone.\n`,
    );
    if (adopted.missing > 0 || adopted.extra > 0) tell('Nothing has left this server’s own file. Keep it, and a backup, and look into it.');
    else if (adopted.left > 0) tell(`${number(adopted.left)} older fixes have left this server’s own file: they are read from the lake.`);
  });
  withData(lake.command('status').description('how large the lake is, and how far it goes')).action(async (options) => {
    const extent = await run(lakeStatusCommand, options, {});
    if (options.json) return print(`${JSON.stringify(extent)}\n`);
    const each = extent.fixes > 0 ? `, ${(extent.bytes / extent.fixes).toFixed(1)} bytes each` : '';
    await print(
      `${number(extent.fixes)} fixes in ${number(extent.files)} files, ${number(Math.round(extent.bytes / 1e6))} MB${each}.\n` +
        `${extent.oldest === null ? '' : `The oldest was taken ${new Date(extent.oldest).toISOString()}.\n`}` +
        `${extent.behind > 0 ? `${number(extent.behind)} receipts are not in it yet.` : 'Everything that is stored is in it.'}\n`,
    );
  });
  withData(
    lake
      .command('export')
      .argument('<file>', 'GeoParquet file to write, for QGIS, Spark or DuckDB')
      .description('write positions of a time into one file; it is put on record')
      .requiredOption('--from <time>', 'the first moment, such as 2026-05-01')
      .requiredOption('--to <time>', 'the moment after the last')
      .option('--tag <serial>', 'of this tag alone'),
  ).action(async (file: string, options) => {
    const args = { file: resolve(file), from: options.from, to: options.to, ...(options.tag ? { tag: options.tag } : {}) };
    const { fixes } = await run(lakeExportCommand, options, args);
    if (options.json) return print(`${JSON.stringify({ fixes, file: args.file })}\n`);
    await print(`${args.file}\n`);
    tell(`${number(fixes)} fixes. It says where people were: keep it where only you can read it.`);
  });
}
