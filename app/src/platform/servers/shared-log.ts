import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DiscardPolicy,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import { connect, type NatsConnection, nanos } from '@nats-io/transport-node';
import type { LogMessage, MessageLog } from '../fixes/message-log.ts';
import { ToldError } from '../told-error.ts';
import type { LogKeys } from './log-keys.ts';
import { readBatch, readTogether } from './read-batch.ts';

export interface SharedLogOptions {
  /** Addresses of the log servers, apart by commas, with the sign-in: `nats://user:secret@host:4222,…`; `tls://` where they want it. */
  url: string;
  /** Certificates that theirs are checked against, PEM. */
  ca?: string;
  /** On how many log servers each message is: acknowledged is what a majority of them has on disk. */
  replicas: number;
  /** What the log may hold, megabytes; what comes when it is full is refused. */
  megabytes: number;
  /** What messages are sealed with. */
  keys: LogKeys;
  /** A message is offered again under its own name, so that it stands there once, for so long, ms; then its sender is told. */
  offeredMs?: number;
}

/** The log cannot be used as it is; the message says why and what to do. What was to be stored is not. */
export class SharedLogError extends ToldError {
  override name = 'SharedLogError';
  readonly statusCode = 503;
}

const stream = 'waymark-fixes';
const subject = 'waymark.fixes';
/** Said by whoever has stored something, so that others read at once; what goes missing of it is read a little later. */
const newsSubject = 'waymark.news';
const usuallyOfferedMs = 15_000;
const answersWithinMs = 2500;
/** One that does not take a connection within this time is passed over, ms. */
const reachedWithinMs = 2000;
/** Log servers that have just started are waited for so long, ms. */
const beginsWithinMs = 30_000;
/** Twice the same name within this time is one message, ms. */
const namesKeptMs = 10 * 60_000;
/** The log is looked at so often without being told that there is something, ms. */
const lookEveryMs = 250;
/** What was read and could not be taken is read again after this long, ms. */
const againMs = 1000;
/** What comes within this time is read and stored together, ms: every server stores all, and a commit costs more than what is in it. */
const gatherMs = 40;

/**
 * One order of everything that is stored, kept by several log servers (NATS JetStream): whoever reads it from the beginning comes to the
 * same. What `publish` resolved for is on the disks of a majority.
 */
export class SharedLog implements MessageLog {
  readonly #connection: NatsConnection;
  readonly #stream: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #url: string;
  readonly #offeredMs: number;
  readonly #keys: LogKeys;
  #wake: () => void = () => undefined;
  #closed = false;

  private constructor(
    connection: NatsConnection,
    manager: JetStreamManager,
    { url, offeredMs = usuallyOfferedMs, keys }: SharedLogOptions,
  ) {
    this.#connection = connection;
    this.#manager = manager;
    this.#stream = jetstream(connection, { timeout: answersWithinMs });
    this.#url = url;
    this.#offeredMs = offeredMs;
    this.#keys = keys;
    connection.subscribe(newsSubject, { callback: () => this.#wake() });
  }

  /**
   * Reaches the log servers, and makes the log where there is none.
   * @throws SharedLogError when none of them can be reached, or they do not take us
   */
  static async open(options: SharedLogOptions): Promise<SharedLog> {
    const { url, ca, replicas, megabytes } = options;
    const servers = addressesOf(url);
    const { username, password } = new URL(servers[0] as string);
    let connection: NatsConnection | undefined;
    try {
      connection = await connect({
        servers: servers.map((one) => new URL(one).host),
        ...(username ? { user: decodeURIComponent(username), pass: decodeURIComponent(password) } : {}),
        ...(servers[0]?.startsWith('tls:') ? { tls: ca ? { caFile: ca } : {} } : {}),
        name: 'waymark',
        maxReconnectAttempts: -1,
        reconnectTimeWait: 250,
        // One that is cut off does not refuse: the next address is tried.
        timeout: reachedWithinMs,
        pingInterval: 2000,
        maxPingOut: 2,
        waitOnFirstConnect: false,
      });
      const manager = await jetstreamManager(connection, { timeout: answersWithinMs, checkAPI: false });
      await makeStream(manager, replicas, megabytes);
      return new SharedLog(connection, manager, options);
    } catch (error) {
      await connection?.close();
      throw inWords(error, url);
    }
  }

  /** Whether there is a log server that we can talk to now. */
  get isConnected(): boolean {
    return !this.#connection.isClosed() && this.#connection.getServer() !== '';
  }

  /**
   * Stores a message; resolves when a majority of log servers has it on disk.
   * @throws SharedLogError when that could not be had: then nobody knows whether it is there, and it may be sent again
   */
  async publish(data: Uint8Array): Promise<void> {
    const msgID = randomUUID();
    const sealed = this.#keys.seal(data);
    const until = Date.now() + this.#offeredMs;
    for (;;) {
      try {
        await this.#stream.publish(subject, sealed, { msgID, timeout: answersWithinMs, retries: 1 });
        this.#connection.publish(newsSubject);
        this.#wake();
        return;
      } catch (error) {
        if (this.#closed || Date.now() > until || isFull(error) || isTooLarge(error)) throw inWords(error, this.#url);
        await sleep(100);
      }
    }
  }

  /** The numbers of the first message that is there still, and of the last. */
  async extent(): Promise<{ first: number; last: number }> {
    const { state } = await this.#info();
    return { first: state.messages === 0 ? state.last_seq + 1 : state.first_seq, last: state.last_seq };
  }

  /**
   * Hands over every message after one, in order and without a gap, until the signal. Resolves when it has ended.
   * @param take gets some at once; what it fails at it is given again, with nothing after it before
   * @param told of what goes wrong on the way, which is tried again; and with null that it goes well again
   * @throws LogGapError when what is to come next is not in the log any more
   */
  async read(
    after: number,
    take: (messages: LogMessage[]) => Promise<void>,
    told: (error: unknown) => void,
    signal: AbortSignal,
  ): Promise<void> {
    let last = after;
    let awake = false;
    let wakeNow = () => {};
    this.#wake = () => {
      awake = true;
      wakeNow();
    };
    signal.addEventListener('abort', () => wakeNow());
    while (!signal.aborted) {
      awake = false;
      let messages: LogMessage[] = [];
      try {
        messages = await readBatch(this.#manager, stream, last);
        if (messages.length === 0) told(null);
      } catch (error) {
        if (signal.aborted) break;
        told(inWords(error, this.#url));
        await sleep(lookEveryMs);
        continue;
      }
      if (messages.length > 0) {
        if (messages[0]?.seq !== last + 1) {
          const { state } = await this.#info().catch(() => ({ state: { first_seq: 0 } }));
          // A log server that is behind may say nothing of what another has; what is gone from all is gone.
          if (state.first_seq > last + 1) throw new LogGapError(last + 1, state.first_seq);
          await sleep(lookEveryMs);
          continue;
        }
        const since = performance.now();
        try {
          const opened = this.#openFirst(messages);
          await take(opened);
          last = opened[opened.length - 1]?.seq ?? last;
        } catch (error) {
          // Nothing after it may be taken before it: the shared folder may be away, or this version too old. It is tried again.
          if (signal.aborted) break;
          told(error);
          await sleep(againMs);
          continue;
        }
        const rest = gatherMs - (performance.now() - since);
        if (messages.length < readTogether / 4 && rest > 1) await sleep(rest);
        continue;
      }
      // Nothing is awaited between the look at `awake` and this promise.
      if (awake) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, lookEveryMs);
        wakeNow = () => {
          clearTimeout(timer);
          resolve();
        };
        if (signal.aborted) wakeNow();
      });
    }
  }

  /** What the installation that this log belongs to is called; null where nobody has said. */
  async installation(): Promise<string | null> {
    return (await this.#info()).config.metadata?.waymark ?? null;
  }

  async setInstallation(id: string): Promise<void> {
    const { config } = await this.#info();
    await this.#manager.streams.update(stream, { metadata: { ...config.metadata, waymark: id } });
  }

  refusal(why: string): SharedLogError {
    return new SharedLogError(why);
  }

  /**
   * Forgets everything up to a message. The log's servers write over it in their own time; the keys of what is forgotten are gone at once,
   * but for those of the last hour or two, which go the next time.
   */
  async purge(upto: number): Promise<void> {
    await this.#manager.streams.purge(stream, { seq: upto + 1 });
    const [next] = await readBatch(this.#manager, stream, upto);
    if (next) this.#keys.forgetBefore(next.data);
    else {
      // A log server that is behind may say nothing of what another has.
      const { first, last } = await this.extent();
      if (first > last) this.#keys.forgetOld();
    }
  }

  /** Those that can be opened, up to the first that cannot. @throws Error where that is the first of all */
  #openFirst(messages: readonly LogMessage[]): LogMessage[] {
    const opened: LogMessage[] = [];
    for (const { seq, data } of messages)
      try {
        opened.push({ seq, data: this.#opened(seq, data) });
      } catch (error) {
        if (opened.length === 0) throw error;
        break;
      }
    return opened;
  }

  #opened(seq: number, sealed: Uint8Array): Uint8Array {
    const data = this.#keys.open(sealed);
    if (!data)
      throw new SharedLogError(
        `The key of message ${seq} of the log is gone, so it cannot be read. Is WAYMARK_SHARED the same folder on every server?`,
      );
    return data;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#connection.close();
  }

  async #info() {
    return this.#manager.streams.info(stream);
  }
}

/** What is to be read next is not in the log any more. */
export class LogGapError extends ToldError {
  override name = 'LogGapError';
  constructor(wanted: number, first: number) {
    super(`The log begins at message ${first}, and message ${wanted} is wanted: this server was away for longer than the log keeps.`);
  }
}

async function makeStream(manager: JetStreamManager, replicas: number, megabytes: number): Promise<void> {
  const max_bytes = megabytes * 1024 * 1024;
  // Log servers that have just started take some seconds to agree on who leads.
  const until = Date.now() + beginsWithinMs;
  for (;;) {
    try {
      const { config } = await manager.streams.info(stream);
      if (config.num_replicas !== replicas || config.max_bytes !== max_bytes)
        await manager.streams.update(stream, { num_replicas: replicas, max_bytes });
      return;
    } catch (error) {
      if (!/stream not found/i.test((error as Error).message) && Date.now() > until) throw error;
    }
    try {
      await manager.streams.add({
        name: stream,
        subjects: [subject],
        storage: StorageType.File,
        retention: RetentionPolicy.Limits,
        // What is not sealed yet may not be pushed out: senders keep what is refused, and send it again.
        discard: DiscardPolicy.New,
        num_replicas: replicas,
        max_bytes,
        duplicate_window: nanos(namesKeptMs),
        allow_direct: true,
        deny_delete: false,
      });
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(500);
    }
  }
}

/** The first address says how all are spoken to; the others may be no more than host and port. */
function addressesOf(url: string): string[] {
  const all = url.split(',').map((one) => one.trim());
  const scheme = /^\w+:\/\//.exec(all[0] ?? '')?.[0] ?? 'nats://';
  return all.filter(Boolean).map((one) => (/^\w+:\/\//.test(one) ? one : scheme + one));
}

/** It is larger than log servers take: sent again it is so again. */
const isTooLarge = (error: unknown) => /max_payload|maximum payload/i.test((error as Error).message);
const isFull = (error: unknown) => /maximum bytes exceeded|maximum messages exceeded/i.test((error as Error).message);

/** What the log servers or the network say, with the remedy. No password is told. */
function inWords(error: unknown, url: string): SharedLogError {
  if (error instanceof SharedLogError) return error;
  const said = (error as Error).message;
  const hosts = addressesOf(url)
    .map((one) => new URL(one).host)
    .join(', ');
  const remedy = () => {
    if (isTooLarge(error)) return 'a message is larger than it takes. Give its servers a max_payload of 8 MB';
    if (isFull(error)) return 'it is full. Is it being sealed? See the runbook, or give it more room with WAYMARK_LOG_MB';
    if (/authorization|authentication|permission/i.test(said)) return 'it refuses the name or the password. Look at NATS_URL';
    if (/insufficient resources|replicas|no suitable peers|peer/i.test(said))
      return 'it has fewer servers than WAYMARK_LOG_REPLICAS, or less room than WAYMARK_LOG_MB';
    return 'a majority of its servers cannot be reached, or JetStream is not enabled there. What was sent may be sent again';
  };
  return new SharedLogError(`The log at ${hosts}: ${remedy()} (${said}).`, { cause: error });
}
