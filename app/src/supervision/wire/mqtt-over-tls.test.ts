import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import mqtt from 'mqtt';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveForTest, temporaryFolder } from '../../../test/serve-for-test.ts';
import { issueTagCredential, registerWearers, TagBroker } from '../index.ts';
import { readTlsFiles } from './tls-files.ts';

/** Tags over TLS at the built-in broker, and certificates that are renewed while it runs. */
const folder = temporaryFolder();
const files = { certificate: join(folder.path, 'cert.pem'), key: join(folder.path, 'key.pem') };
const told: string[] = [];
let serving: Awaited<ReturnType<typeof serveForTest>>;
let broker: TagBroker;
let password = '';
const began = Date.now() - 3_600_000;

/** Puts a new pair in place, as whoever renews certificates does. */
async function renew(): Promise<string> {
  const made = await generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048, algorithm: 'sha256' });
  writeFileSync(files.certificate, made.cert);
  writeFileSync(files.key, made.private);
  return made.cert;
}

beforeAll(async () => {
  serving = await serveForTest();
  const { performer, intake, access } = serving.waymark;
  const system = { id: 'system', name: 'Test', role: 'system' as const, purpose: 'administration' as const };
  await performer.perform(system, registerWearers, null, [{ tag: 'S-1', name: 'Nobody', firstAt: began }]);
  password = (await performer.perform({ ...system, role: 'administrator' }, issueTagCredential, null, { serial: 'S-1' })).secret;
  await renew();
  const onError = (error: unknown) => void told.push((error as Error).message);
  broker = await TagBroker.listen(intake, access, { host: '127.0.0.1', port: 0, tls: files, lookAgainMs: 50, onError });
});
afterAll(async () => {
  await broker.close();
  await serving.end();
  folder.remove();
});

const connect = (ca: string) =>
  mqtt.connectAsync({
    protocol: 'mqtts' as const,
    host: '127.0.0.1',
    servername: 'localhost',
    port: broker.port,
    ca,
    username: 'S-1',
    password,
    reconnectPeriod: 0,
    connectTimeout: 5000,
  });
const publish = (client: Awaited<ReturnType<typeof connect>>, minute: number) =>
  client.publishAsync(
    'waymark/tags/S-1/fixes',
    JSON.stringify({ at: new Date(began + minute * 60_000).toISOString(), lat: 53.09, lon: -1.83, accuracy: 8 }),
    { qos: 1 },
  );
const stored = () => serving.waymark.fixes.count();

/** What the broker shows whoever connects now. */
const shown = () =>
  new Promise<string>((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port: broker.port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.once('error', reject);
  });

test('a tag sends over TLS; who does not speak it, or trusts another certificate, gets nowhere', async () => {
  const client = await connect(readTlsFiles(files).cert.toString());
  await publish(client, 1);
  expect(await stored()).toBe(1);
  await client.endAsync();
  const plain = mqtt.connect({ host: '127.0.0.1', port: broker.port, username: 'S-1', password, reconnectPeriod: 0, connectTimeout: 3000 });
  plain.on('error', () => undefined);
  await new Promise<void>((resolve) => plain.once('close', () => resolve()));
  expect(plain.connected).toBe(false);
  const other = await generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048, algorithm: 'sha256' });
  await expect(connect(other.cert)).rejects.toThrow(/self.signed|unable to verify/);
  expect(await stored()).toBe(1);
});

test('a renewed certificate is shown to whoever connects next; who is connected stays; one that cannot be used is told, once', async () => {
  const before = await shown();
  const client = await connect(readTlsFiles(files).cert.toString());
  const renewed = await renew();
  await expect.poll(shown).not.toBe(before);
  await publish(client, 2);
  const next = await connect(renewed);
  await publish(next, 3);
  expect(await stored()).toBe(3);
  const good = await shown();
  writeFileSync(files.key, 'not a key');
  await expect.poll(() => told.length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(told).toHaveLength(1);
  expect(told[0]).toContain(files.key);
  expect(await shown()).toBe(good);
  await publish(client, 4);
  await client.endAsync();
  await next.endAsync();
});

test('files that cannot be read, or that do not belong together, are named before anything listens', async () => {
  const { intake, access } = serving.waymark;
  const missing = { certificate: join(folder.path, 'none.pem'), key: files.key };
  const listen = (tls: typeof files) => TagBroker.listen(intake, access, { host: '127.0.0.1', port: 0, tls });
  await expect(listen(missing)).rejects.toThrow(/none\.pem cannot be read/);
  await renew();
  const certificate = join(folder.path, 'first.pem');
  writeFileSync(certificate, readTlsFiles(files).cert);
  await renew();
  await expect(listen({ certificate, key: files.key })).rejects.toThrow(/first\.pem and the key in .* cannot be used/);
});
