import { Agent, request } from 'node:http';

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
}

const settings = JSON.parse(process.argv[2] ?? '{}') as Settings;
const { hostname, port } = new URL(settings.url);
if (hostname !== '127.0.0.1') throw new Error('Load goes to 127.0.0.1 only.');
const agent = new Agent({ keepAlive: true, maxSockets: settings.clients });
let next = 0;

/** Fixes move on through time, so that each is new. Bodies are made of cheap parts: the clients share the machine. */
function body(): string {
  const lines: string[] = [];
  for (let i = 0; i < settings.batch; i++) {
    const n = next++;
    const [tag, second] = [n % settings.wearers, Math.floor(n / settings.wearers)];
    // Each tag stays about where it is: one that jumped for miles would be taken for one whose signal somebody forges.
    const place = String(tag).padStart(4, '0') + (second % 7);
    lines.push(
      `{"tag":"B${tag}","at":"${new Date(settings.at + second * 1000).toISOString()}","lat":53.0${place},"lon":-1.8${place},"accuracy":8.5,"battery":0.9}`,
    );
  }
  return lines.join('\n');
}

function send(text: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        hostname,
        port,
        path: '/ingest/waymark',
        method: 'POST',
        agent,
        headers: { authorization: `Bearer ${settings.secret}`, 'content-type': 'application/x-ndjson' },
      },
      (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
      },
    );
    call.once('error', reject);
    call.end(text);
  });
}

const latencies: number[] = [];
let fixes = 0;
let errors = 0;
const began = performance.now();
const end = began + settings.seconds * 1000;

async function client(index: number): Promise<void> {
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
      const status = await send(text);
      if (status === 200) fixes += settings.batch;
      else errors++;
    } catch {
      errors++;
    }
    latencies.push(performance.now() - start);
  }
}

await Promise.all(Array.from({ length: settings.clients }, (_, i) => client(i)));
process.stdout.write(JSON.stringify({ fixes, errors, latencies, seconds: (performance.now() - began) / 1000 }));
agent.destroy();
