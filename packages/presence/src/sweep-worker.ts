import { parentPort, workerData } from 'node:worker_threads';
import type { SweepInput } from './fleet.ts';
import { PartSweeper } from './sweep-part.ts';

/** A thread that judges its share of the wearings for the parts it is sent, one at a time. */
const { input, firstWearing, lastWearing } = workerData as { input: SweepInput; firstWearing: number; lastWearing: number };
const sweeper = new PartSweeper(input, firstWearing, lastWearing);

parentPort?.on('message', ({ part, first, last }: { part: number; first: number; last: number }) => {
  const result = sweeper.sweep(part, first, last);
  const buffers = [...Object.values(result.columns), result.visits, result.worn].map((array) => array.buffer as ArrayBuffer);
  parentPort?.postMessage(result, buffers);
});
