import type { Command } from 'commander';
import { runWords } from './commands/run-words.ts';
import { whole } from './commands/terminal.ts';

function defineServe(program: Command): void {
  program
    .command('serve')
    .description('serve pages, API and ingest')
    .option('--data <dir>', 'folder of the embedded stores')
    .option('--port <n>', 'port to listen on', whole)
    .option('--host <address>', 'address to listen on (default 127.0.0.1)')
    .option('--roles <list>', 'what this server does: web,intake,watch,work (default: all)')
    .action(async ({ data, port, host, roles }: { data?: string; port?: number; host?: string; roles?: string }) => {
      if (data) process.env.WAYMARK_DATA = data;
      if (port !== undefined) process.env.WAYMARK_PORT = String(port);
      if (host) process.env.WAYMARK_HOST = host;
      if (roles) process.env.WAYMARK_ROLES = roles;
      await import('./main.ts');
    });
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader of a pipe went away: nothing more is wanted.
  if (error.code === 'EPIPE') process.exit(0);
});
const code = await runWords(process.argv.slice(2), [defineServe]);
// Where nothing failed, it ends when nothing is left to do: a server goes on.
if (code === 1) process.exit(1);
process.exitCode = code;
