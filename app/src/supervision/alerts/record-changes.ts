import { appendAudit } from '../../platform/audit.ts';
import type { Tx } from '../../platform/database.ts';
import { queueChanges } from '../changes/index.ts';
import type { Severity } from '../schema/tables.ts';
import { severityOf } from './kinds.ts';
import { queueDeliveries, type RaisedAlert } from './queue-deliveries.ts';
import type { AlertChange } from './reconcile.ts';
import { storedAlerts, type Written, writeChanges } from './store.ts';
import type { StoredAlert } from './watchers/index.ts';

/** A change that is on record, for whoever listens. */
export interface TellingChange {
  id: number;
  wearing: number;
  change: string;
  severity: Severity | null;
}

/** Puts the differences of some wearings on record, with what is to be delivered of them; gives what to tell, and what stands now. */
export async function recordChanges(
  tx: Tx,
  changed: readonly { wearing: number; changes: readonly AlertChange[] }[],
  { policy, now, timeZone }: { policy: string | null; now: number; timeZone: string },
): Promise<{ told: TellingChange[]; stored: Map<number, StoredAlert[]> }> {
  const told: TellingChange[] = [];
  const raised: RaisedAlert[] = [];
  for (const { wearing, changes } of changed) {
    const ids = await writeChanges(tx, wearing, changes);
    changes.forEach((own, i) => {
      if (own.change === 'raised' || own.change === 'raised again' || (own.change === 'amended' && own.isWorse))
        raised.push({ ...(ids[i] as Written), severity: severityOf(own.found.kind), to: own.found.to });
      const severity = own.change === 'retracted' ? null : severityOf(own.found.kind);
      told.push({ id: (ids[i] as Written).id, wearing, change: own.change, severity });
    });
  }
  await queueDeliveries(tx, raised, now, timeZone);
  await appendAudit(
    tx,
    told.map(({ id, change }) => ({
      actor: 'system',
      actorName: 'Waymark',
      role: 'system',
      purpose: 'monitoring',
      action: 'alert.evaluate',
      about: { kind: 'alert', id: String(id) },
      outcome: 'done' as const,
      policy: policy,
      detail: { change },
    })),
  );
  await queueChanges(
    tx,
    told.map(({ id, change }) => ({ action: actionOf(change), about: { kind: 'alert', id: String(id) }, detail: { change } })),
  );
  const stored = await storedAlerts(
    tx,
    changed.map(({ wearing }) => wearing),
  );
  return { told, stored };
}

/** What became of an alert by itself, as other systems are told. */
function actionOf(change: string): string {
  if (change.startsWith('raised')) return 'alert.raised';
  return change === 'retracted' ? 'alert.retracted' : 'alert.changed';
}
