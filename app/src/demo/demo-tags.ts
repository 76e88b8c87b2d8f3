import { fixLine, Town, type TownSettings } from '@waymark/town';
import mqtt, { type MqttClient } from 'mqtt';

/**
 * The fictional town's tags, as a process of their own: they live their fortnight again and again and send over MQTT as real
 * ones do. What lies between `from` and now is caught up on at `speed` times; from then on their clock is the real one.
 */
export interface DemoTags {
  town: Partial<TownSettings>;
  port: number;
  /** Whether the broker speaks TLS; its certificate may be of any name, for it is on this machine. */
  isTls: boolean;
  /** The secret of each tag, in order of wearers. */
  secrets: { serial: string; secret: string }[];
  /** Ms since 1970. */
  from: number;
  speed: number;
}

/** Messages of one tag on their way at a time. */
const inFlight = 20;
const beatMs = 250;

interface Tag {
  client: MqttClient;
  topic: string;
  /** Fixes in order of arrival: when they arrive, seconds from the town's beginning, and what is sent. */
  arrivals: Float64Array;
  lines: (startMs: number, i: number) => string;
  /** The next fix, counted over all fortnights. */
  next: number;
}

process.once('message', (job: DemoTags) => void play(job));
// The server has gone.
process.once('disconnect', () => process.exit(0));

async function play({ town: settings, port, isTls, secrets, from, speed }: DemoTags): Promise<void> {
  const town = new Town(settings);
  const fortnightMs = town.endS * 1000;
  const { startMs } = town.settings;
  const tags: Tag[] = [];
  for (const { index, tag, fixes } of town.wearers()) {
    const order = Array.from({ length: fixes.count }, (_, i) => i).sort(
      (a, b) => (fixes.receivedAt[a] as number) - (fixes.receivedAt[b] as number),
    );
    const arrivals = Float64Array.from(order, (i) => fixes.receivedAt[i] as number);
    const elapsed = from - startMs;
    const rounds = Math.floor(elapsed / fortnightMs);
    const within = arrivals.findIndex((second) => second * 1000 >= elapsed - rounds * fortnightMs);
    const { secret } = secrets[index] as DemoTags['secrets'][number];
    tags.push({
      client: await mqtt.connectAsync({
        host: '127.0.0.1',
        port,
        protocol: isTls ? 'mqtts' : 'mqtt',
        rejectUnauthorized: false,
        username: tag,
        password: secret,
        clientId: tag,
      }),
      topic: `waymark/tags/${tag}/fixes`,
      arrivals,
      lines: (roundMs, place) => fixLine({ fixes, tag }, roundMs, order[place] as number),
      next: rounds * arrivals.length + (within < 0 ? arrivals.length : within),
    });
  }
  const began = Date.now();
  const clock = () => Math.min(Date.now(), from + speed * (Date.now() - began));
  await Promise.all(tags.map((tag) => live(tag, startMs, fortnightMs, clock)));
}

/** Sends what is due, beat by beat, and never more than a few messages ahead of what was acknowledged. */
async function live(tag: Tag, startMs: number, fortnightMs: number, clock: () => number): Promise<void> {
  const { arrivals, client, topic, lines } = tag;
  let sending = 0;
  for (;;) {
    const now = clock();
    while (sending < inFlight) {
      const round = Math.floor(tag.next / arrivals.length);
      const place = tag.next % arrivals.length;
      const roundMs = startMs + round * fortnightMs;
      if (roundMs + (arrivals[place] as number) * 1000 > now) break;
      tag.next++;
      sending++;
      client.publishAsync(topic, lines(roundMs, place), { qos: 1 }).then(
        () => sending--,
        () => sending--,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, beatMs));
  }
}
