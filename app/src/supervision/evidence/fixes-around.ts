import { atHome, type FixColumns, type FixStore } from '../../platform/fix-store.ts';
import type { PackedFix } from './pack-content.ts';

/** A window, ms since 1970, and how many hours beside it. */
export interface Around {
  from: number;
  to: number;
  marginHours: number;
}

const hourMs = 3_600_000;

/** One wearer's fixes of some hours around a window. */
export async function fixesAround(
  fixes: FixStore,
  wearing: number,
  { from, to, marginHours }: Around,
  receiptUpto?: number,
): Promise<PackedFix[]> {
  return packed(await fixes.track(wearing, from - marginHours * hourMs, to + marginHours * hourMs, receiptUpto));
}

function packed({ count, columns }: { count: number; columns: FixColumns }): PackedFix[] {
  // One that says “at home” bears nothing out.
  return Array.from({ length: count }, (_, i) => i)
    .filter((i) => columns.method[i] !== atHome)
    .map((i): PackedFix => {
      const accuracyM = columns.accuracyM[i] as number;
      return [
        columns.at[i] as number,
        columns.receivedAt[i] as number,
        columns.lon[i] as number,
        columns.lat[i] as number,
        Number.isNaN(accuracyM) ? null : accuracyM,
      ];
    });
}

/** One wearer's last fix before some hours around a window, and the first after them. */
export async function nearestBeyond(
  fixes: FixStore,
  wearing: number,
  { from, to, marginHours }: Around,
  receiptUpto?: number,
): Promise<{ first: PackedFix | undefined; last: PackedFix | undefined }> {
  const farMs = marginHours * hourMs;
  const before = await fixes.nearest(wearing, { before: from - farMs }, { receiptUpto, exact: true });
  const after = await fixes.nearest(wearing, { after: to + farMs }, { receiptUpto, exact: true });
  return { first: packed(before)[0], last: packed(after)[0] };
}
