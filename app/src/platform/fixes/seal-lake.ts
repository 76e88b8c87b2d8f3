import type { Connection } from '@waymark/engine';
import { fillCoarse, madeCoarse, makeCoarse } from './coarsen-fixes.ts';
import { goneBy, type KeptOrder, ordersAfter, positionIn } from './kept-orders.ts';
import { fixColumnNames, type Lake, monthOf, type SealedUpTo } from './lake.ts';

/** Rows that one commit writes, about. */
const rowsTogether = 2_000_000;
/** Orders that one commit follows at most: some name five thousand positions. */
const ordersTogether = 100;

/** What a server has of its own. */
interface Here extends SealedUpTo {
  /** From where in the sequence on it has kept orders for the lake. */
  since: number;
}

/** Whose fixes go into which lake. */
interface Whose {
  installation: string | null;
  lake: Lake;
}

/** What one sealing did. */
export interface Sealed {
  upTo: SealedUpTo;
  rows: number;
  /** Rows that orders took away or changed. */
  changed: number;
}

/**
 * Brings the lake up to where this server is: orders first, about what is in the lake; then all fixes under later receipts, which have
 * followed them here. Each part is one commit with the mark up to where the lake goes, so nothing is ever there twice or left out, whoever
 * falls in the middle, and of two servers that do it at once one does nothing.
 * @param connection one of its own
 * @param goesOn whether another part may be begun
 * @throws Error where the lake belongs to another installation, or this server has not kept all orders
 */
export async function sealFixes(
  connection: Connection,
  { installation, lake }: Whose,
  goesOn: () => boolean,
  onPart: (upTo: SealedUpTo, last: number) => void = () => undefined,
): Promise<Sealed> {
  const { own } = lake;
  const sum: Sealed = { upTo: { receipt: 0, position: 0 }, rows: 0, changed: 0 };
  await makeCoarse(connection);
  for (;;) {
    await connection.run('BEGIN TRANSACTION');
    try {
      const [there] = await connection.rows<SealedUpTo & { installation: string | null }>(
        'SELECT receipt, position, installation FROM lake.main.sealed',
      );
      const here = await whatIsHere(connection, own);
      if (!there) throw lake.refuse('The lake says nothing of how far it goes: it was not made by this program.');
      checkWhose(lake, there, here, installation);
      sum.upTo = there;
      // Another server has come further, or nothing has happened.
      if (
        here.receipt < there.receipt ||
        here.position < there.position ||
        (here.receipt === there.receipt && !(await hasOrders(connection, own, there)))
      ) {
        await connection.run('ROLLBACK');
        return sum;
      }
      const orders = await ordersAfter(connection, own, there.position, ordersTogether);
      const position = orders.length < ordersTogether ? here.position : (orders.at(-1)?.id ?? here.position);
      sum.changed += await follow(connection, orders);
      const upto = await endOfPart(connection, own, there.receipt, here.receipt);
      const [row] = await connection.rows<{ Count: number }>(
        `INSERT INTO lake.main.fixes SELECT ${fixColumnNames}, ${monthOf}
         FROM ${own}fixes WHERE receipt > ${there.receipt} AND receipt <= ${upto}`,
      );
      await connection.run('UPDATE lake.main.sealed SET receipt = ?, position = ?, installation = ?', [upto, position, installation]);
      await connection.run('COMMIT');
      sum.rows += Number(row?.Count ?? 0);
      sum.upTo = { receipt: upto, position };
      onPart(sum.upTo, here.receipt);
      if ((upto >= here.receipt && position >= here.position) || !goesOn()) return sum;
    } catch (error) {
      await connection.run('ROLLBACK').catch(() => undefined);
      if (isOvertaken(error)) return sum;
      throw error;
    }
  }
}

/** Another server's commit came first. */
const isOvertaken = (error: unknown): boolean => /Transaction conflict/i.test(String(error));

async function whatIsHere(connection: Connection, own: string): Promise<Here> {
  const [row] = await connection.rows<Here>(
    `SELECT (SELECT coalesce(max(receipt), 0) FROM ${own}receipts) AS receipt, (${positionIn(own)}) AS position, (SELECT max(since) FROM ${own}lake_use) AS since`,
  );
  return row ?? { receipt: 0, position: 0, since: 0 };
}

async function hasOrders(connection: Connection, own: string, { position }: SealedUpTo): Promise<boolean> {
  const [row] = await connection.rows<{ n: number }>(`SELECT count(*)::DOUBLE AS n FROM ${own}kept_orders WHERE id > ${position}`);
  return (row?.n ?? 0) > 0;
}

function checkWhose(lake: Lake, there: SealedUpTo & { installation: string | null }, here: Here, installation: string | null): void {
  if (there.installation !== null && there.installation !== installation)
    throw lake.refuse(
      `The lake belongs to another installation (${there.installation}). Name a folder or prefix and a database of this one’s own.`,
    );
  if (there.receipt > 0 && there.position < here.since)
    throw lake.refuse(
      'The lake has not followed orders from before this server began to keep them: another server brings it up to date. Until one has, this one writes nothing there.',
    );
}

/** The last receipt of a part that begins after one. */
async function endOfPart(connection: Connection, own: string, after: number, last: number): Promise<number> {
  const [row] = await connection.rows<{ n: number; upto: number | null }>(
    `SELECT count(*)::DOUBLE AS n, max(receipt) AS upto FROM (SELECT receipt FROM ${own}fixes WHERE receipt > ${after} ORDER BY receipt LIMIT ${rowsTogether})`,
  );
  return (row?.n ?? 0) < rowsTogether ? last : (row?.upto ?? last);
}

/** Carries orders out in the lake; gives how many rows they were about. */
async function follow(connection: Connection, orders: readonly KeptOrder[]): Promise<number> {
  let changed = 0;
  for (const where of orders.flatMap((order) => goneBy(order) ?? [])) {
    const [row] = await connection.rows<{ Count: number }>(`DELETE FROM lake.main.fixes WHERE ${where}`);
    changed += Number(row?.Count ?? 0);
  }
  // Nothing is made coarser twice, so all of it is done at once.
  const coarse = orders.flatMap(({ order }) => (order.do === 'coarsen' ? order.fixes : []));
  if (coarse.length === 0) return changed;
  await connection.run('DELETE FROM coarse');
  await fillCoarse(connection, coarse);
  const [row] = await connection.rows<{ Count: number }>(madeCoarse('lake.main.fixes'));
  return changed + Number(row?.Count ?? 0);
}
