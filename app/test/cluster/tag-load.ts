import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import { firstAt } from '../kill/kill-test.ts';

const insideOf = (n: number) => n % 12 >= 7;

/**
 * Tags that publish over MQTT with QoS 1, one fix a message, and send again to another server what was not acknowledged.
 * @param url of a broker, asked for at each connection
 * @param sent of each tag, how many fixes were acknowledged so far
 * @param acknowledged takes the fixes for which a server gave its word
 * @param madeAt takes when each fix was made, ms since 1970
 */
export function letTagsPublish(
  url: () => string,
  secrets: ReadonlyMap<string, string>,
  sent: Map<string, number>,
  acknowledged: Set<string>,
  madeAt: Map<string, number>,
  pauseMs = 50,
) {
  let alive = true;
  const tookMs: number[] = [];
  const publish = async (serial: string, password: string) => {
    let n = sent.get(serial) ?? 0;
    while (alive) {
      let client: mqtt.MqttClient | null = null;
      try {
        client = await mqtt.connectAsync(url(), { username: serial, password, reconnectPeriod: 0, connectTimeout: 3000, keepalive: 5 });
        // A connection that ends while something is on its way says so here and nowhere else.
        client.on('error', () => undefined);
        const closed = new Promise<never>((_, reject) => client?.once('close', () => reject(new Error('the connection is closed'))));
        closed.catch(() => undefined);
        while (alive) {
          const at = firstAt + 1000 * (1 + n);
          const fix = { tag: serial, at: new Date(at).toISOString(), lat: 53.1, lon: insideOf(n) ? -1.785 : -1.8, accuracy: 8 };
          const since = performance.now();
          if (!madeAt.has(`${serial}@${at}`)) madeAt.set(`${serial}@${at}`, Date.now());
          const published = client.publishAsync(`waymark/tags/${serial}/fixes`, JSON.stringify(fix), { qos: 1 });
          await withinMs(Promise.race([published, closed]), 5000);
          tookMs.push(performance.now() - since);
          acknowledged.add(`${serial}@${at}`);
          sent.set(serial, ++n);
          await sleep(pauseMs);
        }
      } catch {
        await sleep(200);
      } finally {
        client?.end(true);
      }
    }
  };
  const all = [...secrets].map(([serial, secret]) => publish(serial, secret));
  return {
    /** How long each acknowledgement took since this was asked last, ms. */
    takeTimes: () => tookMs.splice(0),
    stop: async () => {
      alive = false;
      await Promise.all(all);
    },
  };
}

async function withinMs<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no acknowledgement')), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
