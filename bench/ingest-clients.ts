import { connect } from 'node:net';

/** Many clients in one process; they stop by themselves after the given time. */
interface Settings {
  url: string;
  secret: string;
  batch: number;
  clients: number;
  seconds: number;
  rate?: number;
  at: number;
  wearers: number;
  /** What the names of its tags begin with. */
  prefix?: string;
  /** Whether its tags go into a place and out of it again, and where it is. */
  crosses?: boolean;
}

const settings = JSON.parse(process.argv[2] ?? '{}') as Settings;
const { hostname, port } = new URL(settings.url);
if (hostname !== '127.0.0.1') throw new Error('Load goes to 127.0.0.1 only.');
let next = 0;

/** Fixes move on through time, so that each is new. Bodies are made of cheap parts: the clients share the machine. */
function body(): string {
  const lines: string[] = [];
  for (let i = 0; i < settings.batch; i++) {
    const n = next++;
    const [tag, second] = [n % settings.wearers, Math.floor(n / settings.wearers)];
    if (settings.crosses) {
      // As a receiver has it: a few metres about, with the digits that it gives.
      const [north, east] = [scattered(n, 7919), scattered(n, 104_729)];
      const lon = ((second % 60 >= 50 ? -1.785 : -1.8) + east * 1e-7).toFixed(7);
      lines.push(
        `{"tag":"${settings.prefix ?? 'B'}${tag}","at":"${new Date(settings.at + second * 1000).toISOString()}","lat":${(53.1 + north * 1e-7).toFixed(7)},"lon":${lon},"accuracy":${4 + (n % 23)},"battery":0.9}`,
      );
      continue;
    }
    // Each tag stays about where it is: one that jumped for miles would be taken for one whose signal somebody forges.
    const place = String(tag).padStart(4, '0') + (second % 7);
    lines.push(
      `{"tag":"${settings.prefix ?? 'B'}${tag}","at":"${new Date(settings.at + second * 1000).toISOString()}","lat":53.0${place},"lon":-1.8${place},"accuracy":8.5,"battery":0.9}`,
    );
  }
  return lines.join('\n');
}

/** Some metres as 1e-7 degrees, without an order that could be packed away. */
function scattered(n: number, by: number): number {
  let x = Math.imul(n + by, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 15), 0x85ebca6b);
  return (((x ^ (x >>> 13)) >>> 0) % 8001) - 4000;
}

const head =
  `POST /ingest/waymark HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer ${settings.secret}\r\n` +
  'content-type: application/x-ndjson\r\ncontent-length: ';

/** One kept connection that sends a request and reads its answer, and no more: the clients share the machine with what is measured. */
class Connection {
  readonly #socket = connect(Number(port), hostname).setNoDelay(true);
  #answer = '';
  #waiting: { resolve(status: number): void; reject(error: Error): void } | null = null;

  constructor() {
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (chunk: string) => this.#read(chunk));
    this.#socket.on('error', (error) => this.#waiting?.reject(error));
    this.#socket.on('close', () => this.#waiting?.reject(new Error('The connection was closed.')));
  }

  send(text: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      // Bodies are ASCII: as many bytes as characters.
      this.#socket.write(`${head}${text.length}\r\n\r\n${text}`);
    });
  }

  end(): void {
    this.#waiting = null;
    this.#socket.destroy();
  }

  #read(chunk: string): void {
    this.#answer += chunk;
    const headEnd = this.#answer.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const length = /content-length: (\d+)/i.exec(this.#answer.slice(0, headEnd))?.[1];
    if (length === undefined) throw new Error('The answer says no length.');
    if (this.#answer.length < headEnd + 4 + Number(length)) return;
    const status = Number(this.#answer.slice(9, 12));
    this.#answer = '';
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve(status);
  }
}

const latencies: number[] = [];
let fixes = 0;
let errors = 0;
const began = performance.now();
const end = began + settings.seconds * 1000;

async function client(index: number): Promise<void> {
  const connection = new Connection();
  const every = settings.rate ? (1000 * settings.batch * settings.clients) / settings.rate : 0;
  let due = began + (every * index) / settings.clients;
  while (performance.now() < end) {
    if (every > 0) {
      const wait = due - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    }
    const text = body();
    // Counted from when it was due, so that a stall is not hidden by those it held up.
    const start = every > 0 ? due : performance.now();
    due += every;
    try {
      const status = await connection.send(text);
      if (status === 200) fixes += settings.batch;
      else errors++;
    } catch {
      errors++;
    }
    latencies.push(performance.now() - start);
  }
  connection.end();
}

await Promise.all(Array.from({ length: settings.clients }, (_, i) => client(i)));
process.stdout.write(JSON.stringify({ fixes, errors, latencies, seconds: (performance.now() - began) / 1000 }));
