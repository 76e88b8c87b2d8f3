import { rm } from 'node:fs/promises';
import { crimesPerPart } from '@waymark/presence';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { askedOf, computeRun, computeShare, countFixes, type RunInputs, type RunOutput } from './compute-run.ts';
import { joinShares } from './join-shares.ts';
import { unpackers } from './packed-file.ts';
import { type OpenShare, openShare, writeShare } from './share-file.ts';
import { fixesTogether, splitEvenly } from './split-evenly.ts';
import type { AppendPart, VerdictStore } from './verdict-store.ts';

interface InTurn {
  onProgress?: ((done: number, all: number) => void) | undefined;
  threads?: number | undefined;
  /** Instead of `fixesTogether`, and of what makes parts of a usual length: for tests. */
  together?: number;
  perPart?: number;
}

/**
 * What `computeRun` gives, byte for byte, in memory that does not grow with the fleet: where there are more fixes than are held at a time, some
 * wearings are judged after others, each share is kept packed on the disk, and all are put together in the end.
 * @param run whose verdicts they are: what is kept meanwhile stands beside them
 */
export async function judgeInTurn(
  store: FixStore,
  verdicts: VerdictStore,
  run: number,
  inputs: RunInputs,
  append: AppendPart,
  { onProgress, threads, together = fixesTogether, perPart = crimesPerPart(inputs.wearings.length) }: InTurn = {},
): Promise<RunOutput> {
  const whole = () => computeRun(store, inputs, append, onProgress, threads);
  // What few crimes rest on is little, and halves are of runs of earlier versions.
  if (inputs.reads === 'around' || inputs.inHalves) return whole();
  const counts = await countFixes(store, inputs, askedOf(inputs));
  const turns = splitEvenly(counts, Math.ceil(counts.reduce((sum, n) => sum + n, 0) / together));
  if (turns.length < 2) return whole();
  const began = new Date();
  const paths = turns.map(() => verdicts.scratchPath(run));
  const opened: OpenShare[] = [];
  const unpacking = unpackers();
  try {
    for (const [i, turn] of turns.entries()) {
      const path = paths[i] as string;
      await writeShare(path, (keep) =>
        computeShare(store, inputs, { ...turn, crimesPerPart: perPart }, keep, {
          threads,
          restAfter: i + 1 < turns.length,
          onProgress: onProgress && ((done, all) => onProgress(Math.floor((i * all + done) / turns.length), all)),
        }),
      );
      const share = await openShare(path, unpacking);
      if (!share) throw new Error(`What was judged of run ${run} is not there any more: ${path}`);
      opened.push(share);
    }
    return await joinShares(opened, inputs, began, append);
  } finally {
    for (const share of opened) await share.close();
    for (const path of paths) await rm(path, { force: true });
  }
}
