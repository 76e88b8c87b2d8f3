import { randomInt } from 'node:crypto';
import { verdictNames } from '@waymark/presence';
import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { findCrime } from '../crimes/index.ts';
import { noteSubject } from '../subjects/index.ts';
import { isAsItWas } from './batch-standing.ts';
import { drawSample, type Ground, grounds, looksAskedFor, looksFor } from './draw-sample.ts';
import { type ClearingServices, latestCrimes, type OpenExclusion, openExclusions } from './open-exclusions.ts';

export interface BatchWish {
  /** All exclusions of one wearing, or all on one crime. */
  by: string;
  id: number;
  ground: string;
  days: number;
  now: number;
  /** For tests: gives 0 up to 1, without 1. */
  random?: () => number;
  /** For tests: whether one of the looks is a test; by lot unless given. */
  isTested?: boolean;
}

/** So many rows are written at once. */
const rowsAtOnce = 1000;
/** One batch in so many has among its looks one where the wearer was there: whoever does not see it has not looked. */
const testEach = 4;
/** How sure a verdict of present must be to serve for that. */
const sureFrom = 0.9;

const byLot = () => randomInt(2 ** 47) / 2 ** 47;

/**
 * Puts the exclusions of a wearer, or on a crime, that share their ground into a batch, and draws by lot which of them are looked at. Whoever
 * has begun such a batch goes on with it.
 */
export const beginBatch: Action<ClearingServices, BatchWish, { id: number }> = {
  name: 'clearing.begin',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, access, note }, services, { by, id, ground, days, now, random = byLot, isTested = random() < 1 / testEach }) {
    if (!isGround(ground)) throw new InvalidError('Choose which exclusions you mean.', 'ground');
    const isCrime = by === 'crime';
    // One after the other: who clicks twice has one batch.
    await sql`SELECT pg_advisory_xact_lock(hashtext(${`clearing ${actor.id}`}))`.execute(tx);
    const known = await tx
      .selectFrom('supervision.clearing_batches')
      .select(['id', 'state'])
      .where(isCrime ? 'crime_id' : 'wearing_id', '=', id)
      .where('ground', '=', ground)
      .where('state', 'in', ['open', 'stopped'])
      .where('begun_by', '=', actor.id)
      .orderBy('id', 'desc')
      .executeTakeFirst();
    // What was given up goes on where it stood: nobody draws until a sample is easy.
    if (known && (known.state === 'open' || (await isAsItWas(tx, known.id)))) {
      await tx.updateTable('supervision.clearing_batches').set({ state: 'open', ended_at: null }).where('id', '=', known.id).execute();
      note({ kind: 'clearing', id: known.id }, { again: true });
      return { id: known.id };
    }
    const crimes = isCrime ? await oneCrime(tx, id) : (await latestCrimes(tx, { now, days })).crimes;
    const found: OpenExclusion[] = [];
    const seenThere: OpenExclusion[] = [];
    for await (const { crime, run, verdicts, isMadeUp, open } of openExclusions(tx, services, actor.id, crimes)) {
      found.push(...open.filter((own) => own.ground === ground && (isCrime || own.wearing === id)));
      if (isMadeUp) continue;
      for (const { verdict, wearing, pWindow } of verdicts)
        if (verdictNames[verdict] === 'present' && (pWindow ?? 0) >= sureFrom && (isCrime || wearing === id))
          seenThere.push({ crime: crime.id, crimeId: crime.crime_id, wearing, run, verdict, ground });
    }
    if (found.length === 0) throw new InvalidError('No exclusion of this kind waits for you here.', 'ground');
    // A test takes the place of the one look more than the sample; where all are looked at there is none.
    const asked = looksAskedFor(found.length);
    const test = isTested && asked > looksFor(found.length) ? seenThere[Math.floor(random() * seenThere.length)] : undefined;
    const sample = drawSample(found, ({ verdict }) => String(verdict), random, test ? asked - 1 : asked);
    if (test) sample.splice(Math.floor(random() * (sample.length + 1)), 0, test);
    const batch = await tx
      .insertInto('supervision.clearing_batches')
      .values({
        wearing_id: isCrime ? null : id,
        crime_id: isCrime ? id : null,
        ground,
        exclusions: found.length,
        looks: looksFor(found.length),
        begun_by: actor.id,
        begun_by_name: actor.name,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    const look = new Map(sample.map((own, i) => [own, i + 1]));
    const rows = [...found, ...(test ? [test] : [])].map((own) => ({
      batch_id: batch.id,
      crime_version_id: own.crime,
      wearing_id: own.wearing,
      run_id: own.run,
      look: look.get(own) ?? null,
      is_test: own === test,
    }));
    for (let i = 0; i < rows.length; i += rowsAtOnce)
      await tx
        .insertInto('supervision.clearing_verdicts')
        .values(rows.slice(i, i + rowsAtOnce))
        .execute();
    note(
      { kind: 'clearing', id: batch.id },
      { exclusions: found.length, looks: looksFor(found.length), ...(isCrime ? { crime: id } : {}) },
    );
    if (!isCrime) await noteSubject({ tx, actor, access, note }, { wearing: id });
    return batch;
  },
};

async function oneCrime(tx: Tx, id: number) {
  const found = await findCrime(tx, id);
  if (!found) throw new NotFoundError('There is no such crime.');
  return [found.current];
}

const isGround = (text: string): text is Ground => (grounds as readonly string[]).includes(text);
