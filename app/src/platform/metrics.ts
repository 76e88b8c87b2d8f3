import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

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

  constructor(waitingForCommit: () => number) {
    collectDefaultMetrics({ register: this.registry, prefix: 'waymark_' });
    new Gauge({
      name: 'waymark_fix_batches_waiting',
      help: 'Batches waiting for a commit',
      registers: [this.registry],
      collect() {
        this.set(waitingForCommit());
      },
    });
  }
}
