import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, describe, expect, it } from 'vitest';
import { LogKeys } from '../../src/platform/servers/log-keys.ts';
import { readBatch } from '../../src/platform/servers/read-batch.ts';
import { SharedLog } from '../../src/platform/servers/shared-log.ts';
import { type LogServers, startLogServers } from '../log-servers.ts';
import { temporaryFolder } from '../serve-for-test.ts';
import { layCable } from './cable.ts';

const servers = await startLogServers(1);
if (!servers) console.info('Skipped: nats-server is not installed here.');

describe.skipIf(!servers)('reading the log', () => {
  const nats = servers as LogServers;
  const folder = temporaryFolder();
  const open = (url: string) => SharedLog.open({ url, replicas: 1, megabytes: 64, keys: new LogKeys(`${folder.path}/keys`) });
  const sent = 200;
  afterAll(async () => {
    await nats.stop();
    folder.remove();
  });

  it('goes on where an answer broke off in its middle', async () => {
    const writer = await open(nats.url);
    for (let i = 0; i < sent; i++) await writer.publish(new Uint8Array(10_000).fill(i));
    const cable = await layCable(nats.url);
    const reader = await open(cable.url);
    const seen: number[] = [];
    const told: unknown[] = [];
    const ended = new AbortController();
    cable.cutAfter(1_000_000);
    const reading = reader.read(
      0,
      async (messages) => void seen.push(...messages.map(({ seq, data }) => (data[0] === (seq - 1) % 256 ? seq : -1))),
      (error) => error && told.push(error),
      ended.signal,
    );
    await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(sent);
    expect(seen).toEqual(Array.from({ length: sent }, (_, i) => i + 1));
    ended.abort();
    await reading;
    await reader.close();
    await writer.close();
    cable.close();
  }, 30_000);

  it('keeps what has come of an answer that broke off, and does not wait for the rest', async () => {
    const cable = await layCable(nats.url);
    const connection = await connect({ servers: new URL(cable.url).host });
    const manager = await jetstreamManager(connection, { checkAPI: false });
    cable.cutAfter(1_000_000);
    const since = performance.now();
    const numbers = (await readBatch(manager, 'waymark-fixes', 0)).map(({ seq }) => seq);
    expect(performance.now() - since).toBeLessThan(4000);
    expect(numbers.length).toBeGreaterThan(50);
    expect(numbers.length).toBeLessThan(sent);
    expect(numbers).toEqual(numbers.map((_, i) => i + 1));
    await connection.close();
    cable.close();
  });

  it('leaves nothing behind, however often it asks', async () => {
    const connection = await connect({ servers: new URL(nats.url).host });
    const manager = await jetstreamManager(connection, { checkAPI: false });
    const subscriptions = () =>
      (connection as NatsConnection & { protocol: { subscriptions: { size(): number } } }).protocol.subscriptions.size();
    const before = subscriptions();
    for (let i = 0; i < 30; i++) {
      expect((await readBatch(manager, 'waymark-fixes', sent)).length).toBe(0);
      expect((await readBatch(manager, 'waymark-fixes', sent - 2)).map(({ seq }) => seq)).toEqual([sent - 1, sent]);
    }
    expect(subscriptions()).toBe(before);
    await connection.close();
  });
});
