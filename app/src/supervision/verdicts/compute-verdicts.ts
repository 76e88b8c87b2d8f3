import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { modelVersion } from '@waymark/presence';
import type { Actor } from '../../platform/access.ts';
import type { Action, Performer } from '../../platform/action.ts';
import { withPurpose } from '../../platform/database.ts';
import type {} from '../schema/tables.ts';
import type { RunInputs, RunOutput } from './compute-run.ts';
import { judgeInTurn } from './judge-in-turn.ts';
import { planRun, type VerdictServices } from './plan-run.ts';
import { endShared, listSharedRuns } from './run-shares.ts';
import { takePart } from './run-together.ts';

/** Version of the whole program, as recorded with runs. */
export const codeVersion: string = (
  JSON.parse(readFileSync(join(import.meta.dirname, '../../../../package.json'), 'utf8')) as { version: string }
).version;

interface RunRecord {
  inputs: RunInputs;
  output: RunOutput;
  runId: number;
  counts: Map<number, { present: number; excluded: number; unknown: number }>;
  /** It was judged in shares. */
  isShared: boolean;
}

const recordRun: Action<VerdictServices, RunRecord, void> = {
  name: 'verdict.compute',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note }, { others }, { inputs, output, runId, counts, isShared }) {
    const byName = isShared && others ? await endShared(tx, others, runId) : actor.name;
    await tx
      .insertInto('supervision.runs')
      .values({
        id: runId,
        by_name: byName,
        model_version: modelVersion,
        code_version: codeVersion,
        parameters: JSON.stringify(inputs.parameters),
        time_zone: inputs.timeZone,
        receipt_upto: inputs.receiptUpto,
        wearings: JSON.stringify(
          inputs.wearings.map(({ id, from, to, clockS }) => ({
            id,
            from: new Date(from).toISOString(),
            to: Number.isFinite(to) ? new Date(to).toISOString() : null,
            ...(clockS ? { clockS } : {}),
          })),
        ),
        inputs_hash: output.inputsHash,
        output_hash: output.outputHash,
        crimes: inputs.crimes.length,
        verdicts: output.verdicts,
        fixes: output.fixes,
        took_ms: output.tookMs,
      })
      .execute();
    const rows = inputs.crimes.map((crime, i) => ({
      run_id: runId,
      crime_version_id: crime.id,
      coincidence: Number.isNaN(output.coincidence[i]) ? null : (output.coincidence[i] as number),
      ...(counts.get(crime.id) ?? { present: 0, excluded: 0, unknown: 0 }),
    }));
    for (let i = 0; i < rows.length; i += 2000) {
      await tx
        .insertInto('supervision.run_crimes')
        .values(rows.slice(i, i + 2000))
        .execute();
    }
    note({ kind: 'run', id: runId }, { crimes: inputs.crimes.length, verdicts: output.verdicts, fixes: output.fixes });
  },
};

export interface ComputedRun {
  runId: number;
  crimes: number;
  verdicts: number;
  fixes: number;
  tookMs: number;
  outputHash: string;
}

/** A server that plans is asked about again so soon, ms. */
const planningMs = 1000;

export interface ComputingOptions {
  onProgress?: (done: number, all: number) => void;
  /** Where this server is closing. */
  signal?: AbortSignal;
}

/**
 * Works out what is due and records it as one run; null when nothing is due. Several servers judge a large run together, whichever of
 * them was asked; each waits until it is on record.
 *
 * The heavy part runs outside any transaction. The run counts only once it is recorded, so a crash in the middle leaves
 * verdicts that nothing points to, and the next run starts afresh.
 */
export async function computeDueVerdicts(
  performer: Performer,
  services: VerdictServices,
  actor: Actor,
  options: ComputingOptions = {},
): Promise<ComputedRun | null> {
  let planned = await performer.perform(actor, planRun, services, null);
  while (planned === 'another plans' && !options.signal?.aborted) {
    await pause(planningMs);
    planned = await performer.perform(actor, planRun, services, null);
  }
  if (planned === null || planned === 'another plans') return null;
  const { runId, inputs } = planned;
  if (inputs === null) return await computeShared(performer, services, actor, runId, options);
  const { fixes, verdicts } = services;
  const output = await verdicts.write(runId, (append) => judgeInTurn(fixes, verdicts, runId, inputs, append, options));
  await putOnRecord(performer, services, actor, { runId, inputs, output, isShared: false });
  return told(runId, inputs, output);
}

const told = (runId: number, { crimes }: RunInputs, { verdicts, fixes, tookMs, outputHash }: RunOutput): ComputedRun => ({
  runId,
  crimes: crimes.length,
  verdicts,
  fixes,
  tookMs,
  outputHash,
});

async function putOnRecord(performer: Performer, services: VerdictServices, actor: Actor, run: Omit<RunRecord, 'counts'>): Promise<void> {
  const counts = new Map((await services.verdicts.countByCrime(run.runId)).map(({ crime, ...rest }) => [crime, rest]));
  await performer.perform(actor, recordRun, services, { ...run, counts });
}

/** Null where the run was given up, or this server leaves it to others. */
async function computeShared(
  performer: Performer,
  services: VerdictServices,
  actor: Actor,
  runId: number,
  options: ComputingOptions,
): Promise<ComputedRun | null> {
  const { others } = services;
  if (!others) return null;
  let ours: ComputedRun | null = null;
  await takePart(
    {
      performer,
      services: { ...services, others },
      record: async ({ inputs, output }) => {
        await putOnRecord(performer, services, actor, { runId, inputs, output, isShared: true });
        ours = told(runId, inputs, output);
      },
      ...options,
    },
    runId,
  );
  return ours ?? (await performer.perform(actor, readComputed, null, { id: runId }));
}

/** What another server put on record. */
const readComputed: Action<null, { id: number }, ComputedRun | null> = {
  name: 'run.read',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }, _services, { id }) {
    note({ kind: 'run', id });
    const run = await tx
      .selectFrom('supervision.runs')
      .select(['id as runId', 'crimes', 'verdicts', 'fixes', 'took_ms as tookMs', 'output_hash as outputHash'])
      .where('id', '=', id)
      .executeTakeFirst();
    return run ? { ...run, fixes: Number(run.fixes) } : null;
  },
};

/** Takes part in whatever run other servers judge: for a server that was told of one, or has only just started. */
export async function helpWithRuns(performer: Performer, services: VerdictServices, actor: Actor, signal: AbortSignal): Promise<void> {
  const { others } = services;
  if (!others) return;
  const runs = await withPurpose(others.db, 'supervision', 'crime-matching', (tx) => listSharedRuns(tx));
  for (const runId of runs) await computeShared(performer, services, actor, runId, { signal });
}
