import mqtt, { type IPublishPacket, type MqttClient } from 'mqtt';
import type { AccessPolicy } from '../../platform/access.ts';
import { ToldError } from '../../platform/told-error.ts';
import type { Intake } from '../fixes/index.ts';
import { decodeMessage, tagOfTopic } from './decode-message.ts';

export interface OutsideBrokerOptions {
  /** mqtt:// or mqtts:// with user and password where the broker wants them. */
  url: string;
  /** Begins the client ids; two servers at one broker need different ones. */
  clientId: string;
  /** Certificates that the broker's is checked against, PEM; the machine's own where not given. */
  ca?: Buffer;
  /** Told of each receipt, for /metrics. */
  onReceipt?: (receipt: { accepted: number; duplicates: number; quarantined: number }) => void;
  onError?: (error: unknown) => void;
}

/** The broker cannot be used as it is; the message says why and what to do. */
export class BrokerError extends ToldError {
  override name = 'BrokerError';
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
/** Subscriptions are asked for again so often, ms: a broker may lose them and say nothing. To ask again changes nothing where it did not. */
const subscribeEveryMs = 60_000;
/** An answer to a subscription is waited for so long, ms. */
const answersWithinMs = 10_000;

/**
 * Takes fixes from a broker of the operator's own. Who may publish on which topic is that broker's to decide; here the topic says
 * whose a fix is. Sessions are kept, so what comes while this server is away waits there.
 *
 * A broker that says "session present" may still have lost the subscriptions in it: Mosquitto 2 writes sessions to its disk and not
 * the shared subscriptions. So every connect subscribes.
 */
export class OutsideBroker {
  readonly #clients: MqttClient[] = [];
  /** Of each connection, what is wrong with it now. */
  readonly #troubles = new Map<number, string>();
  readonly #options: OutsideBrokerOptions;
  #subscribing: NodeJS.Timeout | null = null;

  private constructor(options: OutsideBrokerOptions) {
    this.#options = options;
  }

  /** Resolves when every connection listens. @throws BrokerError when the broker cannot be reached or refuses */
  static async connect(intake: Intake, access: AccessPolicy, options: OutsideBrokerOptions): Promise<OutsideBroker> {
    if (!access.decide({ role: 'device', purpose: 'ingest' }, 'fixes.send', 'ingest', 'supervision').allowed) {
      throw new Error('The access policy does not let tags send fixes: fixes.send is refused to devices.');
    }
    const broker = new OutsideBroker(options);
    try {
      await Promise.all(Array.from({ length: connections }, (_, i) => broker.#open(i, intake)));
    } catch (error) {
      await broker.close();
      throw brokerInWords(error, options.url);
    }
    broker.#subscribing = setInterval(() => {
      for (const [i, client] of broker.#clients.entries()) if (client.connected) void broker.#subscribe(i, client).catch(() => undefined);
    }, subscribeEveryMs).unref();
    return broker;
  }

  async #open(i: number, intake: Intake): Promise<void> {
    const { url, clientId, ca, onError } = this.#options;
    const client = mqtt.connect(url, {
      clientId: `${clientId}-${i}`,
      clean: false,
      protocolVersion: 5,
      properties: { sessionExpiryInterval: sessionS },
      reconnectPeriod: 2000,
      manualConnect: true,
      resubscribe: false,
      ...(ca ? { ca } : {}),
    });
    this.#clients[i] = client;
    // Before it connects: what waited at the broker comes at once.
    client.handleMessage = (packet, done) => void take(intake, packet as IPublishPacket, this.#options).then(() => done(), done);
    await connected(client);
    client.on('error', (error) => {
      this.#troubles.set(i, brokerInWords(error, this.#options.url).message);
      onError?.(error);
    });
    client.on('close', () => {
      if (!this.#troubles.has(i)) this.#troubles.set(i, 'The connection to the broker is lost; it is tried again every two seconds.');
    });
    client.on('disconnect', ({ reasonCode }) => {
      if (reasonCode === 142)
        this.#troubles.set(i, `Another server uses the client id ${clientId}-${i}. Give each server its own MQTT_CLIENT_ID.`);
    });
    client.on('connect', () => void this.#subscribe(i, client).catch((error) => onError?.(error)));
    await this.#subscribe(i, client);
  }

  /** @throws BrokerError when the broker does not let us read, or does not answer */
  async #subscribe(i: number, client: MqttClient): Promise<void> {
    try {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(
          () => reject(new Error(`no answer to a subscription within ${answersWithinMs / 1000} seconds`)),
          answersWithinMs,
        );
      });
      const granted = await Promise.race([client.subscribeAsync(topics, { qos: 1 }), late]).finally(() => clearTimeout(timer));
      const refused = granted.find(({ qos }) => qos >= 128);
      if (refused) throw Object.assign(new Error('Not authorized'), { code: refused.qos, topic: refused.topic });
      this.#troubles.delete(i);
    } catch (error) {
      const told = brokerInWords(error, this.#options.url, true);
      this.#troubles.set(i, told.message);
      throw told;
    }
  }

  get connected(): number {
    return this.#clients.filter((client) => client.connected).length;
  }

  /** What is wrong between here and the broker, in words; null where everything that tags publish comes here. */
  get trouble(): string | null {
    const [first] = this.#troubles.values();
    return first ? `${this.#troubles.size} of ${connections} connections to the broker: ${first}` : null;
  }

  async close(): Promise<void> {
    if (this.#subscribing) clearInterval(this.#subscribing);
    await Promise.all(this.#clients.map((client) => client?.endAsync(true)));
  }
}

/** What a broker or a network says, with the remedy. No password is told. */
export function brokerInWords(error: unknown, url: string, isSubscribing = false): BrokerError {
  if (error instanceof BrokerError) return error;
  const { host, username } = new URL(url);
  const { code, message = String(error) } = error as { code?: unknown; message?: string };
  const said = `${message} ${code ?? ''}`;
  const remedy = () => {
    if (isSubscribing && /not authorized|13[15]|128/i.test(said))
      return `it does not let ${username || 'this user'} read waymark/tags/+/fixes and owntracks/+/+. Allow it to, as docs/operators.md says`;
    if (/ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ETIMEDOUT|EAI_AGAIN|connack timeout/i.test(said))
      return 'nothing answers there. Is it running, and is MQTT_URL right?';
    if (/bad user ?name|not authorized|\b(4|5|134|135)\b/i.test(said)) return 'it refuses the name or the password. Look at MQTT_URL';
    if (/certificate|self.signed|UNABLE_TO|CERT_|altname/i.test(said))
      return 'its certificate is not trusted here. Name the file of its authority in MQTT_CA, and use the name that stands in the certificate';
    return 'it does not take us';
  };
  return new BrokerError(`The MQTT broker ${host}: ${remedy()} (${said.trim()}).`, { cause: error });
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
