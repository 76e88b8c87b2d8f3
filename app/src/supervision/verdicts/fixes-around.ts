import { atHome, type FixColumns, notValid, rowsThatTell } from '../../platform/fixes/fix.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import type { PackedFix } from './inputs-and-findings.ts';

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
  return packed(await fixes.track(wearing, from - marginHours * hourMs, to + marginHours * hourMs, receiptUpto), true);
}

function packed({ count, columns }: { count: number; columns: FixColumns }, contradictions = false): PackedFix[] {
  // One that says “at home”, or whose receiver had no fix, bears nothing out; two places at one time make it doubtful.
  const telling = Array.from({ length: count }, (_, i) => i).filter((i) => columns.method[i] !== atHome && columns.method[i] !== notValid);
  const of = (column: ArrayLike<number>) => telling.map((i) => column[i] as number);
  const rows = rowsThatTell({ at: of(columns.at), lon: of(columns.lon), lat: of(columns.lat) }, 0, telling.length, { contradictions });
  return rows
    .map((row) => telling[row] as number)
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
