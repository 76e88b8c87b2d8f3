import { setFlagsFromString } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import type { SweepInput } from './fleet.ts';
import { PartSweeper } from './sweep-part.ts';

// Judging is a great many small calls. With its usual budget the compiler leaves some of them as calls, each of which hands its
// numbers over in memory; this much makes the whole about a twelfth faster. More was measured to be slower again.
setFlagsFromString('--max-inlined-bytecode-size-cumulative=2000');

/** A thread that judges its share of the wearings for the parts it is sent, one at a time. */
const { input, firstWearing, lastWearing, isPiece } = workerData as {
  input: SweepInput;
  firstWearing: number;
  lastWearing: number;
  isPiece: boolean;
};
const sweeper = new PartSweeper(input, firstWearing, lastWearing);

parentPort?.on('message', ({ part, first, last }: { part: number; first: number; last: number }) => {
  const result = sweeper.sweep(part, first, last, isPiece);
  const arrays = [...Object.values(result.weighed.columns), ...Object.values(result.ruledOut.columns), result.visits, result.worn];
  const buffers = arrays.map((array) => array.buffer as ArrayBuffer);
  parentPort?.postMessage(result, buffers);
});
