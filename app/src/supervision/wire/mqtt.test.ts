import { execFile } from 'node:child_process';
import { connect as connectSocket, type Socket } from 'node:net';
import { promisify } from 'node:util';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveForTest } from '../../../test/serve-for-test.ts';
import { issueTagCredential, registerWearers, type TagBroker } from '../index.ts';
import { PacketSizes } from './packet-sizes.ts';

/** Tags on the wire, with real clients: MQTT.js, and mosquitto_pub where it is installed. */
let serving: Awaited<ReturnType<typeof serveForTest>>;
const secrets = new Map<string, string>();
const began = Date.now() - 3_600_000;

beforeAll(async () => {
  serving = await serveForTest();
  const { performer } = serving.waymark;
  const system = { id: 'system', name: 'Test', role: 'system' as const, purpose: 'administration' as const };
  const administrator = { ...system, role: 'administrator' as const };
  for (const serial of ['M-1', 'M-2']) {
    await performer.perform(system, registerWearers, null, [{ tag: serial, name: `Nobody ${serial}`, firstAt: began }]);
    secrets.set(serial, (await performer.perform(administrator, issueTagCredential, null, { serial })).secret);
  }
});
afterAll(() => serving?.end());

const port = () => (serving.broker as TagBroker).port;

async function connect(username: string, password: string | undefined, clientId?: string): Promise<MqttClient> {
  return mqtt.connectAsync({
    ...(clientId ? { clientId } : {}),
    host: '127.0.0.1',
    port: port(),
    protocol: 'mqtt',
    username,
    password,
    reconnectPeriod: 0,
    connectTimeout: 5000,
  });
}

const line = (minute: number, more = {}) =>
  JSON.stringify({ at: new Date(began + minute * 60_000).toISOString(), lat: 53.09, lon: -1.83, accuracy: 8, ...more });

async function stored(minute: number): Promise<number> {
  const { columns } = await serving.waymark.fixes.query(
    'SELECT count(*)::INTEGER AS n FROM fixes WHERE at_ms = ?',
    { n: 'i32' },
    { values: [began + minute * 60_000] },
  );
  return columns.n[0] as number;
}

/** How a connection that is not wanted ends. */
function closed(client: MqttClient): Promise<void> {
  return new Promise((resolve) => {
    client.on('error', () => undefined);
    client.once('close', () => resolve());
  });
}

describe('tags on MQTT', () => {
  test('a fix is on disk when it is acknowledged; sent again it is one', async () => {
    const client = await connect('M-1', secrets.get('M-1'));
    await client.publishAsync('waymark/tags/M-1/fixes', line(1), { qos: 1 });
    expect(await stored(1)).toBe(1);
    await client.publishAsync('waymark/tags/M-1/fixes', line(1, { tag: 'M-1' }), { qos: 1 });
    await client.publishAsync('waymark/tags/M-1/fixes', `${line(2)}\n${line(3)}\n`, { qos: 2 });
    expect([await stored(1), await stored(2), await stored(3)]).toEqual([1, 1, 1]);
    await client.endAsync();
  });

  test('messages stored together share an audit entry that counts them all and names their receipts', async () => {
    const { accepted } = serving.waymark.intake.counts;
    const { lastReceipt } = serving.waymark.fixes;
    const clients = [await connect('M-1', secrets.get('M-1')), await connect('M-2', secrets.get('M-2'))];
    const each = 20;
    await Promise.all(
      clients.flatMap((client, c) =>
        Array.from({ length: each }, (_, i) => client.publishAsync(`waymark/tags/M-${c + 1}/fixes`, line(4.5 + i / 100), { qos: 1 })),
      ),
    );
    expect(serving.waymark.intake.counts.accepted - accepted).toBe(2 * each);
    const { rows } = await serving.waymark.database.executeSql(
      `SELECT actor, about_kind, about_id, detail FROM oversight.audit_entries WHERE action = 'fixes.send' ORDER BY seq`,
    );
    const named = (rows as { actor: string; about_id: string; detail: { accepted: number } }[]).flatMap(({ about_id, detail, actor }) => {
      const [first, last = first] = about_id.split('-').map(Number) as [number, number?];
      return first > lastReceipt ? [{ first, last, actor, accepted: detail.accepted }] : [];
    });
    expect(named.length).toBeLessThan(2 * each);
    expect(named.reduce((sum, own) => sum + own.accepted, 0)).toBe(2 * each);
    // Every receipt is in exactly one entry.
    const receipts = named.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
    expect(receipts.sort((a, b) => a - b)).toEqual(Array.from({ length: 2 * each }, (_, i) => lastReceipt + 1 + i));
    for (const client of clients) await client.endAsync();
  });

  test('OwnTracks messages, location and others', async () => {
    const client = await connect('M-2', secrets.get('M-2'));
    const location = { _type: 'location', tst: Math.floor(began / 1000) + 240, lat: 53.09, lon: -1.83, acc: 12, batt: 80, vel: 4 };
    await client.publishAsync('owntracks/M-2/phone', JSON.stringify(location), { qos: 1 });
    await client.publishAsync('owntracks/M-2/phone', JSON.stringify({ _type: 'lwt', tst: 1 }), { qos: 1 });
    const { columns } = await serving.waymark.fixes.query(
      'SELECT accuracy_m AS a, battery AS b FROM fixes WHERE at_ms = ?',
      { a: 'f32', b: 'f32' },
      { values: [location.tst * 1000] },
    );
    expect(columns.a[0]).toBe(12);
    expect(columns.b[0]).toBeCloseTo(0.8);
    await client.endAsync();
  });

  test.each([
    ['a wrong secret', 'M-1', 'wrong'],
    ['no secret', 'M-1', undefined],
    ["another tag's secret", 'M-2', 'of M-1'],
    ['a tag nobody knows', 'M-9', 'of M-1'],
  ])('%s is refused', async (_, serial, secret) => {
    await expect(connect(serial, secret === 'of M-1' ? secrets.get('M-1') : secret)).rejects.toThrow(
      /Bad username or password|Not authorized/i,
    );
  });

  test("another tag's topic, or a topic of nobody, ends the connection and stores nothing", async () => {
    for (const topic of ['waymark/tags/M-2/fixes', 'owntracks/M-2/phone', 'waymark/tags/M-1/other', 'anything']) {
      const client = await connect('M-1', secrets.get('M-1'));
      const end = closed(client);
      client.publish(topic, line(10), { qos: 1 });
      await end;
      client.end(true);
    }
    expect(await stored(10)).toBe(0);
  });

  test('a line that says it is of another tag, and broken JSON, are acknowledged and kept in quarantine', async () => {
    const before = (await serving.waymark.fixes.summary()).quarantined;
    const client = await connect('M-1', secrets.get('M-1'));
    await client.publishAsync('waymark/tags/M-1/fixes', line(11, { tag: 'M-2' }), { qos: 1 });
    await client.publishAsync('waymark/tags/M-1/fixes', '{"at":', { qos: 1 });
    await client.publishAsync('owntracks/M-1/phone', 'not json', { qos: 1 });
    expect((await serving.waymark.fixes.summary()).quarantined).toBe(before + 3);
    expect(await stored(11)).toBe(0);
    await client.endAsync();
  });

  test('a tag pushes no other off by taking its name, and a secret that was replaced ends at once', async () => {
    const first = await connect('M-1', secrets.get('M-1'), 'the-same');
    const other = await connect('M-2', secrets.get('M-2'), 'the-same');
    await first.publishAsync('waymark/tags/M-1/fixes', line(20), { qos: 1 });
    expect(await stored(20)).toBe(1);
    await other.endAsync();
    const { performer } = serving.waymark;
    const administrator = { id: 'system', name: 'Test', role: 'administrator' as const, purpose: 'administration' as const };
    secrets.set('M-1', (await performer.perform(administrator, issueTagCredential, null, { serial: 'M-1' })).secret);
    const end = closed(first);
    first.publish('waymark/tags/M-1/fixes', line(21), { qos: 1 });
    await end;
    first.end(true);
    expect(await stored(21)).toBe(0);
  });

  test('a last will is no position', async () => {
    const client = await mqtt.connectAsync({
      host: '127.0.0.1',
      port: port(),
      protocol: 'mqtt',
      username: 'M-2',
      password: secrets.get('M-2'),
      reconnectPeriod: 0,
      will: { topic: 'waymark/tags/M-2/fixes', payload: Buffer.from(line(22)), qos: 1, retain: false },
    });
    const end = closed(client);
    client.stream.destroy();
    await end;
    client.end(true);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await stored(22)).toBe(0);
  });

  test('nobody can listen to what tags send', async () => {
    const client = await connect('M-1', secrets.get('M-1'));
    const granted = await client.subscribeAsync('#', { qos: 1 }).catch(() => [{ qos: 128 }]);
    expect(granted.every(({ qos }) => qos === 128)).toBe(true);
    await client.endAsync();
  });

  test('a message of 10 MB is cut off before it is gathered', async () => {
    const client = await connect('M-1', secrets.get('M-1'));
    const end = closed(client);
    client.publish('waymark/tags/M-1/fixes', Buffer.alloc(10_000_000, 32), { qos: 1 });
    await end;
    client.end(true);
  });

  test('1,000 connections that say nothing keep nobody else out', async () => {
    const silent: Socket[] = Array.from({ length: 1000 }, () => connectSocket(port(), '127.0.0.1').on('error', () => undefined));
    const client = await connect('M-1', secrets.get('M-1'));
    await client.publishAsync('waymark/tags/M-1/fixes', line(12), { qos: 1 });
    expect(await stored(12)).toBe(1);
    await client.endAsync();
    for (const socket of silent) socket.destroy();
  });

  test('a clock that is an hour ahead goes to quarantine, one that is behind is late; neither is lost', async () => {
    const client = await connect('M-2', secrets.get('M-2'));
    const ahead = new Date(Date.now() + 3_600_000).toISOString();
    const behind = new Date(Date.now() - 3_600_000 + 500).toISOString();
    const { quarantined, accepted } = { ...serving.waymark.intake.counts };
    await client.publishAsync('waymark/tags/M-2/fixes', JSON.stringify({ at: ahead, lat: 53.09, lon: -1.83 }), { qos: 1 });
    await client.publishAsync('waymark/tags/M-2/fixes', JSON.stringify({ at: behind, lat: 53.09, lon: -1.83 }), { qos: 1 });
    expect(serving.waymark.intake.counts).toMatchObject({ quarantined: quarantined + 1, accepted: accepted + 1 });
    const { rows } = await serving.waymark.fixes.quarantine({ reason: 'from the future', limit: 5, offset: 0 });
    expect(rows[0]).toMatchObject({ tag: 'M-2', at: Date.parse(ahead) });
    await client.endAsync();
  });

  test('mosquitto_pub sends a fix', async (context) => {
    const args = [
      '-h',
      '127.0.0.1',
      '-p',
      String(port()),
      '-u',
      'M-1',
      '-P',
      secrets.get('M-1') as string,
      '-q',
      '1',
      '-t',
      'waymark/tags/M-1/fixes',
      '-m',
      line(13),
    ];
    try {
      await promisify(execFile)('mosquitto_pub', args);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || process.env.WAYMARK_NEEDS_MOSQUITTO === 'yes') throw error;
      return context.skip('mosquitto_pub is not installed here');
    }
    expect(await stored(13)).toBe(1);
  });
});

describe('sizes of packets', () => {
  test('are followed over any split of the stream', () => {
    const stream = Buffer.concat([Buffer.from([0x30, 3, 1, 2, 3]), Buffer.from([0x30, 0]), Buffer.from([0x30, 200, 1]), Buffer.alloc(200)]);
    for (let size = 1; size <= stream.length; size++) {
      const sizes = new PacketSizes(200);
      for (let i = 0; i < stream.length; i += size) expect(sizes.accepts(stream.subarray(i, i + size))).toBe(true);
    }
    expect(new PacketSizes(199).accepts(stream)).toBe(false);
    expect(new PacketSizes(1e9).accepts(Buffer.from([0x30, 255, 255, 255, 255, 1]))).toBe(false);
  });
});
