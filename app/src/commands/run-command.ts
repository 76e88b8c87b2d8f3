import { once } from 'node:events';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { EngineBusyError } from '@waymark/engine';
import type { Config } from '../config.ts';
import { DataFolder } from '../platform/data-folder.ts';
import { ToldError } from '../platform/told-error.ts';
import { openWaymark } from '../waymark.ts';
import type { Command, Emit, Message } from './command.ts';

/** The command cannot run now; the message says what to do. */
export class CommandError extends ToldError {
  override name = 'CommandError';
}

/** Opens the stores with a person's word that it is to go on with what is left of them. The server must be stopped. */
export async function repair(config: Config): Promise<string> {
  try {
    const waymark = await openWaymark(config, { repair: true });
    await waymark.close();
    return waymark.repaired ?? 'There is nothing to repair: the two stores belong together.';
  } catch (error) {
    if (!(error instanceof EngineBusyError)) throw error;
    throw new CommandError('A server or another command has this data folder open: then the stores belong together. Nothing was done.');
  }
}

/**
 * Runs a command on the data folder: in this process when the folder is free, through the server when one holds it.
 */
export async function runCommand<A, R>(command: Command<A, R>, config: Config, args: A, emit: Emit): Promise<void> {
  let waymark: Awaited<ReturnType<typeof openWaymark>>;
  try {
    waymark = await openWaymark(config);
  } catch (error) {
    if (!(error instanceof EngineBusyError)) throw error;
    return throughServer(command.name, config, args, emit);
  }
  try {
    await emit({ kind: 'result', value: await command.run(waymark, args, emit) });
  } finally {
    await waymark.close();
  }
}

async function throughServer(name: string, config: Config, args: unknown, emit: Emit): Promise<void> {
  const control = new DataFolder(config.WAYMARK_DATA).control();
  const busy = `The data folder ${config.WAYMARK_DATA} is in use by another process`;
  if (!control)
    throw new CommandError(
      `${busy} that is not a running server: another command, or a server that is just starting. Wait until it ends and try again.`,
    );
  const call = request(new URL(`/control/${name}`, control.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-waymark-control': control.token },
    timeout: 10_000,
  });
  call.end(JSON.stringify(args));
  const failed = new Promise<never>((_, reject) => {
    call.on('error', (error) =>
      reject(
        new CommandError(`${busy}, and its server at ${control.url} does not answer (${error.message}). Stop it, or wait and try again.`),
      ),
    );
    call.on('timeout', () => call.destroy(new Error('no answer within 10 seconds')));
  });
  const [response] = (await Promise.race([once(call, 'response'), failed])) as [import('node:http').IncomingMessage];
  call.setTimeout(0);
  if (response.statusCode !== 200)
    throw new CommandError(`${busy}, and its server refused the command (${response.statusCode}). Was it started by another user?`);
  let ended = false;
  for await (const line of createInterface({ input: response })) {
    const message = JSON.parse(line) as Message;
    if (message.kind === 'failed') throw new CommandError(message.message);
    if (message.kind === 'result') ended = true;
    await emit(message);
  }
  if (!ended) throw new CommandError('The server stopped before the command ended. What it had accepted is kept; run the command again.');
}
