import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '@waymark/engine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fillFromTemplate, temporaryFolder } from '../../test/serve-for-test.ts';
import { fillWithSmallTown } from '../../test/small-town.ts';
import { type Config, readConfig } from '../config.ts';
import { verifyAudit } from '../platform/audit.ts';
import { keepHead, keptHeads } from '../platform/audit-head.ts';
import { openWaymark, type Waymark } from '../waymark.ts';
import { checkBackup, chosenBackup, restoreBackup, takeBackup } from './index.ts';
import { backupsIn } from './manifest.ts';

const folder = temporaryFolder();
const data = join(folder.path, 'data');
const place = (name: string) => join(folder.path, name);
const analyst = { id: 'test', name: 'Test', role: 'operator' as const, purpose: 'crime-matching' as const };
let config: Config;
let waymark: Waymark;

beforeAll(async () => {
  mkdirSync(data);
  fillFromTemplate(data);
  config = readConfig({ NODE_ENV: 'test', WAYMARK_DATA: data, WAYMARK_DEMO: 'no', WAYMARK_ENGINE_MB: '256' });
  waymark = await openWaymark(config);
  await fillWithSmallTown(waymark, place('town'));
  await keepHead(waymark.database.db, waymark.folder);
});
afterAll(async () => {
  await waymark.close();
  folder.remove();
});

const engineMb = 256;

test('a backup is proved by what it holds: fixes, audit with its signed ends, and a run worked out again', async () => {
  const taken = await takeBackup(waymark, place('one'));
  // What was signed later is of a future that this backup does not hold.
  await keepHead(waymark.database.db, waymark.folder);
  const summary = await waymark.fixes.summary();
  expect(taken).toMatchObject({ fixes: summary.fixes, removed: [] });
  expect(taken.newBytes).toBe(taken.bytes);
  const check = await checkBackup(chosenBackup(place('one')), config, analyst, { beside: folder.path });
  expect(check).toMatchObject({ path: taken.path, faults: [], fixes: summary.fixes, run: { verdicts: 96 } });
  expect(readdirSync(folder.path).filter((name) => name.startsWith('waymark-check-'))).toEqual([]);
});

test('what is as it was stands on the disk once; an erased fix is in no later backup', async () => {
  const first = await takeBackup(waymark, place('two'));
  const second = await takeBackup(waymark, place('two'));
  expect(second.newBytes).toBeLessThan(first.bytes / 2);
  const [wearing] = (await waymark.fixes.query('SELECT min(wearing) AS wearing FROM fixes', { wearing: 'i32' })).columns.wearing;
  const gone = await waymark.fixes.forgetWearings([wearing as number]);
  expect(gone).toBeGreaterThan(100);
  const third = await takeBackup(waymark, place('two'));
  expect(third.fixes).toBe(second.fixes - gone);
  const engine = await Engine.open(':memory:');
  const connection = await engine.connect();
  const held = async (backup: string) =>
    (
      await connection.rows<{ n: number }>(
        `SELECT count(*)::INTEGER AS n FROM read_parquet('${backup}/fixes/fixes-*.parquet') WHERE wearing = ${wearing}`,
      )
    )[0]?.n;
  expect([await held(second.path), await held(third.path)]).toEqual([gone, 0]);
  connection.close();
  engine.close();
});

test('restored it is the whole installation, and goes on', async () => {
  const taken = await takeBackup(waymark, place('three'));
  const copy = place('copy');
  await restoreBackup(chosenBackup(taken.path), copy, { engineMb });
  const again = await openWaymark({ ...config, WAYMARK_DATA: copy });
  try {
    expect(await again.fixes.summary()).toEqual(await waymark.fixes.summary());
    expect(again.fixes.lastReceipt).toBe(waymark.fixes.lastReceipt);
    expect((await verifyAudit(again.database.db, keptHeads(again.folder))).problems).toEqual([]);
    expect(readFileSync(join(copy, 'audit-key.pem'))).toEqual(readFileSync(join(data, 'audit-key.pem')));
    const batch = { fixes: [], unreadable: [{ line: 1, field: '', message: 'It is none.', value: 'x' }] };
    const receipt = await again.intake.accept(batch, { kind: 'gateway', name: 'after the restore' });
    expect(receipt.receipt).toBe(waymark.fixes.lastReceipt + 1);
  } finally {
    await again.close();
  }
});

test('a backup that is damaged, or in the way of something, is refused, and says why', async () => {
  const taken = await takeBackup(waymark, place('four'));
  const backup = chosenBackup(taken.path);
  const part = join(taken.path, 'fixes', backup.manifest.fixes.parts[0]?.file ?? '');
  const bytes = readFileSync(part);
  const restore = () => restoreBackup(backup, place('never'), { engineMb });
  appendFileSync(part, 'x');
  await expect(restore()).rejects.toThrow(/not whole: fixes\/fixes-.* bytes in place of/);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
  writeFileSync(part, bytes);
  await expect(restore()).rejects.toThrow(/not whole: fixes\/fixes-.* was changed/);
  rmSync(part);
  await expect(restore()).rejects.toThrow(/not whole: fixes\/fixes-.* is missing/);
  expect(existsSync(place('never'))).toBe(false);
  await expect(restoreBackup(chosenBackup(place('three')), data, { engineMb })).rejects.toThrow(/there already, and not empty/);
  await expect(
    restoreBackup(chosenBackup(place('three')), place('never'), { engineMb, databaseUrl: 'postgres://nobody@localhost/x' }),
  ).rejects.toThrow(/were embedded, and DATABASE_URL is set/);
  expect(() => chosenBackup(place('town'))).toThrow(/There is no backup in/);
  await expect(takeBackup(waymark, join(data, 'backups'))).rejects.toThrow(/inside the data folder/);
  await expect(Promise.all([takeBackup(waymark, place('five')), takeBackup(waymark, place('five'))])).rejects.toThrow(/already/);
});

test('a folder of backups is of one installation; what is past its date goes, and never the newest', async () => {
  const [first] = backupsIn(place('three'));
  const manifest = join(first?.path ?? '', 'manifest.json');
  const text = readFileSync(manifest, 'utf8');
  writeFileSync(manifest, text.replace(first?.manifest.installation ?? '', '00000000-0000-0000-0000-000000000000'));
  await expect(takeBackup(waymark, place('three'))).rejects.toThrow(/backups of another installation/);
  writeFileSync(manifest, text.replace(first?.manifest.moment ?? '', '2020-01-01T00:00:00.000Z'));
  const next = await takeBackup(waymark, place('three'), { keepDays: 30 });
  expect(next.removed).toEqual([first?.path]);
  expect(backupsIn(place('three')).map(({ path }) => path)).toEqual([next.path]);
});
