import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort } from 'node:worker_threads';
import { PartSweeper } from './sweep-part.ts';
import type { Begin } from './sweep-threads.ts';

// Judging is a great many small calls. With its usual budget the compiler leaves some of them as calls, each of which hands its
// numbers over in memory; this much makes the whole about a twelfth faster. More was measured to be slower again.
setFlagsFromString('--max-inlined-bytecode-size-cumulative=2000');

// Who rests asks for no memory, so nothing of what it judged would be given back by itself.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** A thread that judges its share of the wearings, which it is told first, for the parts it is sent after that, one at a time; and rests. */
let sweeper: PartSweeper | null = null;
let isPiece = false;

parentPort?.on('message', (message: Begin | { part: number; first: number; last: number } | { rest: true }) => {
  if ('rest' in message) {
    sweeper = null;
    collect();
    return;
  }
  if ('input' in message) {
    sweeper = new PartSweeper(message.input, message.firstWearing, message.lastWearing, message.setsInTurn);
    isPiece = message.isPiece;
    return;
  }
  const result = (sweeper as PartSweeper).sweep(message.part, message.first, message.last, isPiece);
  parentPort?.postMessage(result, [result.visits.buffer as ArrayBuffer, result.worn.buffer as ArrayBuffer]);
});
