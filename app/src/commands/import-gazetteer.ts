import { resolve } from 'node:path';
import type { Command as CommandLine } from 'commander';
import { DataFolder } from '../platform/data-folder.ts';
import { fillGazetteer } from '../platform/gazetteer/index.ts';
import { configOf, Progress, print, tell, withData } from './terminal.ts';

/** `waymark import gazetteer`: works beside a running server, which takes the new file with the next question. */
export function defineImportGazetteer(program: CommandLine): void {
  withData(
    program
      .command('gazetteer')
      .argument('<files...>', 'OS Open Names or Open UPRN as published, or any CSV with names and places; or folders of them')
      .description('read names of places, streets and postcodes, for searching addresses; takes the place of those before'),
  ).action(async (files: string[], options) => {
    const config = configOf(options);
    const folder = new DataFolder(config.WAYMARK_DATA, config.WAYMARK_SHARED);
    const progress = new Progress();
    const sources = files.map((file) => resolve(file));
    const filled = await fillGazetteer(folder.file('gazetteer.duckdb'), sources, config.WAYMARK_ENGINE_MB, ({ done, all }) =>
      progress.show({ done, all, unit: 'bytes' }),
    );
    progress.end();
    if (options.json) await print(`${JSON.stringify(filled)}\n`);
    else {
      await print(
        `${filled.places.toLocaleString('en-GB')} places from ${filled.files} ${filled.files === 1 ? 'file' : 'files'}, ${filled.unread} rows not read\n`,
      );
      for (const problem of filled.problems) tell(problem);
    }
  });
}
