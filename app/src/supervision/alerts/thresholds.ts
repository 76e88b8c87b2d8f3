import type { Tx } from '../../platform/database.ts';
import type { AlertFacts, AlertKind } from '../schema/tables.ts';
import { isSameCause, overlap } from './reconcile.ts';
import type { FoundAlert, Prepare, Standing } from './watchers/index.ts';

/**
 * What an alert of some kinds rests on, as a number that only grows while it lasts: below a threshold it is not raised yet. Of whatever is
 * grave, of protected persons, and of a curfew that was missed there is none: those are raised whatever anybody learnt.
 */
export const measures = {
  'curfew ended early': { unit: 'minutes', most: 20, words: 'minutes seen away' },
  'inclusion left': { unit: 'minutes', most: 20, words: 'minutes seen outside' },
  'no signal': { unit: 'minutes', most: 120, words: 'minutes without a fix' },
  'jamming suspected': { unit: 'fixes', most: 20, words: 'fixes' },
} as const satisfies Partial<Record<AlertKind, { unit: 'minutes' | 'fixes'; most: number; words: string }>>;
export type MeasuredKind = keyof typeof measures;

export const isMeasured = (kind: string): kind is MeasuredKind => Object.hasOwn(measures, kind);

/** What an alert of a measured kind rests on. @param now for one that lasts, ms since 1970 */
export function measureOf(alert: { kind: MeasuredKind; from: number; to: number | null; facts: AlertFacts }, now: number): number {
  if (alert.kind === 'no signal') return Math.max(0, (alert.to ?? now) - alert.from) / 60_000;
  if (alert.kind === 'jamming suspected') return 'fixes' in alert.facts ? alert.facts.fixes : Number.POSITIVE_INFINITY;
  return 'seenS' in alert.facts ? alert.facts.seenS / 60 : Number.POSITIVE_INFINITY;
}

/** One as it is in force, or was. Times in ms since 1970. */
export interface Threshold {
  kind: MeasuredKind;
  /** Of tags; null: of every model. */
  model: string | null;
  least: number;
  from: number;
  to: number | null;
}

/** Those that are on record, as every watch of this server asks for them. */
export class Thresholds {
  #all: readonly Threshold[] = [];

  async read(tx: Tx): Promise<void> {
    const rows = await tx.selectFrom('supervision.alert_thresholds').select(['kind', 'model', 'least', 'from_at', 'to_at']).execute();
    this.#all = rows.flatMap(({ kind, model, least, from_at, to_at }) =>
      isMeasured(kind) ? [{ kind, model, least, from: from_at.getTime(), to: to_at?.getTime() ?? null }] : [],
    );
  }

  /** Whether an alert is not raised yet: it began while a threshold was in force that it does not reach. A model's own goes before one of all. */
  holdsBack(alert: FoundAlert, model: string, now: number): boolean {
    const { kind, from } = alert;
    if (!isMeasured(kind)) return false;
    const inForce = this.#all.filter((own) => own.kind === kind && from >= own.from && (own.to === null || from < own.to));
    const threshold = inForce.find((own) => own.model === model) ?? inForce.find((own) => own.model === null);
    return threshold !== undefined && measureOf({ ...alert, kind }, now) < threshold.least;
  }
}

/** The same watch, but for what a threshold holds back. What is on record already is never taken back by one. */
export function heldBack(prepare: Prepare, thresholds: Thresholds): Prepare {
  return async (tx, wearings, rules) => {
    const prepared = await prepare(tx, wearings, rules);
    const models = new Map(
      (
        await tx
          .selectFrom('supervision.wearings as w')
          .innerJoin('supervision.tags as t', 't.id', 'w.tag_id')
          .select(['w.id', 't.model'])
          .where('w.id', 'in', [0, ...wearings])
          .execute()
      ).map(({ id, model }) => [id, model]),
    );
    // One whose beginning was moved by a late position is the one on record still.
    const isOnRecord = (found: FoundAlert, { stored }: Standing) =>
      stored.some((own) => !own.retracted && isSameCause(own, found) && overlap(own, found));
    return {
      ...prepared,
      watcherOf: (wearing, deviceTrack) => {
        const watcher = prepared.watcherOf(wearing, deviceTrack);
        const model = models.get(wearing) ?? '';
        return {
          take: (fixes) => watcher.take(fixes),
          ...(watcher.takeOther ? { takeOther: (device, fixes) => watcher.takeOther?.(device, fixes) ?? null } : {}),
          found: (standing) =>
            watcher.found(standing).filter((alert) => isOnRecord(alert, standing) || !thresholds.holdsBack(alert, model, standing.now)),
        };
      },
    };
  };
}
