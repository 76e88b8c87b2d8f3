import mqtt, { type IPublishPacket, type MqttClient } from 'mqtt';
import type { AccessPolicy } from '../../platform/access.ts';
import type { Intake } from '../fixes/intake.ts';
import { decodeMessage, tagOfTopic } from './decode-message.ts';

export interface OutsideBrokerOptions {
  /** mqtt:// or mqtts:// with user and password where the broker wants them. */
  url: string;
  /** Told of each receipt, for /metrics. */
  onReceipt?: (receipt: { accepted: number; duplicates: number; quarantined: number }) => void;
  onError?: (error: unknown) => void;
}

/**
 * Connections that share what tags publish. Each takes one message at a time and acknowledges it once it is on disk; as many are
 * stored together, so this many divided by the time of a commit is the most a second.
 */
const connections = 32;
/** Shared among the connections (MQTT 5, 4.8.2; Mosquitto, EMQX and others offer it to 3.1.1 too). */
const topics = ['$share/waymark/waymark/tags/+/fixes', '$share/waymark/owntracks/+/+'];
/** After a failure to store, ms. */
const retryMs = 500;
/** What the broker keeps for us while we are away, seconds. */
const sessionS = 7 * 86_400;

/**
 * Takes fixes from a broker of the operator's own. Who may publish on which topic is that broker's to decide; here the topic says
 * whose a fix is. Sessions are kept, so what comes while this server is away waits there.
 */
export class OutsideBroker {
  readonly #clients: MqttClient[];

  private constructor(clients: MqttClient[]) {
    this.#clients = clients;
  }

  /** Resolves when every connection listens. @throws Error when the broker cannot be reached or refuses */
  static async connect(intake: Intake, access: AccessPolicy, options: OutsideBrokerOptions): Promise<OutsideBroker> {
    if (!access.decide({ role: 'device', purpose: 'ingest' }, 'fixes.send', 'ingest', 'supervision').allowed) {
      throw new Error('The access policy does not let tags send fixes: fixes.send is refused to devices.');
    }
    const clients = await Promise.all(
      Array.from({ length: connections }, async (_, i) => {
        const client = mqtt.connect(options.url, {
          clientId: `waymark-${i}`,
          clean: false,
          protocolVersion: 5,
          properties: { sessionExpiryInterval: sessionS },
          reconnectPeriod: 2000,
          manualConnect: true,
        });
        // Before it connects: what waited at the broker comes at once.
        client.handleMessage = (packet, done) => void take(intake, packet as IPublishPacket, options).then(() => done(), done);
        await connected(client);
        client.on('error', (error) => options.onError?.(error));
        await client.subscribeAsync(topics, { qos: 1 });
        return client;
      }),
    );
    return new OutsideBroker(clients);
  }

  get connected(): number {
    return this.#clients.filter(({ connected }) => connected).length;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.endAsync(true)));
  }
}

/** The first connection: a broker that is away at the start is an error at the start. */
async function connected(client: MqttClient): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('error', reject);
    client.connect();
  }).catch((error) => {
    client.end(true);
    throw error;
  });
}

async function take(intake: Intake, packet: IPublishPacket, { onReceipt, onError }: OutsideBrokerOptions): Promise<void> {
  const serial = tagOfTopic(packet.topic);
  if (serial === null) return;
  const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload);
  // A broker does not send again what is not acknowledged while the connection stands, so it is kept here until it is stored.
  for (;;) {
    try {
      onReceipt?.(await intake.accept(decodeMessage(packet.topic, payload), { kind: 'tag', serial }));
      return;
    } catch (error) {
      onError?.(error);
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}
