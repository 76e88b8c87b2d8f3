import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { defaultParameters, layArea, SharedZones, sigmaOf, type WatchedFix, type WatchedZone, ZoneWatch } from '@waymark/presence';
import { Random, Town, toDegrees } from '@waymark/town';
import { build } from 'hdr-histogram-js';
import type { TagBroker } from '../app/src/supervision/index.ts';
import { serveForTest } from '../app/test/serve-for-test.ts';
import { type Report, say } from './report.ts';
import { zoneOf } from './zones.ts';

const tags = 400;
const ownZones = 5;
/** A shared machine is slow for seconds at a time: the engine's figure is its best round, and the median is told beside it. */
const engineRounds = 9;
const home: [number, number] = [-1.83, 53.09];
const zone: [number, number] = [-1.815, 53.09];

interface ClientResult {
  acknowledged: number;
  seconds: number;
  latencies: number[];
  entries: { serial: string; at: number; sentAt: number }[];
  errors: number;
  lost: number;
}

/** Fixes from tags on MQTT to disk and to listed alerts, with the tags in a process of their own; and the zone engine alone. */
export async function benchLive(options: { seed: number; size?: number }): Promise<Report> {
  const seconds = options.size ?? 10;
  const engine = engineAlone(options.seed);
  const serving = await serveForTest();
  try {
    const { performer, live, database } = serving.waymark;
    const { declareZone, issueTagCredential, registerWearers } = await import('../app/src/supervision/index.ts');
    const at = Date.now() - 300 * 86_400_000;
    const system = (purpose: 'administration' | 'monitoring') => ({ id: 'bench', name: 'bench', role: 'system' as const, purpose });
    const serials = Array.from({ length: tags }, (_, i) => `L${i}`);
    const { orders } = await performer.perform(
      system('administration'),
      registerWearers,
      null,
      serials.map((tag) => ({ tag, name: 'Bench Wearer', firstAt: at })),
    );
    const credentials: { serial: string; secret: string }[] = [];
    const administrator = { id: 'bench', name: 'bench', role: 'administrator' as const, purpose: 'administration' as const };
    for (const [i, serial] of serials.entries()) {
      credentials.push({ serial, ...(await performer.perform(administrator, issueTagCredential, null, { serial })) });
      for (let z = 0; z < ownZones; z++) {
        const [lon, lat] = z === 0 ? zone : [zone[0] + 0.01 * z, zone[1] + 0.01 * z];
        await performer.perform(system('monitoring'), declareZone, null, {
          orderId: orders[i] as number,
          name: `Zone ${z}`,
          kind: 'exclusion',
          area: { kind: 'circle', lon, lat, radiusM: 200 },
          hours: [],
          effectiveAt: new Date(at),
        });
      }
      if ((i + 1) % 100 === 0) say(`live: ${i + 1} of ${tags} tags ready`);
    }
    const { rows } = await database.executeSql(
      'SELECT w.id, t.serial FROM supervision.wearings w JOIN supervision.tags t ON t.id = w.tag_id',
    );
    const serialOf = new Map((rows as { id: number; serial: string }[]).map(({ id, serial }) => [id, serial]));
    const listed = new Map<number, number>();
    live.listen(({ id, change }) => {
      if (change === 'raised') listed.set(id, Date.now());
    });
    const { port } = serving.broker as TagBroker;
    const job = { port, tags: credentials, inFlight: 10, seconds, home, zone, entersEvery: 400, staysFixes: 4 };
    say('live: as fast as it goes');
    const fast = await runClients({ ...job, at });
    const acknowledgedAt = performance.now();
    await live.settled();
    const settledS = (performance.now() - acknowledgedAt) / 1000;
    say('live: 5,000 messages a second');
    listed.clear();
    const steady = await runClients({ ...job, rate: 5000, at: at + 100 * 86_400_000 });
    await live.settled();
    const { rows: raised } = await database.executeSql(
      "SELECT id, wearing_id, from_at FROM supervision.alerts WHERE kind = 'exclusion entered'",
    );
    const alertMs = delays(
      steady.entries,
      (raised as { id: number; wearing_id: number; from_at: Date }[]).flatMap(({ id, wearing_id, from_at }) => {
        const at = listed.get(id);
        return at === undefined ? [] : [{ entry: `${serialOf.get(wearing_id)} ${new Date(from_at).getTime()}`, at }];
      }),
    );
    const stored = (await serving.waymark.fixes.summary()).fixes;
    const p = (values: number[], share: number) => {
      const histogram = build();
      for (const ms of values) histogram.recordValue(Math.max(1, Math.round(ms * 1000)));
      return Number((histogram.getValueAtPercentile(share) / 1000).toFixed(1));
    };
    const perSecond = fast.acknowledged / (fast.seconds + settledS);
    return {
      bench: `live (${tags} tags on MQTT with ${ownZones} zones each, QoS 1, one fix per message; clients on the same machine)`,
      table: [
        {
          load: 'as fast as it goes',
          'messages/s': Math.round(perSecond),
          'acknowledged p50 ms': p(fast.latencies, 50),
          'acknowledged p99 ms': p(fast.latencies, 99),
          alerts: '',
          'alert p99 ms': '',
          errors: fast.errors + fast.lost,
        },
        {
          load: '5,000 messages/s',
          'messages/s': Math.round(steady.acknowledged / steady.seconds),
          'acknowledged p50 ms': p(steady.latencies, 50),
          'acknowledged p99 ms': p(steady.latencies, 99),
          alerts: `${alertMs.length} of ${steady.entries.length}`,
          'alert p99 ms': alertMs.length > 0 ? p(alertMs, 99) : '',
          errors: steady.errors + steady.lost,
        },
        { load: `engine alone, ${ownZones} own and 10,000 shared zones, one core`, 'messages/s': Math.round(engine.best) },
      ],
      notes: [
        `Stored ${stored.toLocaleString('en-GB')} of ${(fast.acknowledged + steady.acknowledged).toLocaleString('en-GB')} acknowledged. All was evaluated ${settledS.toFixed(2)} s after the last acknowledgement of the first load, which its figure counts.`,
        `The engine alone: ${Math.round(engine.best).toLocaleString('en-GB')} fixes/s in the best of ${engineRounds} rounds, ${Math.round(engine.median).toLocaleString('en-GB')} in the median.`,
        'An alert counts from the sending of the first fix in the zone, the first that can decide, until it is on record and told to open pages, in one clock; a negative time is an error.',
      ],
      bars: [
        { name: 'messages per second, durable and evaluated', figure: perSecond, limit: 10_000, sense: 'least', unit: 'messages/s' },
        {
          name: 'alert p99 at 5,000 messages/s',
          figure: alertMs.length > 0 ? p(alertMs, 99) : Number.NaN,
          limit: 1000,
          sense: 'most',
          unit: 'ms',
        },
        { name: 'entries without an alert', figure: steady.entries.length - alertMs.length, limit: 0, sense: 'most', unit: 'alerts' },
        {
          name: 'acknowledged and not stored',
          figure: fast.acknowledged + steady.acknowledged - stored,
          limit: 0,
          sense: 'most',
          unit: 'fixes',
        },
        { name: 'evaluations per second of the engine alone', figure: engine.best, limit: 500_000, sense: 'least', unit: 'fixes/s' },
      ],
    };
  } finally {
    await serving.end();
  }
}

/** For each entry that was sent, how long until its own alert was listed: the one of this tag that begins with this fix. */
function delays(entries: ClientResult['entries'], listed: { entry: string; at: number }[]): number[] {
  const listedAt = new Map(listed.map(({ entry, at }) => [entry, at]));
  return entries.flatMap(({ serial, at, sentAt }) => {
    const told = listedAt.get(`${serial} ${at}`);
    if (told === undefined) return [];
    // Nobody is told before the first message that can decide was sent: such a figure measures something else.
    if (told < sentAt)
      throw new Error(`The alert of ${serial} was listed ${sentAt - told} ms before the message that it is measured from.`);
    return [told - sentAt];
  });
}

function runClients(job: object): Promise<ClientResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'live-clients.ts'), JSON.stringify(job)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.once('exit', (code) => (code === 0 ? resolve(JSON.parse(out) as ClientResult) : reject(new Error(`clients ended with ${code}`))));
  });
}

/** Fixes per second of CPU that the engine evaluates: one wearer after the other, fix by fix. */
function engineAlone(seed: number): { best: number; median: number } {
  say('live: the engine alone');
  const town = new Town({ seed, wearers: 20, days: 14, crimes: 0, conditions: true });
  const random = new Random(seed);
  const disc = (x: number, y: number, radius: number, corners: number): [number, number][] => {
    const ring = Array.from({ length: corners }, (_, i) =>
      toDegrees(x + radius * Math.cos((2 * Math.PI * i) / corners), y + radius * Math.sin((2 * Math.PI * i) / corners)),
    );
    return [...ring, ring[0] as [number, number]];
  };
  const polygon = (id: string, x: number, y: number, radius: number, corners: number): WatchedZone => ({
    id,
    area: layArea({ kind: 'polygon', rings: [disc(x, y, radius, corners)] }),
    stayIn: false,
  });
  // Town centres over the country; twenty of them in this town.
  const shared = new SharedZones(
    Array.from({ length: 10_000 }, (_, i) => {
      const reach = i % 500 === 0 ? 2500 : 250_000;
      return polygon(`s${i}`, random.between(-reach, reach), random.between(-reach, reach), random.between(100, 400), 12);
    }),
  );
  const wearers: { zones: WatchedZone[]; fixes: WatchedFix[] }[] = [];
  for (const { fixes, rules, index } of town.wearers()) {
    const order = Array.from({ length: fixes.count }, (_, i) => i).sort((a, b) => (fixes.at[a] as number) - (fixes.at[b] as number));
    const zones = rules.map((rule, r) => zoneOf(rule, `${index}/${r}`));
    while (zones.length < ownZones)
      zones.push(polygon(`${index}/${zones.length}`, random.between(-2000, 2000), random.between(-2000, 2000), 200, 40));
    wearers.push({
      zones,
      fixes: order.map((i) => ({
        at: (fixes.at[i] as number) * 1000,
        lon: fixes.lon[i] as number,
        lat: fixes.lat[i] as number,
        sigma: sigmaOf(fixes.accuracyM[i] as number, defaultParameters),
      })),
    });
  }
  const rounds: number[] = [];
  for (let round = 0; round < engineRounds; round++) {
    const before = process.cpuUsage();
    let count = 0;
    for (const { zones, fixes } of wearers) {
      const watch = new ZoneWatch(zones, shared);
      for (const fix of fixes) watch.take([fix]);
      count += fixes.length;
    }
    const { user, system } = process.cpuUsage(before);
    rounds.push(count / ((user + system) / 1e6));
  }
  rounds.sort((a, b) => b - a);
  return { best: rounds[0] as number, median: rounds[Math.floor(rounds.length / 2)] as number };
}
