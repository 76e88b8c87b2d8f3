import { connect, type Socket } from 'node:net';

/**
 * Tags as a process of their own: one MQTT connection each, QoS 1, one fix in a message. Every message moves a tag's clock on by
 * a minute; now and then a tag spends a few minutes in its zone. Prints what was acknowledged and when the entries were sent.
 */
interface Job {
  port: number;
  tags: { serial: string; secret: string }[];
  /** Messages on their way on one connection. */
  inFlight: number;
  seconds: number;
  /** Messages per second of all; as fast as it goes when missing. */
  rate?: number;
  /** Event time of the first fix, ms since 1970. */
  at: number;
  home: [lon: number, lat: number];
  zone: [lon: number, lat: number];
  /** A tag enters its zone once in so many fixes; for how many fixes. */
  entersEvery: number;
  staysFixes: number;
}

const job = JSON.parse(process.argv[2] as string) as Job;
const latencies: number[] = [];
/** By serial and entry: when the first fix inside was sent, which is the first that can decide. A stay that the end of the run cut short is none. */
const entries: { serial: string; at: number; sentAt: number }[] = [];
let acknowledged = 0;
let errors = 0;

class Tag {
  readonly #serial: string;
  readonly #topic: Buffer;
  readonly #socket: Socket;
  readonly #sent = new Map<number, number>();
  readonly #entersAt: number;
  #id = 0;
  #fixes = 0;
  #entered: (typeof entries)[number] | null = null;
  #rest = Buffer.alloc(0);
  #ready: () => void = () => undefined;
  onAck: () => void = () => undefined;

  constructor({ serial, secret }: Job['tags'][number], index: number) {
    this.#serial = serial;
    this.#topic = text(`waymark/tags/${serial}/fixes`);
    // Nobody begins inside: that alert would be one that stands already.
    this.#entersAt = 10 + ((index * 37) % (job.entersEvery - 20));
    this.#socket = connect(job.port, '127.0.0.1');
    this.#socket.setNoDelay(true);
    this.#socket.on('error', () => errors++);
    this.#socket.on('data', (chunk) => this.#read(chunk));
    const header = Buffer.from([0, 4, ...Buffer.from('MQTT'), 4, 0b11000010, 0, 0]);
    this.#socket.write(packet(0x10, Buffer.concat([header, text(serial), text(serial), text(secret)])));
  }

  ready(): Promise<void> {
    return new Promise((resolve) => {
      this.#ready = resolve;
    });
  }

  get waiting(): number {
    return this.#sent.size;
  }

  send(): void {
    const turn = this.#fixes++ % job.entersEvery;
    const within = turn - this.#entersAt;
    const inside = within >= 0 && within < job.staysFixes;
    const [lon, lat] = inside ? job.zone : job.home;
    const at = new Date(job.at + this.#fixes * 60_000).toISOString();
    const jitter = ((this.#fixes * 7919) % 13) * 1e-6;
    this.#id = (this.#id % 65_535) + 1;
    const line = `{"at":"${at}","lat":${lat + jitter},"lon":${lon},"accuracy":8}`;
    const body = Buffer.concat([this.#topic, Buffer.from([this.#id >> 8, this.#id & 255]), Buffer.from(line)]);
    this.#sent.set(this.#id, performance.now());
    if (within === 0) this.#entered = { serial: this.#serial, at: job.at + this.#fixes * 60_000, sentAt: Date.now() };
    if (within === job.staysFixes - 1 && this.#entered) entries.push(this.#entered);
    this.#socket.write(packet(0x32, body));
  }

  end(): void {
    this.#socket.end(Buffer.from([0xe0, 0]));
  }

  #read(chunk: Buffer): void {
    let rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    // CONNACK and PUBACK are four bytes each.
    for (; rest.length >= 4; rest = rest.subarray(4)) {
      if (rest[0] === 0x20) {
        if (rest[3] !== 0) errors++;
        this.#ready();
        continue;
      }
      const id = ((rest[2] as number) << 8) | (rest[3] as number);
      latencies.push(performance.now() - (this.#sent.get(id) as number));
      this.#sent.delete(id);
      acknowledged++;
      this.onAck();
    }
    this.#rest = Buffer.from(rest);
  }
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

function packet(type: number, body: Buffer): Buffer {
  const length: number[] = [];
  let left = body.length;
  do {
    length.push((left & 127) | (left > 127 ? 128 : 0));
    left >>= 7;
  } while (left > 0);
  return Buffer.concat([Buffer.from([type, ...length]), body]);
}

const tags = job.tags.map((tag, i) => new Tag(tag, i));
await Promise.all(tags.map((tag) => tag.ready()));
const began = performance.now();
const endsAt = began + job.seconds * 1000;
if (job.rate) {
  let sent = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const now = performance.now();
      const due = Math.min(now, endsAt) - began;
      for (; sent < (due / 1000) * (job.rate as number); sent++) (tags[sent % tags.length] as Tag).send();
      if (now < endsAt) return;
      clearInterval(timer);
      resolve();
    }, 5);
  });
} else {
  for (const tag of tags) {
    tag.onAck = () => {
      if (performance.now() < endsAt) tag.send();
    };
    for (let i = 0; i < job.inFlight; i++) tag.send();
  }
  await new Promise((resolve) => setTimeout(resolve, job.seconds * 1000));
}
const drainUntil = performance.now() + 15_000;
while (tags.some(({ waiting }) => waiting > 0) && performance.now() < drainUntil) await new Promise((resolve) => setTimeout(resolve, 20));
const seconds = (performance.now() - began) / 1000;
const lost = tags.reduce((sum, { waiting }) => sum + waiting, 0);
for (const tag of tags) tag.end();
process.stdout.write(JSON.stringify({ acknowledged, seconds, latencies, entries, errors, lost }));
