import { Worker } from 'node:worker_threads';

/**
 * Runs a module in a thread of its own, so that pages are answered meanwhile. The module posts one message: the result.
 * @throws whatever the thread throws
 */
export function inThread<T>(module: URL, data: object): Promise<T> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(module, { workerData: data });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => {
      if (code !== 0) reject(new Error(`The thread of ${module.pathname.split('/').pop()} ended with code ${code}`));
    });
  });
}
