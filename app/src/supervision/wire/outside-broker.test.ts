import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fillFromTemplate, temporaryFolder } from '../../../test/serve-for-test.ts';
import { toldInOrder } from '../../../test/told-in-order.ts';
import { until } from '../../../test/until.ts';
import { checkOutside } from '../../commands/check-outside.ts';
import { readConfig } from '../../config.ts';
import { type Serving, serve } from '../../serve.ts';
import { fleetSilence, registerWearers } from '../index.ts';

/** A broker of the operator's own: a real Mosquitto, with mosquitto_pub as the tag. */
const mosquitto = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/opt/homebrew/sbin/mosquitto'].find((path) => existsSync(path));
if (!mosquitto && process.env.WAYMARK_NEEDS_MOSQUITTO === 'yes')
  throw new Error('Mosquitto is not installed here, and this run must have it.');
const run = promisify(execFile);
const began = Date.now() - 3_600_000;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.skipIf(!mosquitto)('an outside broker', toldInOrder, () => {
  const folder = temporaryFolder();
  let broker: ChildProcess;
  let serving: Serving;
  let port = 0;

  const start = () =>
    serve(
      readConfig({
        NODE_ENV: 'test',
        WAYMARK_DATA: join(folder.path, 'data'),
        WAYMARK_PORT: '0',
        WAYMARK_LOG: 'silent',
        WAYMARK_DEMO: 'no',
        WAYMARK_ENGINE_MB: '256',
        MQTT_URL: `mqtt://127.0.0.1:${port}`,
      }),
    );
  const publish = (topic: string, message: string) =>
    run('mosquitto_pub', ['-h', '127.0.0.1', '-p', String(port), '-q', '1', '-t', topic, '-m', message]);
  const line = (minute: number) =>
    JSON.stringify({ at: new Date(began + minute * 60_000).toISOString(), lat: 53.09, lon: -1.83, accuracy: 8 });
  /** Waits until so many fixes are stored. */
  const stored = async (wanted: number): Promise<number> => {
    const fixes = async () => (await serving.waymark.fixes.summary()).fixes;
    await until(async () => (await fixes()) >= wanted);
    return fixes();
  };

  beforeAll(async () => {
    fillFromTemplate(join(folder.path, 'data'));
    port = await freePort();
    const config = join(folder.path, 'mosquitto.conf');
    writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
    broker = spawn(mosquitto as string, ['-c', config], { stdio: 'ignore' });
    await until(() =>
      publish('elsewhere', 'hello').then(
        () => true,
        () => false,
      ),
    );
    serving = await start();
    const system = { id: 'system', name: 'Test', role: 'system' as const, purpose: 'administration' as const };
    await serving.waymark.performer.perform(system, registerWearers, null, [{ tag: 'O-1', name: 'Nobody', firstAt: began }]);
  });
  afterAll(async () => {
    await serving?.stop();
    broker?.kill();
    folder.remove();
  });

  test('fixes as Waymark lines and as OwnTracks messages', async () => {
    await publish('waymark/tags/O-1/fixes', line(1));
    await publish(
      'owntracks/O-1/phone',
      JSON.stringify({ _type: 'location', tst: Math.floor(began / 1000) + 120, lat: 53.09, lon: -1.83, acc: 9 }),
    );
    expect(await stored(2)).toBe(2);
  });

  test('what cannot be read goes to quarantine and holds nobody up', async () => {
    await publish('waymark/tags/O-1/fixes', '{"at":');
    await publish('waymark/tags/O-1/fixes', line(3));
    expect(await stored(3)).toBe(3);
    expect((await serving.waymark.fixes.summary()).quarantined).toBe(1);
  });

  test('what comes while the server is away waits at the broker', async () => {
    await serving.stop();
    for (const minute of [4, 5, 6]) await publish('waymark/tags/O-1/fixes', line(minute));
    serving = await start();
    expect(await stored(6)).toBe(6);
  });

  test('every system that the configuration names can be tried, and is named with what is wrong', async () => {
    const config = (env: Record<string, string>) => readConfig({ NODE_ENV: 'test', ...env });
    expect(await checkOutside(config({}))).toEqual([]);
    expect(await checkOutside(config({ MQTT_URL: `mqtt://127.0.0.1:${port}` }))).toEqual([
      { system: 'MQTT broker (MQTT_URL)', wrong: null },
    ]);
    const wrong = await checkOutside(
      config({
        MQTT_URL: 'mqtt://tag:hidden@127.0.0.1:1',
        OIDC_ISSUER: 'http://127.0.0.1:1',
        OIDC_CLIENT_ID: 'x',
        OIDC_CLIENT_SECRET: 'hidden',
        SMTP_URL: 'smtp://a:hidden@127.0.0.1:1',
        DATABASE_URL: 'postgres://a:hidden@127.0.0.1:1/x',
      }),
    );
    expect(wrong).toHaveLength(4);
    for (const { wrong: told } of wrong) expect(told).toMatch(/\S{5}/);
    expect(JSON.stringify(wrong)).not.toContain('hidden');
  });

  test('a broker that is not there is told at the start', async () => {
    fillFromTemplate(join(folder.path, 'other'));
    const nowhere = readConfig({
      NODE_ENV: 'test',
      WAYMARK_DATA: join(folder.path, 'other'),
      WAYMARK_PORT: '0',
      WAYMARK_LOG: 'silent',
      WAYMARK_DEMO: 'no',
      MQTT_URL: 'mqtt://127.0.0.1:1',
    });
    await expect(serve(nowhere)).rejects.toThrow(/MQTT broker 127.0.0.1:1: nothing answers there.*ECONNREFUSED/);
  });
});

/** Mosquitto that is restarted while tags publish, with and without a session kept on its disk. */
describe.skipIf(!mosquitto).each([['kept', true] as const, ['not kept', false] as const])(
  'a broker that is restarted, its sessions %s',
  (_name, keeps) => {
    test.concurrent('nothing that a tag was told is taken is lost while we listen, and what is wrong is told', async () => {
      const folder = temporaryFolder();
      fillFromTemplate(join(folder.path, 'data'));
      chmodSync(folder.path, 0o777);
      const port = await freePort();
      const config = join(folder.path, 'mosquitto.conf');
      const store = keeps ? `persistence true\npersistence_location ${folder.path}/\nautosave_interval 1\n` : 'persistence false\n';
      writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\n${store}`);
      const startBroker = async () => {
        const child = spawn(mosquitto as string, ['-c', config], { stdio: 'ignore' });
        await until(() =>
          run('mosquitto_pub', ['-h', '127.0.0.1', '-p', String(port), '-q', '1', '-t', 'elsewhere', '-m', 'x']).then(
            () => true,
            () => false,
          ),
        );
        return child;
      };
      const stopBroker = (child: ChildProcess) =>
        new Promise<void>((resolve) => {
          child.once('exit', () => resolve());
          child.kill('SIGTERM');
        });
      let broker = await startBroker();
      const serving = await serve(
        readConfig({
          NODE_ENV: 'test',
          WAYMARK_DATA: join(folder.path, 'data'),
          WAYMARK_PORT: '0',
          WAYMARK_LOG: 'silent',
          WAYMARK_DEMO: 'no',
          WAYMARK_ENGINE_MB: '256',
          MQTT_URL: `mqtt://127.0.0.1:${port}`,
        }),
      );
      try {
        const system = { id: 'system', name: 'Test', role: 'system' as const, purpose: 'administration' as const };
        await serving.waymark.performer.perform(system, registerWearers, null, [{ tag: 'O-2', name: 'Nobody', firstAt: began }]);
        let minute = 0;
        const acknowledged: number[] = [];
        const publish = async (count: number) => {
          for (let i = 0; i < count; i++) {
            const message = JSON.stringify({ at: new Date(began + ++minute * 1000).toISOString(), lat: 53.09, lon: -1.83, accuracy: 8 });
            const args = ['-h', '127.0.0.1', '-p', String(port), '-q', '1', '-t', 'waymark/tags/O-2/fixes', '-m', message];
            // Without an acknowledgement the tag sends again later; it is not counted here.
            const done = await run('mosquitto_pub', args).then(
              () => true,
              () => false,
            );
            if (done) acknowledged.push(minute);
          }
        };
        const ready = async () =>
          (await fetch(`${serving.url}/readyz`)).json() as Promise<{ status: string; wrong?: Record<string, string> }>;
        await publish(5);
        for (let round = 0; round < 2; round++) {
          await stopBroker(broker);
          await until(async () => (await ready()).status !== 'ok');
          expect((await ready()).wrong?.broker).toMatch(/connections to the broker/);
          broker = await startBroker();
          await until(async () => (await ready()).status === 'ok');
          expect(await ready()).toMatchObject({ status: 'ok' });
          await publish(8);
        }
        await until(async () => (await serving.waymark.fixes.summary()).fixes >= acknowledged.length);
        expect(acknowledged.length).toBe(21);
        expect((await serving.waymark.fixes.summary()).fixes).toBe(21);
      } finally {
        await serving.stop();
        await stopBroker(broker);
        folder.remove();
      }
    });
  },
);

test('a fleet that falls silent altogether is told, and a small one or a short while is not', () => {
  const minute = 60_000;
  expect(fleetSilence({ receipts: 500, lastMs: 0 }, 16 * minute)).toMatch(/for 16 minutes.*Look at the broker/);
  expect(fleetSilence({ receipts: 500, lastMs: 0 }, 14 * minute)).toBeNull();
  expect(fleetSilence({ receipts: 3, lastMs: 0 }, 60 * minute)).toBeNull();
});
