import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { isMeasured, type MeasuredKind, measureOf, measures } from '../alerts/index.ts';
import type { AlertFacts, AlertOutcome } from '../schema/tables.ts';
import { type DecidedAlert, learnThreshold, type Proposal } from './learn-threshold.ts';

/** Alerts of so many days are learnt from. */
export const learntDays = 180;
const dayMs = 86_400_000;

export interface ThresholdInForce {
  id: number;
  kind: MeasuredKind;
  model: string | null;
  least: number;
  reason: string;
  by: string;
  from: Date;
  to: Date | null;
  endedBy: string;
  endedBecause: string;
}

/** A kind of alert, of one model of tag or of all, with what its decided alerts teach. */
export interface LearntKind {
  kind: MeasuredKind;
  /** Null: of all models. */
  model: string | null;
  decided: number;
  needless: number;
  proposal: Proposal | null;
  inForce: ThresholdInForce | null;
}

/** What is proposed for each kind and model, what is in force, and what was. */
export const readThresholds: Action<null, { now: number }, { learnt: LearntKind[]; all: ThresholdInForce[] }> = {
  name: 'threshold.read',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }, _services, { now }) {
    const all = await thresholdsOnRecord(tx);
    const learnt = await learntKinds(tx, all, now);
    note(null, { kinds: learnt.length });
    return { learnt, all };
  },
};

async function thresholdsOnRecord(tx: Tx): Promise<ThresholdInForce[]> {
  const rows = await tx
    .selectFrom('supervision.alert_thresholds')
    .select(['id', 'kind', 'model', 'least', 'reason', 'by_name as by', 'from_at as from', 'to_at as to'])
    .select(['ended_by_name as endedBy', 'ended_because as endedBecause'])
    .orderBy('id', 'desc')
    .execute();
  return rows.flatMap((row) => (isMeasured(row.kind) ? [{ ...row, kind: row.kind }] : []));
}

async function learntKinds(tx: Tx, all: readonly ThresholdInForce[], now: number): Promise<LearntKind[]> {
  const { rows } = await sql<{ kind: string; model: string; from_at: Date; to_at: Date | null; facts: AlertFacts; outcome: AlertOutcome }>`
    SELECT kind, model, from_at, to_at, facts, outcome
      FROM supervision.decided_alerts(${Object.keys(measures)}::text[], ${new Date(now - learntDays * dayMs)}) ORDER BY from_at`.execute(
    tx,
  );
  const groups = new Map<string, { kind: MeasuredKind; model: string | null; alerts: DecidedAlert[] }>();
  for (const row of rows) {
    if (!isMeasured(row.kind)) continue;
    const from = row.from_at.getTime();
    const measured = { kind: row.kind, from, to: row.to_at?.getTime() ?? null, facts: row.facts };
    const alert = { measure: measureOf(measured, now), from, outcome: row.outcome };
    for (const model of [null, row.model]) {
      const key = JSON.stringify([row.kind, model]);
      const group = groups.get(key) ?? { kind: row.kind, model, alerts: [] };
      group.alerts.push(alert);
      groups.set(key, group);
    }
  }
  const models = new Set(rows.map(({ model }) => model));
  return (
    [...groups.values()]
      // Where there is one model alone, it is all of them.
      .filter(({ model }) => model === null || models.size > 1)
      .map(({ kind, model, alerts }) => ({
        kind,
        model,
        decided: alerts.length,
        needless: alerts.filter(({ outcome }) => outcome === 'false' || outcome === 'equipment').length,
        proposal: learnThreshold(alerts, measures[kind].most),
        inForce: all.find((own) => own.kind === kind && own.model === model && own.to === null) ?? null,
      }))
      .sort((a, b) => (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : (a.model ?? '') < (b.model ?? '') ? -1 : 1))
  );
}

/** Adopts what is proposed now, with why. It holds for alerts that begin from this moment on; nothing on record is changed by it. */
export const adoptThreshold: Action<null, { kind: string; model: string | null; least: number; reason: string; now: number }, null> = {
  name: 'threshold.adopt',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note, tell }, _services, { kind, model, least, reason, now }) {
    const learnt = await learntKinds(tx, await thresholdsOnRecord(tx), now);
    const own = learnt.find((one) => one.kind === kind && one.model === model);
    // What is adopted is what was shown: it may have been learnt anew since.
    if (!own?.proposal || own.proposal.least !== least)
      throw new InvalidError('What is proposed has changed since you looked. Look at it again.', 'reason');
    const why = reason.trim().slice(0, 1000);
    if (why.length < 10) throw new InvalidError('Say in at least 10 characters why it is right.', 'reason');
    const at = new Date(now);
    // Of two who adopt at once the second ends what the first adopted.
    await sql`SELECT pg_advisory_xact_lock(hashtext('supervision.alert_thresholds'))`.execute(tx);
    await tx
      .updateTable('supervision.alert_thresholds')
      .set({ to_at: at, ended_by_name: actor.name, ended_because: 'Another was adopted.' })
      .where('kind', '=', kind)
      .where(sql<boolean>`model IS NOT DISTINCT FROM ${model}`)
      .where('to_at', 'is', null)
      .execute();
    const { id } = await tx
      .insertInto('supervision.alert_thresholds')
      .values({
        kind,
        model,
        least,
        evidence: JSON.stringify(own.proposal),
        reason: why,
        by_actor: actor.id,
        by_name: actor.name,
        from_at: at,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'alert threshold', id }, { kind, model, least });
    tell('supervision.thresholds');
    return null;
  },
};

/** Ends a threshold, with why: alerts that begin from this moment on are raised as before. */
export const endThreshold: Action<null, { id: number; because: string; now: number }, null> = {
  name: 'threshold.adopt',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note, tell }, _services, { id, because, now }) {
    note({ kind: 'alert threshold', id }, { ended: true });
    const why = because.trim().slice(0, 1000);
    if (why.length < 10) throw new InvalidError('Say in at least 10 characters why it ends.', 'because');
    const row = await tx
      .updateTable('supervision.alert_thresholds')
      .set({ to_at: new Date(now), ended_by_name: actor.name, ended_because: why })
      .where('id', '=', id)
      .where('to_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (!row) throw new NotFoundError('It is not in force.');
    tell('supervision.thresholds');
    return null;
  },
};
