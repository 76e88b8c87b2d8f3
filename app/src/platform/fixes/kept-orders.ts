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
  if (!isAboutFixes(order)) return;
  const use = await useOf(writer);
  if (!use) return;
  const [here] = await writer.rows<{ position: number }>(`SELECT (${positionIn()}) AS position`);
  const id = message ?? (here?.position ?? 0) + 1;
  await writer.run('INSERT INTO kept_orders VALUES (?, ?, ?)', [id, Math.trunc(receipt), JSON.stringify(order)]);
  await noteUse(writer, { ...use, ordered: Math.max(use.ordered, id) });
}

/** How a server uses the lake: its one row of `lake_use`. */
export interface LakeUse {
  /** From where in the sequence of orders on it has kept them. */
  since: number;
  /** What has left its file: taken before this moment, ms since 1970, under receipts up to this one; below zero where nothing has. */
  before: number;
  receipt: number;
  /** The last order. */
  ordered: number;
}

/** Null where there never was a lake. */
export async function useOf(connection: Connection): Promise<LakeUse | null> {
  const [use] = await connection.rows<LakeUse>('SELECT since, before_ms AS before, receipt, ordered FROM lake_use');
  return use ?? null;
}

/** A row that is changed in place would keep the file from being put in order while anybody reads. */
export async function noteUse(writer: Connection, { since, before, receipt, ordered }: LakeUse): Promise<void> {
  await writer.run('DELETE FROM lake_use');
  await writer.run('INSERT INTO lake_use VALUES (?, ?, ?, ?)', [since, Math.trunc(before), Math.trunc(receipt), ordered]);
}

/** In SQL: how far this server has come in the sequence of orders. @param file the database with its own tables */
export const positionIn = (file = ''): string =>
  `SELECT greatest((SELECT coalesce(max(message), 0) FROM ${file}log_position), (SELECT coalesce(max(ordered), 0) FROM ${file}lake_use))`;

/** The first orders after a position, the oldest first. */
export async function ordersAfter(connection: Connection, file: string, position: number, atMost: number): Promise<KeptOrder[]> {
  return keptBy(connection, `FROM ${file}kept_orders WHERE id > ${Math.trunc(position)} ORDER BY id LIMIT ${Math.trunc(atMost)}`);
}

/** All that take something away. */
export const forgettingIn = (connection: Connection, file: string): Promise<KeptOrder[]> =>
  keptBy(connection, `FROM ${file}kept_orders WHERE NOT starts_with(what, '{"do":"coarsen"') ORDER BY id`);

async function keptBy(connection: Connection, from: string): Promise<KeptOrder[]> {
  const rows = await connection.rows<{ id: number; receipt: number; what: string }>(`SELECT id, receipt, what ${from}`);
  return rows.map(({ id, receipt, what }) => ({ id, receipt, order: JSON.parse(what) as KeptOrder['order'] }));
}

/** In SQL: which rows of fixes an order took away; null where it took none. */
export const goneBy = ({ order, receipt }: KeptOrder): string | null =>
  order.do === 'coarsen' ? null : `(${takenAway(order).where} AND receipt <= ${Math.trunc(receipt)})`;
