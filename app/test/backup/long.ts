import { backUpUnderLoad } from './backup-test.ts';

/** `npm run test:backup`: the long form, all forms of the stores. */
let wrong = 0;
for (const form of ['embedded', 'PostgreSQL', 'several servers'] as const) {
  const result = await backUpUnderLoad(form, { backups: 5, loadMs: 5000, say: (text) => console.error(text) });
  if (result === null) {
    console.log(`${form}: PostgreSQL${form === 'PostgreSQL' ? '' : ' or NATS'} is not installed here, so it was not tried.`);
    continue;
  }
  console.log(
    `${form}: ${result.acknowledged.toLocaleString('en-GB')} fixes acknowledged, slowest acknowledgement without a backup ${Math.round(result.slowestWithoutMs)} ms`,
  );
  console.table(
    result.backups.map(({ acknowledgedBefore, found, check, slowestMs, tookMs, stillMs, bytes, newBytes }) => ({
      'acknowledged before': acknowledgedBefore,
      missing: found.missing,
      doubled: found.doubled,
      'audit problems': found.auditProblems,
      'alerts lost or doubled': found.alertsLost + found.alertsDoubled,
      'faults told by --check': check.faults.length,
      'took ms': tookMs,
      'stood still ms': stillMs,
      'slowest acknowledgement ms': Math.round(slowestMs),
      MB: (bytes / 1e6).toFixed(1),
      'new MB': (newBytes / 1e6).toFixed(1),
    })),
  );
  if (result.halves > 0) console.log(`${result.halves} halves of a backup look like whole ones.`);
  wrong += result.halves;
  for (const { found, check } of result.backups)
    wrong += found.missing + found.doubled + found.auditProblems + found.alertsLost + found.alertsDoubled + check.faults.length;
}
process.exit(wrong === 0 ? 0 : 1);
