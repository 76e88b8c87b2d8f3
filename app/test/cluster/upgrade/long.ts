import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { verifyAudit } from '../../../src/platform/audit.ts';
import { compareReceipts, type prepareTags } from '../../kill/kill-test.ts';
import { countUp, mended, type Running, recorded, settlesWithinMs, startCluster, until } from '../cluster.ts';

/**
 * `npm run test:upgrade OTHER [seconds]`: three servers of another checkout under load, which are replaced by those of this one, one after
 * the other; for most of the time both versions run side by side.
 */
const [other, seconds = '300'] = process.argv.slice(2);
if (!other) {
  console.error('Name the folder of another checkout, with its packages installed: npm run test:upgrade -- ../waymark-of-before [seconds]');
  process.exit(2);
}
const of = (file: string) => join(resolve(other), file);
const { prepareTags: prepare } = (await import(of('app/test/kill/kill-test.ts'))) as { prepareTags: typeof prepareTags };
const say = (text: string) => console.error(text);
const cluster = await startCluster({ seed: 1, say, prepare, cli: of('app/src/cli.ts') });
if (!cluster) {
  console.error('PostgreSQL or nats-server is not installed here; nothing was tried.');
  process.exit(2);
}
const { running, acknowledged } = cluster;
let wrong = 1;
try {
  const load = cluster.putLoadOn();
  await sleep(5000);
  say(`${acknowledged.size.toLocaleString('en-GB')} acknowledged by servers of before alone`);
  const sideMs = (Number(seconds) * 1000) / (running.length - 1);
  for (let i = 0; i < running.length; i++) {
    const before = running[i] as Running;
    before.isUp = false;
    const gone = new Promise((done) => before.child.once('exit', done));
    before.child.kill('SIGTERM');
    await gone;
    running[i] = await cluster.start(i);
    if (i < running.length - 1) await sleep(sideMs);
    say(`server ${i} is of this checkout; ${acknowledged.size.toLocaleString('en-GB')} acknowledged`);
  }
  await sleep(3000);
  await load.stop();
  const reader = await cluster.openReader();
  await mended(reader, running);
  const found = await countUp(reader, acknowledged);
  await until(async () => (await recorded(reader)) === reader.fixes.lastReceipt, settlesWithinMs).catch(() => undefined);
  const receipts = await compareReceipts(reader);
  const { problems } = await verifyAudit(reader.database.db);
  console.log(
    `Two versions side by side for ${seconds} s: ${acknowledged.size.toLocaleString('en-GB')} fixes acknowledged, ${found.missing} missing, ${found.doubled} doubled; ${found.alerts.toLocaleString('en-GB')} alerts, ${found.alertsLost} lost, ${found.alertsDoubled} doubled; audit: ${problems.length} problems, ${receipts.unrecorded} receipts not on record, ${receipts.recordedTwice} twice`,
  );
  wrong =
    found.missing + found.doubled + found.alertsLost + found.alertsDoubled + problems.length + receipts.unrecorded + receipts.recordedTwice;
} finally {
  await cluster.close();
}
process.exit(wrong === 0 ? 0 : 1);
