import type { Connection } from '@waymark/engine';
import { type CoarseFix, writeCoarse } from './coarsen-fixes.ts';

/** What is done to what is stored, apart from adding to it. Times in ms since 1970. */
export type FixOrder =
  | { do: 'forget wearings'; wearings: number[] }
  /** Every fix that was taken before, but for those of some wearings. */
  | { do: 'forget before'; before: number; except: number[] }
  /** Fixes of before that are nobody's who is supervised. */
  | { do: 'forget below zero'; before: number }
  | { do: 'forget quarantine'; before: number }
  /** Quarantined fixes were stored under a receipt after all. */
  | { do: 'release'; ids: number[]; receipt: number }
  /** Positions in a home become the home's. */
  | { do: 'coarsen'; fixes: CoarseFix[] };

/** An order that takes rows away. */
export type Forgetting = Exclude<FixOrder, { do: 'release' } | { do: 'coarsen' }>;

const listed = (ids: readonly number[]) => [0, ...ids].map((id) => Math.trunc(id)).join(',');

/** In SQL: which rows of which table an order takes away. */
export function takenAway(order: Forgetting): { table: 'fixes' | 'quarantine'; where: string } {
  switch (order.do) {
    case 'forget wearings':
      return { table: 'fixes', where: `wearing IN (${listed(order.wearings)})` };
    case 'forget before':
      return { table: 'fixes', where: `at_ms < ${Math.trunc(order.before)} AND wearing NOT IN (${listed(order.except)})` };
    case 'forget below zero':
      return { table: 'fixes', where: `wearing < 0 AND at_ms < ${Math.trunc(order.before)}` };
    default:
      return { table: 'quarantine', where: `received_ms < ${Math.trunc(order.before)}` };
  }
}

/**
 * Carries an order out, within a transaction; gives how many rows it was about. What is gone is written over in the file with the next
 * checkpoint.
 */
export async function carryOut(writer: Connection, order: FixOrder): Promise<number> {
  if (order.do === 'coarsen') return writeCoarse(writer, order.fixes);
  if (order.do === 'release') {
    if (order.ids.length > 0)
      await writer.run(`UPDATE quarantine SET released_by = ${Math.trunc(order.receipt)} WHERE id IN (${listed(order.ids)})`);
    return order.ids.length;
  }
  const { table, where } = takenAway(order);
  const [row] = await writer.rows<{ Count: number }>(`DELETE FROM ${table} WHERE ${where}`);
  return Number(row?.Count ?? 0);
}
