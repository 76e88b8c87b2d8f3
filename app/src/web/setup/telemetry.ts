import { type Context, type HrTime, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, ValueType } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  MeterProvider,
  type MetricData,
  type MetricProducer,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';

export interface TelemetryOptions {
  /** Where OTLP over HTTP is taken, without `/v1/…`. */
  endpoint: string;
  server: string;
  version: string;
  /** Of requests that bear no trace of their own, how many are traced, 0 to 1. */
  share: number;
  /** Whether a trace that a request bears is gone on with: a proxy of the operator's put it there. */
  believesCallers: boolean;
  /** Figures are sent so often, ms. */
  everyMs?: number;
}

/** Sends traces of requests and the figures of `/metrics` by OTLP. Neither holds an address, a query or anything of a person. */
export class Telemetry {
  readonly #traces: TracerProvider;
  readonly #figures: MeterProvider;
  readonly #options: TelemetryOptions;
  readonly #spans = new WeakMap<FastifyRequest, Span>();
  readonly #propagator = new W3CTraceContextPropagator();

  constructor(options: TelemetryOptions, registry: Registry) {
    this.#options = options;
    const { endpoint, server, version, share, everyMs = 30_000 } = options;
    const base = endpoint.replace(/\/+$/, '');
    const resource = resourceFromAttributes({ 'service.name': 'waymark', 'service.version': version, 'service.instance.id': server });
    this.#traces = new TracerProvider({
      resource,
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) }),
      spanProcessors: [
        new BatchSpanProcessor({
          exporter: new OTLPTraceExporter({ url: `${base}/v1/traces` }),
          scheduledDelayMillis: Math.min(5000, everyMs),
        }),
      ],
    });
    this.#figures = new MeterProvider({
      resource,
      readers: [
        new PeriodicExportingMetricReader({
          exporter: new OTLPMetricExporter({ url: `${base}/v1/metrics` }),
          exportIntervalMillis: everyMs,
          exportTimeoutMillis: Math.min(10_000, everyMs),
          metricProducers: [figuresOf(registry)],
        }),
      ],
    });
  }

  /** Traces what a scope is asked. */
  follow(app: FastifyInstance): void {
    const tracer = this.#traces.getTracer('waymark');
    app.addHook('onRequest', (request, _reply, done) => {
      const span = tracer.startSpan(
        `${request.method} ${request.routeOptions.url ?? 'none'}`,
        { kind: SpanKind.SERVER },
        this.#contextOf(request),
      );
      this.#spans.set(request, span);
      done();
    });
    app.addHook('onResponse', async (request, reply) => {
      const span = this.#spans.get(request);
      span?.setAttributes({
        'http.request.method': request.method,
        'http.route': request.routeOptions.url ?? 'none',
        'http.response.status_code': reply.statusCode,
        'waymark.request_id': request.id,
      });
      if (reply.statusCode >= 500) span?.setStatus({ code: SpanStatusCode.ERROR });
      span?.end();
    });
  }

  /** Sends what there is. What cannot be sent is lost: nothing waits for it. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#traces.shutdown(), this.#figures.shutdown()]);
  }

  #contextOf({ headers }: FastifyRequest): Context {
    if (!this.#options.believesCallers) return ROOT_CONTEXT;
    return this.#propagator.extract(ROOT_CONTEXT, headers, {
      get: (carrier, key) => (carrier as Record<string, string | undefined>)[key],
      keys: (carrier) => Object.keys(carrier as object),
    });
  }
}

const hrTimeOf = (ms: number): HrTime => [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];

/** The figures of `/metrics` as OTLP has them. */
function figuresOf(registry: Registry): MetricProducer {
  const startTime = hrTimeOf(Date.now());
  return {
    collect: async () => {
      const endTime = hrTimeOf(Date.now());
      const all = await registry.getMetricsAsJSON();
      const metrics = all.flatMap(({ name, help, type, values }): MetricData[] => {
        const descriptor = { name, description: help, unit: '', valueType: ValueType.DOUBLE, advice: {} };
        const common = { descriptor, aggregationTemporality: AggregationTemporality.CUMULATIVE } as const;
        const kind = String(type);
        if (kind === 'histogram')
          return [{ ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints: histogramsOf(values as Value[], startTime, endTime) }];
        const dataPoints = (values as Value[])
          .filter(({ value }) => Number.isFinite(value))
          .map(({ labels, value }) => ({ startTime, endTime, attributes: textsOf(labels), value }));
        if (kind === 'counter') return [{ ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }];
        return kind === 'gauge' ? [{ ...common, dataPointType: DataPointType.GAUGE, dataPoints }] : [];
      });
      return {
        resourceMetrics: { resource: resourceFromAttributes({}), scopeMetrics: [{ scope: { name: 'waymark' }, metrics }] },
        errors: [],
      };
    },
  };
}

interface Value {
  labels: Record<string, string | number>;
  value: number;
  metricName?: string;
}

const textsOf = (labels: Value['labels']) => Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));

/** Prometheus counts each bucket with all below it; here each stands alone. */
function histogramsOf(values: readonly Value[], startTime: HrTime, endTime: HrTime) {
  const byLabels = new Map<
    string,
    { attributes: Record<string, string>; below: [limit: number, count: number][]; sum: number; count: number }
  >();
  for (const {
    labels: { le, ...labels },
    value,
    metricName = '',
  } of values) {
    const key = JSON.stringify(labels);
    const own = byLabels.get(key) ?? { attributes: textsOf(labels), below: [], sum: 0, count: 0 };
    byLabels.set(key, own);
    if (metricName.endsWith('_sum')) own.sum = value;
    else if (metricName.endsWith('_count')) own.count = value;
    else own.below.push([le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le), value]);
  }
  return [...byLabels.values()].map(({ attributes, below, sum, count }) => {
    below.sort(([a], [b]) => a - b);
    const counts = below.map(([, n], i) => n - (below[i - 1]?.[1] ?? 0));
    const boundaries = below.map(([limit]) => limit).filter(Number.isFinite);
    return { startTime, endTime, attributes, value: { buckets: { boundaries, counts }, sum, count } };
  });
}
