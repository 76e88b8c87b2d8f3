import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Encoder } from 'cbor-x';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FixBatch } from '../../src/platform/fixes/fix.ts';
import { fixColumns } from '../../src/platform/fixes/fix-columns.ts';
import { FixStore } from '../../src/platform/fixes/fix-store.ts';
import { encodeLogged } from '../../src/platform/fixes/log-message.ts';
import { LogKeys } from '../../src/platform/servers/log-keys.ts';
import { SharedLog } from '../../src/platform/servers/shared-log.ts';
import { type LogServers, startLogServers } from '../log-servers.ts';
import { temporaryFolder } from '../serve-for-test.ts';

const servers = await startLogServers(3);
if (!servers) console.info('Skipped: nats-server is not installed here.');

function batchOf(source: string, rows: { tag: number; at: number; lon?: number; events?: string }[]): FixBatch {
  const columns = fixColumns(rows.length);
  rows.forEach(({ tag, at, lon = -1.5, events }, i) => {
    columns.tag[i] = tag;
    columns.wearing[i] = tag;
    columns.at[i] = at;
    columns.receivedAt[i] = 5;
    columns.lon[i] = lon;
    columns.lat[i] = 53;
    columns.accuracyM[i] = 5;
    columns.events[i] = events ?? null;
  });
  return { source, receivedAt: 5, count: rows.length, columns, quarantined: [] };
}

describe.skipIf(!servers)('from one server to several', () => {
  it('what the first has is in the copy from which the others begin; who comes with a file of their own is refused', async () => {
    const single = await startLogServers(1);
    const folder = temporaryFolder();
    const shared = `${folder.path}/shared`;
    const alone = await FixStore.open(`${folder.path}/alone.duckdb`, 256);
    const other = await FixStore.open(`${folder.path}/other.duckdb`, 256);
    const many = Array.from({ length: 5000 }, (_, i) => ({ tag: 1 + (i % 10), at: 1000 * i }));
    await alone.append(batchOf('gateway g', many));
    await other.append(batchOf('gateway g', many));
    await alone.setInstallation('2b3e6f52-0d6a-4c3c-9a53-0a3a5f1c4a11');
    await alone.close();
    await other.close();
    const open = async (name: string) => {
      const log = await SharedLog.open({ url: single?.url ?? '', replicas: 1, megabytes: 64, keys: new LogKeys(`${shared}/log-keys`) });
      try {
        return { log, store: await FixStore.open(`${folder.path}/${name}.duckdb`, 256, { log, folder: shared }) };
      } catch (error) {
        await log.close();
        throw error;
      }
    };
    const first = await open('alone');
    expect(first.store.installation).toBe('2b3e6f52-0d6a-4c3c-9a53-0a3a5f1c4a11');
    await expect(open('other')).rejects.toThrow(/has fixes from when this server was alone/);
    const kept = await FixStore.open(`${folder.path}/other.duckdb`, 256);
    expect(await kept.count()).toBe(5000);
    await kept.close();
    const second = await open('new');
    const rows = (store: FixStore) =>
      store.query('SELECT count(*)::DOUBLE AS n, bit_xor(hash(f)) % 1000000007 AS print FROM fixes f', { n: 'f64', print: 'time' });
    expect((await rows(second.store)).columns).toEqual((await rows(first.store)).columns);
    const again = await second.store.append(batchOf('gateway g', many.slice(0, 10)));
    expect([again.accepted, again.duplicates, again.receipt]).toEqual([0, 10, 2]);
    for (const { store, log } of [first, second]) {
      await store.close();
      await log.close();
    }
    await single?.stop();
    folder.remove();
  });
});

describe.skipIf(!servers)('a message of a later version', () => {
  it('is not passed over: what comes before it is stored once, and nothing after it', async () => {
    const single = await startLogServers(1);
    const folder = temporaryFolder();
    const keys = new LogKeys(`${folder.path}/log-keys`);
    const log = await SharedLog.open({ url: single?.url ?? '', replicas: 1, megabytes: 64, keys });
    const store = await FixStore.open(`${folder.path}/a.duckdb`, 256, { log, folder: folder.path });
    await log.publish(encodeLogged({ id: 'now', batches: [batchOf('tag 1', [{ tag: 1, at: 1 }])], order: null }));
    await log.publish(new Encoder().encode({ v: 2, id: 'later', batches: [], columns: {}, order: null }));
    await expect.poll(() => store.lastFailure?.message ?? '', { timeout: 10_000 }).toMatch(/has form 2, and this version reads 1/);
    const after = store.append(batchOf('tag 1', [{ tag: 1, at: 2 }])).catch((error: Error) => error);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect([store.lastReceipt, await store.count(), store.unreadMs > 1000]).toEqual([1, 1, true]);
    await single?.stop();
    expect(await after).toBeInstanceOf(Error);
    await store.close();
    await log.close();
    folder.remove();
  });
});

describe.skipIf(!servers)('a log that several servers share', () => {
  const folder = temporaryFolder();
  const stores: FixStore[] = [];
  const logs: SharedLog[] = [];
  const nats = servers as LogServers;

  async function open(name: string, offeredMs = 15_000, keys = `${folder.path}/shared/log-keys`): Promise<FixStore> {
    const log = await SharedLog.open({
      url: nats.url,
      replicas: 3,
      megabytes: 256,
      offeredMs,
      keys: new LogKeys(keys, 1000),
    });
    logs.push(log);
    const store = await FixStore.open(`${folder.path}/${name}.duckdb`, 256, { log, folder: `${folder.path}/shared` });
    stores.push(store);
    return store;
  }
  const rowsOf = async (store: FixStore) =>
    (await store.query('SELECT receipt, tag, at_ms, lon FROM fixes ORDER BY receipt, tag, at_ms, lon', {
      receipt: 'time',
      tag: 'i32',
      at: 'time',
      lon: 'f64',
    })) as { count: number; columns: Record<string, ArrayLike<number>> };
  const asText = ({ count, columns }: Awaited<ReturnType<typeof rowsOf>>) =>
    Array.from({ length: count }, (_, i) => ['receipt', 'tag', 'at', 'lon'].map((name) => columns[name]?.[i]).join(' '));

  beforeAll(async () => {
    await open('a');
    await open('b');
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    for (const log of logs) await log.close();
    await nats.stop();
    folder.remove();
  });

  it('what either takes, both store under the same receipts, and doubles are found whoever had them first', async () => {
    const [a, b] = stores as [FixStore, FixStore];
    const fixes = (tag: number) => Array.from({ length: 50 }, (_, i) => ({ tag, at: 1000 * i }));
    const stored = await Promise.all(
      Array.from({ length: 40 }, (_, i) => (i % 2 ? a : b).append(batchOf(`tag ${i >> 1}`, fixes(1 + (i >> 1))))),
    );
    expect(stored.reduce((sum, own) => sum + own.accepted, 0)).toBe(20 * 50);
    expect(stored.reduce((sum, own) => sum + own.duplicates, 0)).toBe(20 * 50);
    expect(new Set(stored.map(({ receipt }) => receipt)).size).toBe(40);
    await expect.poll(() => Math.min(a.lastReceipt, b.lastReceipt)).toBe(40);
    expect(asText(await rowsOf(a))).toEqual(asText(await rowsOf(b)));
  });

  it('who has caught up has read whatever any of them was acknowledged before', async () => {
    const [a, b] = stores as [FixStore, FixStore];
    for (let i = 0; i < 30; i++) {
      const rows = Array.from({ length: 2000 }, (_, k) => ({ tag: 400 + (k % 20), at: 10_000_000 * i + 1000 * k }));
      const { receipt } = await a.append(batchOf('gateway c', rows));
      await b.caughtUp();
      expect(b.lastReceipt).toBeGreaterThanOrEqual(receipt);
    }
  });

  it('a batch of any size goes in, and a server that comes later has it all', async () => {
    const [a] = stores as [FixStore];
    const many = Array.from({ length: 60_000 }, (_, i) => ({ tag: 500 + (i % 100), at: 1000 * i }));
    const { accepted, news } = await a.append(batchOf('gateway g', many));
    expect([accepted, news.length]).toEqual([60_000, 60_000]);
    const late = await open('late');
    expect(await late.count()).toBe(await a.count());
    expect(asText(await rowsOf(late))).toEqual(asText(await rowsOf(a)));
  });

  it('what is forgotten is forgotten by all, in one order with what comes', async () => {
    const [a, b] = stores as [FixStore, FixStore];
    expect(await a.forgetWearings([1, 2])).toBe(100);
    const again = await a.append(batchOf('tag 0', [{ tag: 1, at: 0 }]));
    expect(again.accepted).toBe(1);
    await expect.poll(() => b.lastReceipt).toBe(a.lastReceipt);
    expect(asText(await rowsOf(a))).toEqual(asText(await rowsOf(b)));
    expect((await b.countByWearing(new Map([[1, 0]]))).get(1)).toBe(1);
  });

  it('the log forgets what is in the copy; who is new, or was away for longer, begins from there and comes to the same', async () => {
    const [a] = stores as [FixStore];
    const away = await open('away');
    await away.close();
    stores.splice(stores.indexOf(away), 1);
    await a.append(batchOf('tag 4', [{ tag: 950, at: 1 }]));
    expect((await a.copyForOthers()).forgotten).toBe(0);
    await a.append(batchOf('tag 4', [{ tag: 950, at: 2, events: 'strap' }]));
    const { copied, forgotten } = await a.copyForOthers();
    expect([forgotten, copied > forgotten]).toEqual([copied - 1, true]);
    await a.append(batchOf('tag 4', [{ tag: 950, at: 3 }]));
    for (const name of ['away', 'new']) {
      const store = await open(name);
      expect(asText(await rowsOf(store))).toEqual(asText(await rowsOf(a)));
      // What it had once is known to it, and numbers go on.
      const again = await store.append(batchOf('tag 4', [{ tag: 950, at: 2, events: 'strap' }]));
      expect([again.accepted, again.duplicates]).toEqual([0, 1]);
      await expect.poll(() => a.lastReceipt).toBe(again.receipt);
    }
  });

  it('what is in quarantine bears the same number everywhere, whatever was removed and whoever was started again', async () => {
    const [a] = stores as [FixStore];
    const lost = (raw: string) => ({
      ...batchOf('tag 6', []),
      quarantined: [{ tag: 'x', at: 1, lon: 1, lat: 1, reason: 'no such tag', raw }],
    });
    await a.append(lost('one'));
    const b = await open('again');
    await a.forgetQuarantine(Date.now());
    await a.append(batchOf('tag 6', []));
    await expect.poll(() => b.lastReceipt).toBe(a.lastReceipt);
    await b.close();
    stores.splice(stores.indexOf(b), 1);
    const again = await open('again');
    await a.append(lost('two'));
    await expect.poll(() => again.lastReceipt).toBe(a.lastReceipt);
    const listed = async (store: FixStore) => (await store.quarantine({ limit: 5, offset: 0 })).rows.map(({ id, raw }) => [id, raw]);
    expect(await listed(again)).toEqual(await listed(a));
    await again.markReleased([(await listed(a))[0]?.[0] as number], a.lastReceipt);
    await expect.poll(() => listed(a)).toEqual([]);
  });

  it('a line of any length that cannot be read goes in, cut where it must be, and says so', async () => {
    const [a] = stores as [FixStore];
    const raw = 'x'.repeat(2_000_000);
    const { quarantined } = await a.append({
      ...batchOf('tag 7', [
        { tag: 970, at: 1, events: 'y'.repeat(300_000) },
        { tag: 970, at: 2, events: 'z'.repeat(300_000) },
      ]),
      quarantined: [{ tag: 'x', at: 1, lon: 1, lat: 1, reason: 'unreadable', raw }],
    });
    expect(quarantined).toBe(1);
    const { rows } = await a.quarantine({ reason: 'unreadable', limit: 1, offset: 0, whole: true });
    expect(rows[0]?.raw).toMatch(/^x+… \(2,000,000 characters in all\)$/);
    expect((await a.countByWearing(new Map([[970, 0]]))).get(970)).toBe(2);
    expect(a.lastFailure).toBeNull();
  });

  it('a message that cannot be opened is waited for and not passed over, and its server says for how long', async () => {
    const [a] = stores as [FixStore];
    const [own, theirs] = [`${folder.path}/shared/log-keys`, `${folder.path}/keys-of-b`];
    // The shared folder is away for it from here on.
    cpSync(own, theirs, { recursive: true });
    const b = await open('without-key', 15_000, theirs);
    const known = readdirSync(own);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await a.append(batchOf('tag 8', [{ tag: 980, at: 1 }]));
    await expect.poll(() => b.unreadMs, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(b.lastFailure?.message).toMatch(/key of message \d+ of the log is gone/);
    expect(b.lastReceipt).toBe(a.lastReceipt - 1);
    for (const key of readdirSync(own)) if (!known.includes(key)) cpSync(join(own, key), join(theirs, key));
    await expect.poll(() => b.lastReceipt, { timeout: 10_000 }).toBe(a.lastReceipt);
    expect(b.unreadMs).toBe(0);
    await b.close();
    stores.splice(stores.indexOf(b), 1);
  });

  it('a server that is behind puts no older copy in the place of what is there', async () => {
    const [a] = stores as [FixStore];
    await a.copyForOthers();
    const place = `${folder.path}/shared/fixes/copy.json`;
    const list = JSON.parse(readFileSync(place, 'utf8')) as { message: number };
    writeFileSync(place, JSON.stringify({ ...list, message: list.message + 1000 }));
    await expect(a.copyForOthers()).rejects.toThrow(/it is left as it is/);
    writeFileSync(place, JSON.stringify(list));
    expect((await a.copyForOthers()).copied).toBeGreaterThanOrEqual(list.message);
    expect(readdirSync(`${folder.path}/shared/fixes`).filter((name) => name.startsWith('new'))).toEqual([]);
  });

  it('what is erased is in no file of the copy, and no file of the log can be read any more, once both have moved on', async () => {
    const [a] = stores as [FixStore];
    const marked = batchOf('tag 5', [{ tag: 960, at: 5, lon: -7.123456789, events: 'unheard-of-event' }]);
    marked.quarantined.push({ tag: 'lost', at: 1, lon: 1, lat: 1, reason: 'no such tag', raw: 'unheard-of-raw-text' });
    await a.append(marked);
    const places = [`${folder.path}/shared`, nats.folder];
    const holds = () => filesHolding(places, ['unheard-of-event', 'unheard-of-raw-text', -7.123456789]);
    // The log is sealed: in the copy alone it can be found.
    await a.copyForOthers();
    expect(holds().length).toBeGreaterThan(1);
    expect(holds().filter((file) => file.startsWith(nats.folder))).toEqual([]);
    const keysThen = readdirSync(`${folder.path}/shared/log-keys`);
    await a.forgetWearings([960]);
    await a.forgetQuarantine(6);
    await a.copyForOthers();
    // The keys of these messages are a second each here.
    await new Promise((resolve) => setTimeout(resolve, 2100));
    await a.append(batchOf('tag 5', [{ tag: 961, at: 5 }]));
    await a.copyForOthers();
    await new Promise((resolve) => setTimeout(resolve, 2100));
    await a.append(batchOf('tag 5', [{ tag: 961, at: 6 }]));
    await a.copyForOthers();
    expect(holds()).toEqual([]);
    const keysNow = readdirSync(`${folder.path}/shared/log-keys`);
    expect(keysThen.filter((key) => keysNow.includes(key))).toEqual([]);
  });

  it('goes on while one of three log servers is dead, and is refused in words while two are', async () => {
    const [a, b] = stores as [FixStore, FixStore];
    const impatient = await open('impatient', 1500);
    await nats.kill(0);
    const { accepted } = await a.append(batchOf('tag 3', [{ tag: 900, at: 1 }]));
    expect(accepted).toBe(1);
    await nats.kill(1);
    await expect(impatient.append(batchOf('tag 3', [{ tag: 900, at: 2 }]))).rejects.toThrow(/majority of its servers cannot be reached/);
    expect(impatient.lastFailure?.message).toMatch(/log/);
    await nats.start(0);
    await nats.start(1);
    // Nobody sends anything: that the log takes something again is found all the same.
    await expect.poll(() => impatient.lastFailure, { timeout: 30_000 }).toBeNull();
    await a.append(batchOf('tag 3', [{ tag: 900, at: 3 }]));
    await expect.poll(() => b.lastReceipt, { timeout: 10_000 }).toBe(a.lastReceipt);
    expect(asText(await rowsOf(a))).toEqual(asText(await rowsOf(b)));
  });
});

/** Files below some folders that hold one of some texts, or numbers in eight bytes. */
function filesHolding(folders: readonly string[], marks: readonly (string | number)[]): string[] {
  const bytes = marks.map((mark) => {
    if (typeof mark === 'string') return Buffer.from(mark);
    const buffer = Buffer.alloc(8);
    buffer.writeDoubleLE(mark);
    return buffer;
  });
  return folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => {
        const text = readFileSync(file);
        return bytes.some((mark) => text.includes(mark));
      }),
  );
}
