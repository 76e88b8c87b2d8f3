import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build, type Histogram } from 'hdr-histogram-js';
import { serveForTest } from '../app/test/serve-for-test.ts';
import { type Report, say } from './report.ts';

interface Load {
  name: string;
  batch: number;
  clients: number;
  seconds: number;
  /** Fixes per second to hold; as fast as it goes when missing. */
  rate?: number;
}

interface ClientResult {
  fixes: number;
  errors: number;
  latencies: number[];
  seconds: number;
}

const wearers = 1000;

/** Durable fixes per second over HTTP, with clients in a process of their own. */
export async function benchIngest(options: { seed: number; size?: number }): Promise<Report> {
  const seconds = options.size ?? 8;
  const serving = await serveForTest();
  try {
    // As a fleet sends: what comes is of the last hour. Older fixes would be those of tags that have long been silent, each an alert.
    const at = Date.now() - 55 * 60_000;
    const actor = { id: 'bench', name: 'bench', role: 'operator' as const, purpose: 'administration' as const };
    const { declareGateway, registerWearers } = await import('../app/src/supervision/index.ts');
    await serving.waymark.performer.perform(
      actor,
      registerWearers,
      null,
      Array.from({ length: wearers }, (_, i) => ({ tag: `B${i}`, name: 'Bench Wearer', firstAt: at })),
    );
    const { secret } = await serving.waymark.performer.perform(actor, declareGateway, null, { name: 'bench' });
    const loads: Load[] = [
      { name: 'batches of 1', batch: 1, clients: 64, seconds },
      { name: 'batches of 1 over many connections', batch: 1, clients: 512, seconds },
      { name: 'batches of 100', batch: 100, clients: 16, seconds },
      { name: 'batches of 1,000', batch: 1000, clients: 8, seconds },
      { name: 'batches of 100 at 20,000 fixes/s', batch: 100, clients: 32, seconds, rate: 20_000 },
      { name: 'batches of 1,000 at 20,000 fixes/s', batch: 1000, clients: 8, seconds, rate: 20_000 },
    ];
    const table: Report['table'] = [];
    const figures = new Map<string, { perSecond: number; p99: number; errors: number }>();
    let offset = 0;
    for (const load of loads) {
      say(`ingest: ${load.name}`);
      const result = await runClients(serving.url, secret, load, at + offset);
      // The next load goes on where this one ended: a gap would be a silence of all tags at once, and raise an alert for each.
      offset += (Math.ceil(result.fixes / wearers) + 60) * 1000;
      const histogram: Histogram = build();
      for (const ms of result.latencies) histogram.recordValue(Math.max(1, Math.round(ms * 1000)));
      const p = (share: number) => Number((histogram.getValueAtPercentile(share) / 1000).toFixed(1));
      const perSecond = result.fixes / result.seconds;
      figures.set(load.name, { perSecond, p99: p(99), errors: result.errors });
      table.push({
        load: load.name,
        clients: load.clients,
        'fixes/s': Math.round(perSecond),
        'p50 ms': p(50),
        'p99 ms': p(99),
        errors: result.errors,
        'server MB': Math.round(process.memoryUsage().rss / 2 ** 20),
      });
    }
    const acknowledgedAt = performance.now();
    await serving.waymark.live.settled();
    const settledS = (performance.now() - acknowledgedAt) / 1000;
    const stored = (await serving.waymark.fixes.summary()).fixes;
    const sent = serving.waymark.intake.counts.accepted;
    return {
      bench: `ingest (${wearers} tags, NDJSON over HTTP, server and clients on the same machine)`,
      table,
      notes: [
        `Accepted ${sent.toLocaleString('en-GB')}, stored ${stored.toLocaleString('en-GB')}; all was evaluated ${(settledS * 1000).toFixed(0)} ms after the last acknowledgement.`,
      ],
      bars: [
        {
          name: 'fixes per second one by one, over many connections',
          figure: figures.get('batches of 1 over many connections')?.perSecond ?? Number.NaN,
          limit: 10_000,
          sense: 'least',
          unit: 'fixes/s',
        },
        {
          name: 'fixes per second in batches of 1,000',
          figure: figures.get('batches of 1,000')?.perSecond ?? Number.NaN,
          limit: 100_000,
          sense: 'least',
          unit: 'fixes/s',
        },
        {
          name: 'acknowledgement p99 at 20,000 fixes/s, batches of 100',
          figure: figures.get('batches of 100 at 20,000 fixes/s')?.p99 ?? Number.NaN,
          limit: 250,
          sense: 'most',
          unit: 'ms',
        },
        {
          name: 'acknowledgement p99 at 20,000 fixes/s, batches of 1,000',
          figure: figures.get('batches of 1,000 at 20,000 fixes/s')?.p99 ?? Number.NaN,
          limit: 250,
          sense: 'most',
          unit: 'ms',
        },
        { name: 'acknowledged and not stored', figure: sent - stored, limit: 0, sense: 'most', unit: 'fixes' },
      ],
    };
  } finally {
    await serving.end();
  }
}

function runClients(url: string, secret: string, load: Load, at: number): Promise<ClientResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'ingest-clients.ts'), JSON.stringify({ url, secret, ...load, at, wearers })],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.once('exit', (code) => (code === 0 ? resolve(JSON.parse(out) as ClientResult) : reject(new Error(`clients ended with ${code}`))));
  });
}
