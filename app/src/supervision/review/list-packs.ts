import type { Tx } from '../../platform/database.ts';
import type {} from '../schema/tables.ts';

/** The packs that were put together for one wearer and one version of a crime, the latest first. */
export async function packsOf(
  tx: Tx,
  crimeVersionId: number,
  wearingId: number,
): Promise<{ id: number; made_by_name: string; made_at: Date }[]> {
  return tx
    .selectFrom('supervision.evidence_packs')
    .select(['id', 'made_by_name', 'made_at'])
    .where('crime_version_id', '=', crimeVersionId)
    .where('wearing_id', '=', wearingId)
    .orderBy('id', 'desc')
    .execute();
}
