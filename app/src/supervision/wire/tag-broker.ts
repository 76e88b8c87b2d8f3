import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { Aedes, type AuthenticateError, type Client } from 'aedes';
import type { AccessPolicy } from '../../platform/access.ts';
import { hashSecret, type Intake, type Sender } from '../fixes/index.ts';
import { decodeMessage, tagOfTopic } from './decode-message.ts';
import { PacketSizes } from './packet-sizes.ts';
import { followTlsFiles, readTlsFiles, type TlsFiles } from './tls-files.ts';

/** Longest packet, bytes: some hundred fixes that a tag gathered while it had no network. */
const packetAtMost = 256 * 1024;
/** Who has not signed in by then is cut off, ms. */
const signInMs = 10_000;
const connectionsAtMost = 50_000;
/** `BAD_USERNAME_OR_PASSWORD` of MQTT 3.1.1, 3.2.2.3. */
const wrongCredential = 4;

type SignedIn = Client & { waymarkSender?: Sender; waymarkHash?: Buffer };

export interface TagBrokerOptions {
  host: string;
  port: number;
  /** Where it is to speak TLS: what it shows, read again when it is renewed. It speaks nothing else then. */
  tls?: TlsFiles;
  /** How often those files are looked at, ms; for tests. */
  lookAgainMs?: number;
  /** Told of each receipt, for /metrics. */
  onReceipt?: (receipt: { accepted: number; duplicates: number; quarantined: number }) => void;
  onError?: (error: unknown) => void;
}

/**
 * The embedded MQTT broker for tags. A tag signs in with its serial number and secret and publishes for itself alone; with
 * QoS 1 and 2 it is acknowledged once its fixes are on disk. Nobody can listen to what tags send.
 */
export class TagBroker {
  readonly #broker: Aedes;
  readonly #server: Server;
  readonly #stopFollowing: () => void;
  readonly port: number;

  private constructor(broker: Aedes, server: Server, port: number, stopFollowing: () => void) {
    this.#broker = broker;
    this.#server = server;
    this.port = port;
    this.#stopFollowing = stopFollowing;
  }

  /** @throws Error with the code EADDRINUSE when the port is taken; TlsFilesError when a certificate or its key cannot be used */
  static async listen(intake: Intake, access: AccessPolicy, options: TagBrokerOptions): Promise<TagBroker> {
    const broker = await Aedes.createBroker({
      connectTimeout: signInMs,
      maxClientsIdLength: 300,
      preConnect: (_client, packet, done) => {
        // Within its own serial number a tag calls itself what it likes: it can push nobody else off. A last will is no position.
        packet.clientId = `${packet.username ?? ''}/${packet.clientId}`;
        delete packet.will;
        done(null, true);
      },
      authenticate: (client, username, password, done) => {
        const sender = username && password ? intake.authenticate(password.toString('utf8'), username) : null;
        const allowed = access.decide({ role: 'device', purpose: 'ingest' }, 'fixes.send', 'ingest', 'supervision').allowed;
        if (!sender || !allowed) {
          const error = new Error('The serial number or the secret is wrong.') as AuthenticateError;
          error.returnCode = wrongCredential as AuthenticateError['returnCode'];
          return done(error, false);
        }
        (client as SignedIn).waymarkSender = sender;
        (client as SignedIn).waymarkHash = hashSecret(password?.toString('utf8') ?? '');
        done(null, true);
      },
      authorizePublish: (client, packet, done) => {
        const { waymarkSender: sender, waymarkHash: hash } = (client ?? {}) as Partial<SignedIn>;
        // Asked each time: a secret that was replaced works no longer, on connections that stand either.
        if (sender?.kind !== 'tag' || !hash || !intake.isCurrent(sender.serial, hash)) return done(new Error('Sign in again.'));
        if (tagOfTopic(packet.topic) !== sender.serial) return done(new Error('A tag publishes on its own topic alone.'));
        const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload ?? '');
        // Nothing is kept for later listeners: there are none.
        packet.retain = false;
        intake.accept(decodeMessage(packet.topic, payload), sender).then(
          (receipt) => {
            options.onReceipt?.(receipt);
            done(null);
          },
          (error) => {
            options.onError?.(error);
            done(error as Error);
          },
        );
      },
      authorizeSubscribe: (_client, _subscription, done) => done(null, null),
    });
    const { tls, onError = () => undefined } = options;
    const server = tls
      ? createTlsServer({ ...readTlsFiles(tls), minVersion: 'TLSv1.2', handshakeTimeout: signInMs }, (socket) => admit(broker, socket))
      : createServer((socket) => admit(broker, socket));
    server.maxConnections = connectionsAtMost;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port, options.host, resolve);
    });
    const address = server.address();
    const stopFollowing = tls ? followTlsFiles(server as TlsServer, tls, onError, options.lookAgainMs) : () => undefined;
    return new TagBroker(broker, server, typeof address === 'object' && address ? address.port : options.port, stopFollowing);
  }

  get connected(): number {
    return this.#broker.connectedClients;
  }

  async close(): Promise<void> {
    this.#stopFollowing();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await new Promise<void>((resolve) => this.#broker.close(() => resolve()));
    await closed;
  }
}

function admit(broker: Aedes, socket: Socket): void {
  const sizes = new PacketSizes(packetAtMost);
  socket.setNoDelay(true);
  // Whatever goes wrong on one connection ends that one.
  socket.on('error', () => socket.destroy());
  broker.handle(socket);
  socket.on('data', (chunk: Buffer) => {
    if (!sizes.accepts(chunk)) socket.destroy();
  });
}
