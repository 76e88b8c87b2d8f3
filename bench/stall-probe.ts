import { parentPort, workerData } from 'node:worker_threads';
import mqtt from 'mqtt';

/** In a thread of its own: asks `/livez` and publishes a fix again and again, and tells the longest wait of each since it was last asked. */
const { url, port, serial, secret } = workerData as { url: string; port: number; serial: string; secret: string };
let worst = { livez: 0, acknowledged: 0 };
let isOver = false;
const tag = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { username: serial, password: secret });
const began = Date.now() - 86_400_000;
let sent = 0;

async function ask(): Promise<void> {
  while (!isOver) {
    const from = performance.now();
    await (await fetch(`${url}/livez`)).text();
    worst.livez = Math.max(worst.livez, performance.now() - from);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
async function publish(): Promise<void> {
  while (!isOver) {
    const line = JSON.stringify({ at: new Date(began + ++sent * 1000).toISOString(), lat: 53.09, lon: -1.83, accuracy: 8 });
    const from = performance.now();
    await tag.publishAsync(`waymark/tags/${serial}/fixes`, line, { qos: 1 });
    worst.acknowledged = Math.max(worst.acknowledged, performance.now() - from);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
parentPort?.on('message', (message: string) => {
  if (message === 'end') {
    isOver = true;
    void tag.endAsync(true).then(() => process.exit(0));
    return;
  }
  parentPort?.postMessage(worst);
  worst = { livez: 0, acknowledged: 0 };
});
parentPort?.postMessage('ready');
await Promise.all([ask(), publish()]);
