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
  readonly verdictRuns = new Counter({ name: 'waymark_verdict_runs_total', help: 'Verdict runs recorded', registers: [this.registry] });

  constructor(fixes: Pick<FixStore, 'waiting' | 'behind'>) {
    collectDefaultMetrics({ register: this.registry, prefix: 'waymark_' });
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
  }
  /** Counts what a receipt says. */
  countFixes({ accepted, duplicates, quarantined }: { accepted: number; duplicates: number; quarantined: number }): void {
    if (accepted > 0) this.fixes.inc({ outcome: 'accepted' }, accepted);
    if (duplicates > 0) this.fixes.inc({ outcome: 'duplicate' }, duplicates);
    if (quarantined > 0) this.fixes.inc({ outcome: 'quarantined' }, quarantined);
  }
}
