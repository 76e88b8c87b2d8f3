import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import type { Actor, Purpose } from '../platform/access.ts';
import { InvalidError } from '../platform/action.ts';
import type { Waymark } from '../waymark.ts';

/** What a command says while it runs. `item` is one element of a printed array. */
export type Message =
  | { kind: 'progress'; done: number; all: number; unit: string }
  | { kind: 'item'; value: unknown }
  | { kind: 'result'; value: unknown }
  | { kind: 'failed'; message: string };

export type Emit = (message: Message) => void | Promise<void>;

/**
 * Something that the command line can ask for, in its own process or in the server that holds the data folder. `A` and `R` are what is
 * given and what comes of it; both go through JSON where a server does the work.
 */
export interface Command<A, R> {
  name: string;
  run(waymark: Waymark, args: A, emit: Emit): Promise<R>;
}

/** The person at the machine's own console. */
export function consoleActor(purpose: Purpose): Actor {
  let name = 'console';
  try {
    name = userInfo().username;
  } catch {
    // A user without an entry in the password file has no name.
  }
  return { id: `console:${name}`, name: `${name} at the console`, role: 'operator', purpose };
}

/** At most some ten messages a second, and the last one. */
export function progress(emit: Emit, unit: string): (done: number, all: number) => void {
  let last = 0;
  return (done, all) => {
    const now = Date.now();
    if (now - last < 100 && done < all) return;
    last = now;
    void emit({ kind: 'progress', done, all, unit });
  };
}

/**
 * The path of a file that is there.
 * @throws InvalidError
 */
export function existing(path: unknown): string {
  const file = resolve(String(path));
  try {
    if (statSync(file).isFile()) return file;
  } catch {
    throw new InvalidError(`There is no file ${file}.`, 'file');
  }
  throw new InvalidError(`${file} is not a file.`, 'file');
}
