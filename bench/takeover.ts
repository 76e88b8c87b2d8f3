import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../app/src/config.ts';
import { rawFix } from '../app/src/supervision/fixes/decode/raw-fix.ts';
import { openWaymark } from '../app/src/waymark.ts';
import { fill, minutesADay, wearers } from './country.ts';
import { type Report, say } from './report.ts';

const together = 500;

/**
 * The first minute of a server that starts, or takes over, among a country's fixes: every one of 20,000 wearers sends a fix, and each has to
 * be evaluated by what is stored of it. `--size` is how many fixes there are to be, about; 864 million are 30 days.
 */
export async function benchTakeover(options: { seed: number; size?: number }): Promise<Report> {
  const days = Math.max(1, Math.round((options.size ?? 864_000_000) / (wearers * minutesADay)));
  const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-'));
  try {
    const config = readConfig({ NODE_ENV: 'test', WAYMARK_DATA: folder, WAYMARK_DEMO: 'no', WAYMARK_ENGINE_MB: '1536' });
    const startMs = Math.floor(Date.now() / 60_000) * 60_000 - days * minutesADay * 60_000;
    await fill(folder, days, startMs, config);
    say('takeover: opening');
    const opening = performance.now();
    const waymark = await openWaymark(config);
    const openedS = (performance.now() - opening) / 1000;
    const stored = await waymark.fixes.count();
    const began = performance.now();
    const at = startMs + days * minutesADay * 60_000;
    const tookMs: number[] = [];
    for (let first = 0; first < wearers; first += together) {
      const fixes = Array.from({ length: together }, (_, i) => ({ ...rawFix(`A${first + i}`, at, -2, 52), accuracyM: 8 }));
      const sent = performance.now();
      await waymark.intake.accept({ fixes, unreadable: [] }, { kind: 'gateway', name: 'bench' });
      await waymark.live.settled();
      tookMs.push(performance.now() - sent);
      if (first % 2000 === 0) say(`takeover: ${first + together} of ${wearers} wearers`);
    }
    const tookS = (performance.now() - began) / 1000;
    const evaluated = waymark.live.counts.fixes;
    await waymark.close();
    return {
      bench: `takeover (${stored.toLocaleString('en-GB')} fixes of ${wearers.toLocaleString('en-GB')} wearers over ${days} days)`,
      table: [
        {
          what: 'the first fix of everybody after a start, evaluated',
          'opening s': openedS.toFixed(1),
          'all s': tookS.toFixed(1),
          'ms each': ((1000 * tookS) / wearers).toFixed(2),
          [`most for ${together} together, s`]: (Math.max(...tookMs) / 1000).toFixed(2),
          'peak MB': Math.round(process.resourceUsage().maxRSS / 1024),
        },
      ],
      notes: [`${together} wearers' fixes in each message, one message after the other.`],
      bars: [
        { name: 'the first minute of all, evaluated', figure: tookS, limit: 60, sense: 'most', unit: 's' },
        { name: 'fixes not evaluated', figure: wearers - evaluated, limit: 0, sense: 'most', unit: 'fixes' },
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
