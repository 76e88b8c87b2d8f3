import { sql } from 'kysely';
import type { Tx } from '../../platform/database.ts';
import type { Severity } from '../schema/tables.ts';
import { severityOf } from './kinds.ts';
import type { AlertChange } from './reconcile.ts';
import type { StoredAlert } from './watchers/index.ts';

/** Alerts on record of each of some wearings, retracted ones too. */
export async function storedAlerts(tx: Tx, wearings: readonly number[]): Promise<Map<number, StoredAlert[]>> {
  const stored = new Map<number, StoredAlert[]>(wearings.map((wearing) => [wearing, []]));
  if (wearings.length === 0) return stored;
  const rows = await tx
    .selectFrom('supervision.alerts')
    .select(['id', 'wearing_id', 'zone_version_id', 'kind', 'from_at', 'to_at', 'facts', 'state'])
    .where('wearing_id', 'in', [...wearings])
    .orderBy('id')
    .execute();
  for (const row of rows)
    stored.get(row.wearing_id)?.push({
      id: row.id,
      zoneVersion: row.zone_version_id,
      kind: row.kind,
      from: row.from_at.getTime(),
      to: row.to_at?.getTime() ?? null,
      facts: row.facts,
      retracted: row.state === 'retracted',
      closed: row.state === 'closed',
    });
  return stored;
}

/** Wearings with an alert that lasts, as far as is on record. */
export async function wearingsInAlert(tx: Tx): Promise<number[]> {
  const rows = await tx
    .selectFrom('supervision.alerts')
    .select('wearing_id')
    .distinct()
    .where('to_at', 'is', null)
    .where('state', '<>', 'retracted')
    .execute();
  return rows.map(({ wearing_id }) => wearing_id);
}

/** Wearings that are open now, under an order in force. */
export async function openWearings(tx: Tx): Promise<number[]> {
  const rows = await tx
    .selectFrom('supervision.wearings as w')
    .innerJoin('supervision.orders as o', 'o.id', 'w.order_id')
    .select('w.id')
    .where((eb) => eb.or([eb('w.ends_at', 'is', null), eb('w.ends_at', '>', sql<Date>`now()`)]))
    .where((eb) => eb.or([eb('o.ends_at', 'is', null), eb('o.ends_at', '>', sql<Date>`now()`)]))
    .execute();
  return rows.map(({ id }) => id);
}

/** An alert that was written, and its version. */
export interface Written {
  id: number;
  version: number;
}

/** Puts changes on record, every version kept. Gives the alerts in the order of the changes. */
export async function writeChanges(tx: Tx, wearing: number, changes: readonly AlertChange[]): Promise<Written[]> {
  const written: Written[] = [];
  for (const own of changes) {
    if (own.change === 'retracted') {
      const row = await tx
        .updateTable('supervision.alerts')
        // One that lasted when it was taken back must not be found again in all that comes later.
        .set({ state: 'retracted', version: sql`version + 1`, to_at: sql`coalesce(to_at, confirmed_at)` })
        .where('id', '=', own.id)
        .returning(['version', 'kind', 'from_at', 'to_at', 'facts'])
        .executeTakeFirstOrThrow();
      await tx
        .insertInto('supervision.alert_versions')
        .values({ alert_id: own.id, ...row, facts: JSON.stringify(row.facts), change: own.change })
        .execute();
      written.push({ id: own.id, version: row.version });
      continue;
    }
    const { found } = own;
    const values = {
      kind: found.kind,
      from_at: new Date(found.from),
      to_at: found.to === null ? null : new Date(found.to),
      facts: JSON.stringify(found.facts),
    };
    const told = { ...values, severity: severityOf(found.kind), confirmed_at: new Date(found.confirmedAt) };
    const row =
      own.change === 'raised'
        ? await tx
            .insertInto('supervision.alerts')
            .values({
              ...told,
              wearing_id: wearing,
              zone_version_id: found.zoneVersion,
              state: 'raised',
              version: 1,
              assigned_to: null,
              outcome: null,
            })
            .returning(['id', 'version'])
            .executeTakeFirstOrThrow()
        : await tx
            .updateTable('supervision.alerts')
            .set({
              ...told,
              version: sql`version + 1`,
              ...(own.change === 'raised again'
                ? { state: 'raised' as const, outcome: null, assigned_to: null, raised_at: new Date() }
                : {}),
            })
            .where('id', '=', own.id)
            .returning(['id', 'version'])
            .executeTakeFirstOrThrow();
    await tx
      .insertInto('supervision.alert_versions')
      .values({ ...values, alert_id: row.id, version: row.version, change: own.change })
      .execute();
    written.push(row);
  }
  return written;
}

/** Wearings whose zones, hours or absences have changed and that have not been watched again since. */
export async function wearingsToWatchAgain(tx: Tx): Promise<number[]> {
  const rows = await tx.selectFrom('supervision.watch_again').select('wearing_id').execute();
  return rows.map(({ wearing_id }) => wearing_id);
}

/** How alerts stand that another server has changed, as news; where none are named, those of the last minutes. */
export async function changesOnRecord(
  tx: Tx,
  ids: readonly number[],
): Promise<{ id: number; wearing: number; change: string; severity: Severity | null }[]> {
  const rows = await tx
    .selectFrom('supervision.alerts')
    .select(['id', 'wearing_id', 'state', 'severity', 'version'])
    .where((eb) => (ids.length > 0 ? eb('id', 'in', [...ids]) : eb('raised_at', '>', sql<Date>`now() - interval '5 minutes'`)))
    .execute();
  const changeOf = (state: string, version: number) => (state === 'retracted' ? 'retracted' : version === 1 ? 'raised' : 'amended');
  return rows.map(({ id, wearing_id, state, severity, version }) => ({
    id,
    wearing: wearing_id,
    change: changeOf(state, version),
    severity: state === 'retracted' ? null : severity,
  }));
}

/** The receipt up to which everything is evaluated and on record. */
export async function evaluatedReceipt(tx: Tx): Promise<number> {
  const { evaluated_receipt } = await tx.selectFrom('supervision.watch_state').select('evaluated_receipt').executeTakeFirstOrThrow();
  return evaluated_receipt;
}

/** Within a transaction: of two attempts to put alerts on record the later one waits for the earlier, and sees what it did. */
export async function lockWatch(tx: Tx): Promise<void> {
  await tx.selectFrom('supervision.watch_state').select('evaluated_receipt').forNoKeyUpdate().execute();
}

export async function noteEvaluated(tx: Tx, receipt: number): Promise<void> {
  await tx
    .updateTable('supervision.watch_state')
    .set({ evaluated_receipt: sql<number>`greatest(evaluated_receipt, ${receipt})` })
    .execute();
}
