import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { FixStore } from './fixes/fix-store.ts';

/** Figures for Prometheus. Counts and durations only; no label holds anything personal. */
export class Metrics {
  readonly registry = new Registry();
  readonly requests = new Histogram({
    name: 'waymark_http_request_seconds',
    help: 'Duration of requests by route and status',
    labelNames: ['route', 'status'] as const,
    buckets: [0.005, 0.02, 0.1, 0.25, 1, 5],
    registers: [this.registry],
  });
  readonly fixes = new Counter({
    name: 'waymark_fixes_total',
    help: 'Fixes received, by outcome',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });
  readonly alerts = new Histogram({
    name: 'waymark_alert_seconds',
    help: 'From the receipt of the fix that decided an alert until the alert is on record',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60],
    registers: [this.registry],
  });
  readonly messages = new Counter({
    name: 'waymark_messages_total',
    help: 'Attempts to send messages, by what sends them and what came of it',
    labelNames: ['sender', 'result'] as const,
    registers: [this.registry],
  });
  readonly verdictRuns = new Counter({ name: 'waymark_verdict_runs_total', help: 'Verdict runs recorded', registers: [this.registry] });

  /** @param sharesHeld of what only one of several servers may do, how many shares this one holds; null where it is alone */
  constructor(
    fixes: Pick<FixStore, 'waiting' | 'behind' | 'oldestQuarantined' | 'hasLake' | 'oldestUnsealed'>,
    lastBackup: () => number | null,
    sharesHeld: () => number | null = () => null,
  ) {
    collectDefaultMetrics({ register: this.registry, prefix: 'waymark_' });
    new Gauge({
      name: 'waymark_shares_held',
      help: 'Shares of the work that only one of several servers may do, held by this one; 33 over all servers, and NaN on one that is alone',
      registers: [this.registry],
      collect() {
        this.set(sharesHeld() ?? Number.NaN);
      },
    });
    new Gauge({
      name: 'waymark_fix_batches_waiting',
      help: 'Batches waiting for a commit',
      registers: [this.registry],
      collect() {
        this.set(fixes.waiting);
      },
    });
    new Gauge({
      name: 'waymark_follower_receipts_behind',
      help: 'Receipts stored that a follower has yet to take, by follower',
      labelNames: ['follower'],
      registers: [this.registry],
      collect() {
        for (const [follower, behind] of fixes.behind) this.set({ follower }, behind);
      },
    });
    new Gauge({
      name: 'waymark_quarantine_oldest_seconds',
      help: 'How long what has been in quarantine longest has been there; 0 where nothing is',
      registers: [this.registry],
      async collect() {
        const oldest = await fixes.oldestQuarantined();
        this.set(oldest === null ? 0 : (Date.now() - oldest) / 1000);
      },
    });
    new Gauge({
      name: 'waymark_lake_oldest_unsealed_seconds',
      help: 'How long what waits longest to get into the lake has waited; 0 where nothing waits or there is no lake, NaN where it cannot be asked',
      registers: [this.registry],
      async collect() {
        const oldest = fixes.hasLake ? await fixes.oldestUnsealed().catch(() => Number.NaN) : null;
        this.set(oldest === null ? 0 : (Date.now() - oldest) / 1000);
      },
    });
    new Gauge({
      name: 'waymark_backup_age_seconds',
      help: 'Time since the moment of the last backup; NaN where none was taken',
      registers: [this.registry],
      collect() {
        const last = lastBackup();
        this.set(last === null ? Number.NaN : (Date.now() - last) / 1000);
      },
    });
  }
  /** Counts what a receipt says. */
  countFixes({ accepted, duplicates, quarantined }: { accepted: number; duplicates: number; quarantined: number }): void {
    if (accepted > 0) this.fixes.inc({ outcome: 'accepted' }, accepted);
    if (duplicates > 0) this.fixes.inc({ outcome: 'duplicate' }, duplicates);
    if (quarantined > 0) this.fixes.inc({ outcome: 'quarantined' }, quarantined);
  }
}
