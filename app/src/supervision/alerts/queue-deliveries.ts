import { intervalsOf } from '@waymark/presence';
import type { Tx } from '../../platform/database.ts';
import type { Severity } from '../schema/tables.ts';

/** An alert that has been raised, as far as it matters for who is told. */
export interface RaisedAlert {
  id: number;
  version: number;
  severity: Severity;
  /** When it ended, ms since 1970; null while it lasts. */
  to: number | null;
}

/** Whoever would have been told longer after the end than this is not told: it stands in the list. */
const lateMs = 12 * 3_600_000;

/** Puts in line who is to be told of alerts, with the alerts themselves: neither is lost without the other. */
export async function queueDeliveries(tx: Tx, alerts: readonly RaisedAlert[], now: number, timeZone: string): Promise<number> {
  const recent = alerts.filter(({ to }) => to === null || now - to <= lateMs);
  if (recent.length === 0) return 0;
  const rules = await tx.selectFrom('supervision.delivery_rules').selectAll().where('ended_at', 'is', null).execute();
  const rows = rules.flatMap((rule) =>
    recent
      .filter(({ severity }) => rule.severities.includes(severity))
      .map(({ id, version, severity }) => ({
        rule_id: rule.id,
        alert_id: id,
        alert_version: version,
        state: 'waiting' as const,
        attempts: 0,
        due_at: new Date(dueAt(rule, severity, now + 1000 * rule.unseen_after_s, timeZone)),
        problem: null,
        settled_at: null,
      })),
  );
  for (let i = 0; i < rows.length; i += 1000)
    await tx
      .insertInto('supervision.deliveries')
      .values(rows.slice(i, i + 1000))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  return rows.length;
}

/** High alerts break the quiet; others wait until it ends. Ms since 1970. */
export function dueAt(
  { quiet_from, quiet_to }: { quiet_from: string | null; quiet_to: string | null },
  severity: Severity,
  at: number,
  timeZone: string,
): number {
  if (severity === 'high' || !quiet_from || !quiet_to || quiet_from === quiet_to) return at;
  const dayMs = 86_400_000;
  const hours = [{ days: [1, 2, 3, 4, 5, 6, 7], from: quiet_from, to: quiet_to }];
  const quiet = intervalsOf({ hours, from: at - 2 * dayMs, to: at + 2 * dayMs, absences: [] }, at - 2 * dayMs, at + 2 * dayMs, timeZone);
  for (let i = 0; i < quiet.length; i += 2) if ((quiet[i] as number) <= at && at < (quiet[i + 1] as number)) return quiet[i + 1] as number;
  return at;
}
