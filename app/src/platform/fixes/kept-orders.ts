import type { Connection } from '@waymark/engine';
import { type FixOrder, type Forgetting, takenAway } from './fix-orders.ts';

/** An order about fixes that the lake may not have followed yet. */
export interface KeptOrder {
  /** In the sequence of orders; the message of the log that it came in, where several servers share one. */
  id: number;
  /** It is about fixes under receipts up to this one. */
  receipt: number;
  order: Forgetting | Extract<FixOrder, { do: 'coarsen' }>;
}

/** Whether an order is about fixes, and so about the lake too. */
export const isAboutFixes = (order: FixOrder): order is KeptOrder['order'] =>
  order.do === 'coarsen' || (order.do !== 'release' && takenAway(order).table === 'fixes');

/** Keeps an order for the lake, before it is carried out here. */
export async function keepOrder(writer: Connection, order: FixOrder, receipt: number, message: number | null): Promise<void> {
  const [used] = await writer.rows<{ n: number }>('SELECT count(*)::DOUBLE AS n FROM lake_use');
  if (!used?.n || !isAboutFixes(order)) return;
  const id = message === null ? `(${positionIn()}) + 1` : String(Math.trunc(message));
  // One that is read again after a fall stands there already.
  await writer.run(`DELETE FROM kept_orders WHERE id = ${id} AND ${message !== null}`);
  await writer.run(`INSERT INTO kept_orders SELECT ${id}, ?, ?`, [Math.trunc(receipt), JSON.stringify(order)]);
}

/** In SQL: how far this server has come in the sequence of orders. @param file the database with its own tables */
export const positionIn = (file = ''): string =>
  `SELECT greatest((SELECT coalesce(max(message), 0) FROM ${file}log_position), (SELECT coalesce(max(id), 0) FROM ${file}kept_orders))`;

/** Orders after a position, the oldest first. */
export async function ordersAfter(connection: Connection, file: string, position: number): Promise<KeptOrder[]> {
  const rows = await connection.rows<{ id: number; receipt: number; what: string }>(
    `SELECT id, receipt, what FROM ${file}kept_orders WHERE id > ${Math.trunc(position)} ORDER BY id`,
  );
  return rows.map(({ id, receipt, what }) => ({ id, receipt, order: JSON.parse(what) as KeptOrder['order'] }));
}

/** In SQL: which rows of fixes an order took away; null where it took none. */
export const goneBy = ({ order, receipt }: KeptOrder): string | null =>
  order.do === 'coarsen' ? null : `(${takenAway(order).where} AND receipt <= ${Math.trunc(receipt)})`;
