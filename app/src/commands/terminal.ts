import { once } from 'node:events';
import { SingleBar } from 'cli-progress';
import { type Command as CommandLine, InvalidArgumentError } from 'commander';
import { readConfig } from '../config.ts';
import type { Command, Message } from './command.ts';
import { runCommand } from './run-command.ts';

/** A bar on stderr, where somebody watches. */
export class Progress {
  #bar: SingleBar | null = null;

  show({ done, all, unit }: Omit<Extract<Message, { kind: 'progress' }>, 'kind'>): void {
    if (!process.stderr.isTTY || all === 0) return;
    if (!this.#bar) {
      this.#bar = new SingleBar({
        stream: process.stderr,
        format: `{bar} {percentage}% {value}/{total} ${unit}, {eta_formatted} left`,
        hideCursor: true,
      });
      this.#bar.start(all, done);
    }
    this.#bar.update(done);
  }

  end(): void {
    this.#bar?.stop();
    this.#bar = null;
  }
}

export interface CommonOptions {
  data?: string;
  json?: boolean;
}

export function whole(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError('Give a whole number.');
  return number;
}

export function decimal(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number)) throw new InvalidArgumentError('Give a number, such as 0 or 4.3.');
  return number;
}

export async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

/** Words for the person at the terminal, which are no result: one line on stderr. */
export function tell(words: string): void {
  process.stderr.write(`${words}\n`);
}

/** The configuration, with the data folder that was named. */
export const configOf = ({ data }: CommonOptions) => readConfig({ ...process.env, ...(data ? { WAYMARK_DATA: data } : {}) });

/** Runs a command, shows its progress, and gives its result. */
export async function run<A, R>(
  command: Command<A, R>,
  options: CommonOptions,
  args: A,
  onItem?: (value: unknown) => Promise<void>,
): Promise<R> {
  const progress = new Progress();
  let result: unknown;
  try {
    await runCommand(command, configOf(options), args, async (message) => {
      if (message.kind === 'progress') progress.show(message);
      else if (message.kind === 'item') await onItem?.(message.value);
      else if (message.kind === 'result') result = message.value;
    });
  } finally {
    progress.end();
  }
  return result as R;
}

/** The options that every command on the data folder has. */
export const withData = (command: CommandLine) =>
  command
    .option('--data <dir>', 'folder of the embedded stores (default: data, or WAYMARK_DATA)')
    .option('--json', 'print the result as JSON');
