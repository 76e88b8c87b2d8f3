import { parseArgs } from 'node:util';
import { benchAllocation } from './allocation.ts';
import { benchArrival } from './arrival.ts';
import { benchBulk } from './bulk.ts';
import { benchClearing } from './clearing.ts';
import { benchCluster } from './cluster.ts';
import { benchCorrelation } from './correlation.ts';
import { benchIngest } from './ingest.ts';
import { benchJobs } from './jobs.ts';
import { benchLake } from './lake.ts';
import { benchLinkage } from './linkage.ts';
import { benchLinkageSpeed } from './linkage-speed.ts';
import { benchLive } from './live.ts';
import { benchMap } from './map.ts';
import { benchPages } from './pages.ts';
import { benchPeople } from './people.ts';
import { print, type Report } from './report.ts';
import { benchSeries } from './series.ts';
import { benchStalls } from './stalls.ts';
import { benchTakeover } from './takeover.ts';
import { benchTruth } from './truth.ts';
import { benchVerdicts } from './verdicts.ts';
import { benchZones } from './zones.ts';

/** `npm run bench -- NAME [--json] [--seed N] [--size N] [--data DIR] [--workers N,N] [--fleet N] [--engine DIR]` */
const benches: Record<
  string,
  (options: { seed: number; size?: number; data?: string; workers?: number[]; engine?: string; fleet?: number }) => Promise<Report>
> = {
  verdicts: benchVerdicts,
  truth: benchTruth,
  correlation: benchCorrelation,
  arrival: benchArrival,
  ingest: benchIngest,
  bulk: benchBulk,
  clearing: benchClearing,
  cluster: benchCluster,
  lake: benchLake,
  linkage: benchLinkage,
  'linkage-speed': benchLinkageSpeed,
  zones: benchZones,
  live: benchLive,
  jobs: benchJobs,
  map: benchMap,
  people: benchPeople,
  pages: benchPages,
  series: benchSeries,
  stalls: benchStalls,
  takeover: benchTakeover,
  allocation: benchAllocation,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    seed: { type: 'string', default: '11' },
    size: { type: 'string' },
    data: { type: 'string' },
    workers: { type: 'string' },
    fleet: { type: 'string' },
    engine: { type: 'string' },
  },
});
const bench = benches[positionals[0] ?? ''];
if (!bench) {
  console.error(
    `Choose a benchmark: ${Object.keys(benches).join(', ')}. Options: --json, --seed N, --size N, --data DIR, --workers N,N and --fleet N (correlation), --engine DIR (truth).`,
  );
  process.exit(2);
}
const seed = Number(values.seed);
const report = await bench({
  seed,
  size: values.size ? Number(values.size) : undefined,
  data: values.data,
  engine: values.engine,
  workers: values.workers?.split(',').map(Number),
  fleet: values.fleet ? Number(values.fleet) : undefined,
});
process.exit(print(report, values.json, seed));
