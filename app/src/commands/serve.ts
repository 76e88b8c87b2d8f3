import type { Command as CommandLine } from 'commander';
import { whole } from './terminal.ts';

/** `waymark serve` */
export function defineServe(program: CommandLine): void {
  program
    .command('serve')
    .description('serve pages, API and ingest')
    .option('--data <dir>', 'folder of the embedded stores')
    .option('--port <n>', 'port to listen on', whole)
    .option('--host <address>', 'address to listen on (default 127.0.0.1)')
    .action(async (options) => {
      if (options.data) process.env.WAYMARK_DATA = options.data;
      if (options.port !== undefined) process.env.WAYMARK_PORT = String(options.port);
      if (options.host) process.env.WAYMARK_HOST = options.host;
      await import('../main.ts');
    });
}
