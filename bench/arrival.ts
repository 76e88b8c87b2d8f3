import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../app/src/config.ts';
import type { FixStore } from '../app/src/platform/fixes/fix-store.ts';
import { openWaymark } from '../app/src/waymark.ts';
import { fill, minutesADay, wearers } from './country.ts';
import { type Report, say } from './report.ts';

const crimesAsked = 40;
const operator = { id: 'bench', name: 'bench', role: 'operator' as const };

/**
 * From a crime that comes in to its verdicts on everybody, listed, in a store with a country's fixes: 20,000 wearers, one fix a minute.
 * `--size` is how many fixes there are to be, about; 864 million are 30 days. `--data` names a folder that keeps them for the next time.
 */
export async function benchArrival(options: { seed: number; size?: number; data?: string }): Promise<Report> {
  const days = Math.max(1, Math.round((options.size ?? 864_000_000) / (wearers * minutesADay)));
  const folder = options.data ?? mkdtempSync(join(tmpdir(), 'waymark-bench-'));
  mkdirSync(folder, { recursive: true });
  try {
    const config = readConfig({ NODE_ENV: 'test', WAYMARK_DATA: folder, WAYMARK_DEMO: 'no', WAYMARK_ENGINE_MB: '1536' });
    const startMs = Date.UTC(2026, 8, 1);
    const endMs = startMs + days * minutesADay * 60_000;
    const filledS = existsSync(join(folder, 'installation.json')) ? null : await fill(folder, days, startMs, config);
    say('arrival: opening');
    const waymark = await openWaymark(config);
    const { fixes, performer, verdicts, timeZone } = waymark;
    const { importCrimes, computeDueVerdicts, selectVerdicts, streamVerdicts } = await import('../app/src/supervision/index.ts');
    const services = { fixes, verdicts, timeZone };
    const actor = { ...operator, purpose: 'crime-matching' as const };
    const stored = await fixes.count();
    const tookMs: number[] = [];
    let listed = 0;
    let present = 0;
    let state = options.seed;
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 4_294_967_296;
    };
    for (let c = 0; c < crimesAsked; c++) {
      // Where somebody was at that time, as crimes by wearers are, and elsewhere in the country.
      const at = startMs + Math.floor(random() * Math.max(1, days * minutesADay - 240)) * 60_000 + 120 * 60_000;
      const [lon, lat] =
        c % 2 === 0 ? await whereOneWas(fixes, 1 + Math.floor(random() * wearers), at) : [-3 + 3 * random(), 51.5 + 3 * random()];
      // New in a store that was kept from the last time too.
      const reference = `${Date.now().toString(36)}-${c}`;
      const row = `reference,type,from,to,latitude,longitude,uncertainty_m\n${reference},BIAD,${new Date(at).toISOString()},${new Date(at + 30 * 60_000).toISOString()},${lat.toFixed(6)},${lon.toFixed(6)},20\n`;
      const began = performance.now();
      const read = await importCrimes(performer, actor, waymark, { fileName: 'crime.csv', bytes: Buffer.from(row) });
      if (read.counts.new !== 1) throw new Error(`The crime was not taken: ${JSON.stringify(read.problems)}`);
      const run = await computeDueVerdicts(performer, services, actor);
      if (run?.crimes !== 1) throw new Error('The crime was not worked out.');
      const selection = await performer.perform(actor, selectVerdicts, services, { reference });
      for await (const batch of streamVerdicts(services, selection, 100)) {
        listed += batch.length;
        present += batch.filter(({ verdict }) => verdict === 'present').length;
      }
      const took = performance.now() - began;
      tookMs.push(took);
      say(`arrival: crime ${c + 1} of ${crimesAsked}, ${(took / 1000).toFixed(2)} s`);
    }
    await waymark.close();
    const sorted = tookMs.slice(1).sort((a, b) => a - b);
    const p = (share: number) => (sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] as number) / 1000;
    const memory = process.resourceUsage().maxRSS / 1024;
    return {
      bench: `arrival (${stored.toLocaleString('en-GB')} fixes of ${wearers.toLocaleString('en-GB')} wearers over ${days} days up to ${new Date(endMs).toISOString().slice(0, 10)})`,
      table: [
        {
          what: 'from a crime to its verdicts listed',
          'p50 s': p(0.5).toFixed(2),
          'p95 s': p(0.95).toFixed(2),
          'most s': p(1).toFixed(2),
          'the first, s': ((tookMs[0] as number) / 1000).toFixed(2),
        },
      ],
      notes: [
        `${crimesAsked} crimes of half an hour, half of them where some wearer was: ${listed.toLocaleString('en-GB')} verdicts listed, ${present} of them present. ${filledS === null ? 'The store was there already.' : `The store was filled in ${filledS.toFixed(0)} s.`} The first crime after a start is not among the figures; it reads once where fixes are.`,
      ],
      bars: [
        { name: 'from a crime to its verdicts listed, p95', figure: p(0.95), limit: 2, sense: 'most', unit: 's' },
        { name: 'peak memory', figure: memory, limit: 4096, sense: 'most', unit: 'MB' },
        { name: 'verdicts missing', figure: crimesAsked * wearers - listed, limit: 0, sense: 'most', unit: 'verdicts' },
      ],
    };
  } finally {
    if (!options.data) rmSync(folder, { recursive: true, force: true });
  }
}

async function whereOneWas(fixes: FixStore, wearing: number, at: number): Promise<[number, number]> {
  const { columns } = await fixes.query(
    'SELECT lon, lat FROM fixes WHERE at_ms = ? AND wearing = ?',
    { lon: 'f64', lat: 'f64' },
    { values: [at, wearing] },
  );
  return [columns.lon[0] as number, columns.lat[0] as number];
}
