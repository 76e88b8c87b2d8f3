import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Actor } from '../../platform/access.ts';
import type { Performer } from '../../platform/action.ts';
import { type Tx, withPurpose } from '../../platform/database.ts';
import { ToldError } from '../../platform/told-error.ts';
import { computeShare, type RunInputs, type RunOutput } from './compute-run.ts';
import { joinShares } from './join-shares.ts';
import type { VerdictServices } from './plan-run.ts';
import {
  giveUpRun,
  judgeAgain,
  type RunsTogether,
  type SharedState,
  settleShare,
  stateOf,
  type TakenShare,
  takeShare,
  takeWhole,
  triesAtMost,
} from './run-shares.ts';
import { type OpenShare, openShare, writeShare } from './share-file.ts';

/** What takes part in a run: the stores, what it is done by, and when to leave it to others. */
export interface TakingPart {
  performer: Performer;
  services: VerdictServices & { others: RunsTogether };
  /** Puts a run on record; only as long as this server is the one that puts it together. */
  record(run: { runId: number; inputs: RunInputs; output: RunOutput }): Promise<void>;
  onProgress?: ((done: number, all: number) => void) | undefined;
  /** This server is closing: the others go on. */
  signal?: AbortSignal | undefined;
}

/** A run that could not be judged. */
export class SharedRunError extends ToldError {
  override name = 'SharedRunError';
}

/** Reads and writes how far a run is, which is about nobody. */
const inTx = <T>({ services }: TakingPart, work: (tx: Tx) => Promise<T>): Promise<T> =>
  withPurpose(services.others.db, 'supervision', 'crime-matching', work);

/** Whoever judges is the program itself, whoever asked. */
const system: Actor = { id: 'system', name: 'Waymark', role: 'system', purpose: 'crime-matching' };
/** How often it is looked for what nobody does, ms. */
const lookEveryMs = 500;
/** The log brings what was read when the run was planned within moments, or this server is cut off from it, ms. */
const behindAtMostMs = 60_000;

/** By server and run: whoever asks for the same meanwhile waits for it, and is told how far it is. */
const underWay = new Map<string, { taking: Promise<boolean>; heardBy: Set<NonNullable<TakingPart['onProgress']>> }>();

/**
 * Judges shares of a run until it is on record, by whichever server puts it together. A share whose server is gone is taken by another.
 * @returns whether this server has put it on record
 * @throws SharedRunError where a share failed again and again
 */
export function takePart(own: TakingPart, runId: number): Promise<boolean> {
  const key = `${own.services.others.id} ${runId}`;
  const known = underWay.get(key);
  if (known) {
    if (own.onProgress) known.heardBy.add(own.onProgress);
    return known.taking.then(() => false);
  }
  const heardBy = new Set(own.onProgress ? [own.onProgress] : []);
  const onProgress = (done: number, all: number) => {
    for (const hear of heardBy) hear(done, all);
  };
  const taking = judgeUntilRecorded({ ...own, onProgress }, runId).finally(() => underWay.delete(key));
  underWay.set(key, { taking, heardBy });
  return taking;
}

async function judgeUntilRecorded(own: TakingPart, runId: number): Promise<boolean> {
  const { performer, services, signal } = own;
  for (;;) {
    const state = await inTx(own, (tx) => stateOf(tx, runId, services.others));
    if (!state?.isOurs || signal?.aborted) return false;
    own.onProgress?.(state.done, state.shares);
    if (state.done === state.shares && state.isWholeFree) {
      const inputs = await performer.perform(system, takeWhole, services.others, { runId });
      if (inputs && (await putTogether(own, runId, inputs, state))) return true;
    } else if (state.free > 0) {
      const taken = await performer.perform(system, takeShare, services.others, { runId });
      if (taken) await judgeShare(own, runId, taken);
    }
    await pause(lookEveryMs, undefined, signal ? { signal } : {}).catch(() => undefined);
  }
}

async function judgeShare(own: TakingPart, runId: number, { share, inputs }: { share: TakenShare; inputs: RunInputs }): Promise<void> {
  const { services, signal } = own;
  const { fixes, verdicts, others } = services;
  try {
    await caughtUp(services, inputs.receiptUpto, signal);
    await writeShare(verdicts.sharePath(runId, share.number), (append) => computeShare(fixes, inputs, share, append, { signal }));
    await inTx(own, (tx) => settleShare(tx, others, runId, share.number, 'done'));
  } catch (error) {
    const isOver = share.tries >= triesAtMost && !signal?.aborted;
    await inTx(own, (tx) =>
      isOver ? giveUpRun(tx, runId) : settleShare(tx, others, runId, share.number, signal?.aborted ? 'left' : 'failed'),
    );
    if (isOver)
      throw new SharedRunError(`Share ${share.number} of run ${runId} failed ${share.tries} times: ${(error as Error).message}`, {
        cause: error,
      });
  }
}

async function caughtUp({ fixes }: VerdictServices, receipt: number, signal?: AbortSignal): Promise<void> {
  const since = Date.now();
  while (fixes.lastReceipt < receipt) {
    signal?.throwIfAborted();
    if (Date.now() - since > behindAtMostMs)
      throw new SharedRunError('This server is behind the log, and cannot judge what others have read.');
    await pause(lookEveryMs);
  }
}

/** Puts the shares together in order of wearing, as one server would have judged them. False where a share is not there: it is judged again. */
async function putTogether(own: TakingPart, runId: number, inputs: RunInputs, { shares, plannedAt }: SharedState): Promise<boolean> {
  const { verdicts } = own.services;
  const paths = Array.from({ length: shares }, (_, number) => verdicts.sharePath(runId, number));
  const opened = await Promise.all(paths.map((path) => openShare(path)));
  try {
    const lost = opened.flatMap((share, number) => (share ? [] : [number]));
    if (lost.length > 0) {
      await inTx(own, (tx) => judgeAgain(tx, runId, lost));
      return false;
    }
    const whole = opened as OpenShare[];
    const output = await verdicts
      .write(runId, (append) => joinShares(whole, inputs, plannedAt, append))
      .catch(async (error: Error) => {
        // It would fail again: what is due is planned anew.
        await inTx(own, (tx) => giveUpRun(tx, runId));
        throw new SharedRunError(`The shares of run ${runId} cannot be put together: ${error.message}`, { cause: error });
      });
    await own.record({ runId, inputs, output });
  } finally {
    for (const share of opened) await share?.close();
  }
  for (const path of paths) await rm(path, { force: true });
  return true;
}
