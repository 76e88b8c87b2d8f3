import type { DistanceInTime, PresenceParameters } from '@waymark/presence';
import { sql } from 'kysely';
import type { Tx } from '../../platform/database.ts';
import type { CrimeVersionRow } from '../crimes/index.ts';
import type { RecordedWearing } from '../schema/tables.ts';
import { distanceOf, fixesAround, isKnownModel, nearestBeyond, type PackInputs, type VerdictServices } from '../verdicts/index.ts';

/**
 * Fixes of so many hours beside what is shown are read: where a receiver stopped, only what came before tells that it has. As many as an
 * evidence pack may hold.
 */
const marginHours = 72;

/**
 * How far a wearer was, or may have been, from a crime's place, from the fixes that a run knew and by its parameters.
 * @param shown ms since 1970
 * @returns null where there is no run, or it is of a model that this version does not reckon by
 */
export async function distanceAround(
  tx: Tx,
  services: VerdictServices,
  { crime, run, wearing }: { crime: CrimeVersionRow; run: number | null; wearing: number },
  shown: { from: number; to: number },
): Promise<DistanceInTime | null> {
  if (run === null) return null;
  const made = await tx
    .selectFrom('supervision.runs')
    .select(['receipt_upto', 'parameters'])
    // Of a large fleet the list is long: one is picked where it lies.
    .select(
      sql<RecordedWearing | null>`jsonb_path_query_first(wearings, '$[*] ? (@.id == $id)', jsonb_build_object('id', ${wearing}::int))`.as(
        'worn',
      ),
    )
    .where('id', '=', run)
    .executeTakeFirst();
  const worn = made?.worn;
  if (!made || !worn || !isKnownModel(made.parameters as PresenceParameters)) return null;
  const around = { ...shown, marginHours };
  const { first, last } = await nearestBeyond(services.fixes, wearing, around, made.receipt_upto);
  const inputs: PackInputs = {
    crime: { from: crime.from_at.toISOString(), to: crime.to_at.toISOString(), place: crime.place },
    wearing: { from: worn.from, to: worn.to, ...(worn.clockS ? { clockS: worn.clockS } : {}) },
    fixes: [first, ...(await fixesAround(services.fixes, wearing, around, made.receipt_upto)), last].filter((fix) => fix !== undefined),
    marginHours,
  };
  return distanceOf(inputs, made.parameters as PresenceParameters, shown);
}
