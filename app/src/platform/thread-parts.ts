import { once } from 'node:events';
import { parentPort } from 'node:worker_threads';

/** In a thread that `partsFromThread` started: hands over each part when it is asked for. */
export async function sendParts(parts: AsyncIterable<unknown> | Iterable<unknown>): Promise<void> {
  if (!parentPort) throw new Error('This runs in a thread');
  const port = parentPort;
  let asked = once(port, 'message');
  for await (const part of parts) {
    await asked;
    asked = once(port, 'message');
    port.postMessage({ part });
  }
  await asked;
  port.postMessage('end');
}
