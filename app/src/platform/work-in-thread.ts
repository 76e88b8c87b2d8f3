import { once } from 'node:events';
import { parentPort } from 'node:worker_threads';
import type { ThreadMessage } from './in-thread.ts';

/** In a thread that `in-thread.ts` started: does one task after the other, and hands over each part when it is asked for. */
export function workInThread<Task>(work: (task: Task) => AsyncIterable<unknown> | Iterable<unknown> | Promise<Iterable<unknown>>): void {
  if (!parentPort) throw new Error('This runs in a thread');
  const port = parentPort;
  const say = (message: ThreadMessage) => port.postMessage(message);
  port.on('message', async (message: 'next' | { task: Task }) => {
    if (message === 'next') return;
    let asked = once(port, 'message');
    for await (const part of await work(message.task)) {
      await asked;
      asked = once(port, 'message');
      say({ part });
    }
    await asked;
    say('end');
  });
}
