import {
  type Area,
  defaultParameters,
  defaultWatch,
  depthM,
  type Intervals,
  intervalsOf,
  layArea,
  sigmaOf,
  violationsOf,
  type WatchedZone,
  type WatchParameters,
  ZoneWatch,
} from '@waymark/presence';
import { Random, Town, type TownRule, toDegrees, trueViolations, type Wearer } from '@waymark/town';
import { type Report, say } from './report.ts';

/** Violations at least this long have to be found, seconds. */
const longS = 180;
/** An alert that begins or ends this close to a true violation belongs to it, seconds. */
const closeS = 120;
const timeZone = 'UTC';

type Stretch = [from: number, to: number];

/** Radii of the curfews that are tried beside the town's own, metres. */
const curfewRadiiM = [50, 100, 150];

/** How receivers err. The town's own are those of its receivers; the others are told by public studies of phones among buildings. */
const noises = ['town', 'heavy tails, accuracy right', 'heavy tails, accuracy 3 m'] as const;
type Noise = (typeof noises)[number];

interface Score {
  longFound: number;
  shortFound: number;
  alerts: number;
  falseAlerts: number;
}

/** A rule's alerts and those of the two plain rules on the same fixes. */
interface Compared {
  long: number;
  ours: Score;
  twice: Score;
  plain: Score;
}

/**
 * Wearers under rules for two weeks, with the receivers' errors of a town and with heavier ones, in the order in which fixes came
 * in. Every alert that was ever raised counts, whether retracted later or not. Beside it two plain rules: a fix on the wrong side
 * is an alert, as long as the next are too; and a change of side counts once two fixes running are on the other side.
 */
export async function benchZones(options: { seed: number; size?: number }): Promise<Report> {
  const wearers = options.size ?? 200;
  const days = 14;
  const town = new Town({ seed: options.seed, wearers, days, crimes: 0, conditions: true });
  const all = new Map<Noise, Compared>(noises.map((noise) => [noise, noCompared()]));
  const byRow = new Map<string, Compared>();
  let short = 0;
  let fixes = 0;
  let unseen = 0;
  let evaluationMs = 0;
  for (const wearer of town.wearers()) {
    const { startMs } = town.settings;
    const rules = [...wearer.rules, ...curfewsOf(wearer)];
    const zones = rules.map((rule, r) => zoneOf(rule, String(r)));
    const holds = rules.map((rule) => hoursOf(rule, startMs, town.endS));
    const truths = rules.map((rule) => trueViolations(wearer.path, rule, town.endS));
    for (const noise of noises) {
      const noisy = withNoise(wearer, noise, options.seed);
      const began = performance.now();
      const raised = watchLive(noisy, startMs, zones, rules, holds, defaultWatch);
      evaluationMs += performance.now() - began;
      fixes += noisy.fixes.count;
      rules.forEach((rule, r) => {
        const truth = truths[r] as Stretch[];
        const name = `${noise}: ${rule.name}`;
        const row = byRow.get(name) ?? noCompared();
        byRow.set(name, row);
        const longOnes = truth.filter(([from, to]) => to - from >= longS);
        short += truth.length - longOnes.length;
        unseen += longOnes.filter((stretch) => fixesWithin(noisy, stretch) < 2).length;
        const sides = [noisy, startMs, zones[r] as WatchedZone, rule, holds[r] as Intervals] as const;
        const alerts = { ours: raised[r] as Stretch[], twice: plainRule(...sides, 2), plain: plainRule(...sides, 1) };
        for (const target of [row, all.get(noise) as Compared]) {
          target.long += longOnes.length;
          for (const which of ['ours', 'twice', 'plain'] as const) tally(target[which], truth, alerts[which]);
        }
      });
    }
    if ((wearer.index + 1) % 20 === 0) say(`watching: ${wearer.index + 1} of ${wearers} wearers`);
  }
  const weeks = (wearers * days) / 7;
  const rowsOf = ([name, { long, ours, twice, plain }]: [string, Compared]) => [
    rowOf(`${name}: watch`, ours, long, weeks),
    rowOf(`${name}: two in a row`, twice, long, weeks),
    rowOf(`${name}: plain rule`, plain, long, weeks),
  ];
  const totals = [...all.values()];
  const long = totals.reduce((sum, own) => sum + own.long, 0);
  const found = totals.reduce((sum, own) => sum + own.ours.longFound, 0);
  const inTown = all.get('town') as Compared;
  const worse = [...byRow]
    .map(([name, { ours, twice }]) => ({ name, more: ours.falseAlerts - twice.falseAlerts }))
    .filter(({ more }) => more > 0);
  return {
    bench: `zones (${wearers} wearers, ${days} days, ${fixes.toLocaleString('en-GB')} fixes under ${noises.length} kinds of noise, ${long} true violations of 3 minutes or more, ${short} shorter)`,
    table: [...[...all].flatMap(([noise, own]) => rowsOf([`${noise}: all`, own])), ...[...byRow].flatMap(rowsOf)],
    notes: [
      `Of the ${long} violations, ${unseen} have fewer than two fixes within them: the tag was flat, indoors or off.`,
      `Evaluation took ${((1e6 * evaluationMs) / fixes / 1000).toFixed(2)} µs for each fix against ${3 + curfewRadiiM.length} zones, in the order received, with the violations worked out anew each time.`,
      ...worse.map(({ name, more }) => `${name}: ${more} more false alerts than two in a row.`),
    ],
    bars: [
      {
        name: 'violations of 3 minutes or more found, all kinds of noise',
        figure: found / Math.max(1, long),
        limit: 0.99,
        sense: 'least',
        unit: 'of all',
      },
      {
        name: 'violations of 3 minutes or more found, errors of the town',
        figure: inTown.ours.longFound / Math.max(1, inTown.long),
        limit: 0.99,
        sense: 'least',
        unit: 'of all',
      },
      { name: 'rows with more false alerts than two in a row', figure: worse.length, limit: 0, sense: 'most', unit: `of ${byRow.size}` },
      {
        name: 'times fewer false alerts than the plain rule, errors of the town',
        figure: inTown.plain.falseAlerts / Math.max(1, inTown.ours.falseAlerts),
        limit: 10,
        sense: 'least',
        unit: 'x',
      },
    ],
  };
}

function noCompared(): Compared {
  return { long: 0, ours: noScore(), twice: noScore(), plain: noScore() };
}

/** The town's curfew with other radii. */
function curfewsOf({ rules }: Wearer): TownRule[] {
  return rules.flatMap((rule) => {
    const { area } = rule;
    if (rule.sense !== 'stay in' || area.kind !== 'circle') return [];
    return curfewRadiiM.map((radiusM) => ({ ...rule, name: `curfew of ${radiusM} m`, area: { ...area, radiusM } }));
  });
}

/**
 * The same fixes with other errors: per axis Student's t with three degrees of freedom times 8, 25 or 70 m (75, 20 and 5 % of
 * fixes), with the accuracy stated right (1.96 times the scale) or as 3 m throughout.
 */
function withNoise(wearer: Wearer, noise: Noise, seed: number): Wearer {
  if (noise === 'town') return wearer;
  const random = new Random(seed ^ 0x7a11).fork(wearer.index);
  const student = () => {
    const squares = random.normal() ** 2 + random.normal() ** 2 + random.normal() ** 2;
    return random.normal() / Math.sqrt(squares / 3);
  };
  const { fixes } = wearer;
  const [lon, lat, accuracyM] = [Float64Array.from(fixes.lon), Float64Array.from(fixes.lat), Float32Array.from(fixes.accuracyM)];
  let near = 0;
  for (let i = 0; i < fixes.count; i++) {
    const [x, y, index] = wearer.path.positionAt(fixes.at[i] as number, near);
    near = index;
    const drawn = random.next();
    const scale = drawn < 0.75 ? 8 : drawn < 0.95 ? 25 : 70;
    [lon[i], lat[i]] = toDegrees(x + scale * student(), y + scale * student());
    accuracyM[i] = noise === 'heavy tails, accuracy right' ? 1.96 * scale : 3;
  }
  return { ...wearer, fixes: { ...fixes, lon, lat, accuracyM } };
}

function noScore(): Score {
  return { longFound: 0, shortFound: 0, alerts: 0, falseAlerts: 0 };
}

function rowOf(what: string, score: Score, long: number, weeks: number) {
  return {
    what,
    'long found': score.longFound,
    recall: Number((score.longFound / Math.max(1, long)).toFixed(4)),
    'short found': score.shortFound,
    alerts: score.alerts,
    'false alerts': score.falseAlerts,
    'false per wearer and week': Number((score.falseAlerts / weeks).toFixed(3)),
  };
}

function tally(score: Score, truth: Stretch[], alerts: Stretch[]): void {
  const touches = ([a, b]: Stretch, [c, d]: Stretch, margin: number) => a <= d + margin && c <= b + margin;
  for (const stretch of truth) {
    if (!alerts.some((alert) => touches(alert, stretch, 0))) continue;
    if (stretch[1] - stretch[0] >= longS) score.longFound++;
    else score.shortFound++;
  }
  score.alerts += alerts.length;
  score.falseAlerts += alerts.filter((alert) => !truth.some((stretch) => touches(alert, stretch, closeS))).length;
}

function fixesWithin({ fixes }: Wearer, [from, to]: Stretch): number {
  let count = 0;
  for (let i = 0; i < fixes.count; i++) if ((fixes.at[i] as number) >= from && (fixes.at[i] as number) <= to) count++;
  return count;
}

export function zoneOf(rule: TownRule, id: string): WatchedZone {
  const { area } = rule;
  const own: Area =
    area.kind === 'circle'
      ? { kind: 'circle', lon: toDegrees(area.x, area.y)[0], lat: toDegrees(area.x, area.y)[1], radiusM: area.radiusM }
      : { kind: 'polygon', rings: [area.ring.map(([x, y]) => toDegrees(x, y))] };
  return { id, area: layArea(own), stayIn: rule.sense === 'stay in' };
}

function hoursOf({ hours }: TownRule, startMs: number, endS: number): Intervals {
  const clock = (hour: number) => `${String(hour).padStart(2, '0')}:00`;
  const weekly = hours ? [{ days: [1, 2, 3, 4, 5, 6, 7], from: clock(hours.from), to: clock(hours.to) }] : [];
  const to = startMs + endS * 1000;
  return intervalsOf({ hours: weekly, from: startMs, to, absences: [] }, startMs, to, timeZone);
}

/** Every alert ever raised, rule by rule, as stretches in seconds; one that grew counts once. */
function watchLive(
  wearer: Wearer,
  startMs: number,
  zones: WatchedZone[],
  rules: TownRule[],
  holds: Intervals[],
  parameters: WatchParameters,
): Stretch[][] {
  const { fixes } = wearer;
  const watch = new ZoneWatch(zones, null, parameters);
  const order = Array.from({ length: fixes.count }, (_, i) => i).sort(
    (a, b) => (fixes.receivedAt[a] as number) - (fixes.receivedAt[b] as number),
  );
  const raised: Stretch[][] = rules.map(() => []);
  const lengths = rules.map(() => -1);
  for (let next = 0; next < order.length; ) {
    const batch = [];
    const received = fixes.receivedAt[order[next] as number] as number;
    for (; next < order.length && (fixes.receivedAt[order[next] as number] as number) === received; next++) {
      const i = order[next] as number;
      const sigma = sigmaOf(fixes.accuracyM[i] as number, defaultParameters);
      batch.push({ at: startMs + (fixes.at[i] as number) * 1000, lon: fixes.lon[i] as number, lat: fixes.lat[i] as number, sigma });
    }
    const last = watch.lastAt;
    const changed = watch.take(batch);
    if (changed === 'older') throw new Error('A fix came later than the watch keeps fixes for');
    if (changed === null) continue;
    rules.forEach((rule, r) => {
      const spans = watch.spans(String(r));
      const wrong = rule.sense === 'keep out' ? 'in' : 'out';
      // Nothing can have changed while the wearer is where they may be.
      if (changed > last && lengths[r] === spans.length && spans[spans.length - 1]?.side !== wrong) return;
      lengths[r] = spans.length;
      for (const violation of violationsOf(spans.slice(-12), wrong, around(holds[r] as Intervals, watch.lastAt))) {
        const stretch: Stretch = [(violation.from - startMs) / 1000, (violation.to - startMs) / 1000];
        const own = raised[r] as Stretch[];
        const known = own.find(([from, to]) => from <= stretch[1] && stretch[0] <= to);
        if (!known) own.push(stretch);
        else {
          known[0] = Math.min(known[0], stretch[0]);
          known[1] = Math.max(known[1], stretch[1]);
        }
      }
    });
  }
  return raised;
}

/** The hours of the last three days: older ones do not change any more in this town. */
function around(holds: Intervals, now: number): Intervals {
  let first = holds.length - 2;
  while (first > 0 && (holds[first - 1] as number) > now - 3 * 86_400_000) first -= 2;
  return holds.subarray(Math.max(0, first));
}

/**
 * Fixes on the wrong side during the hours, neighbours as one alert; seconds. In order of time, which is kind to the rule.
 * @param running so many fixes in a row on the other side make a change
 */
function plainRule({ fixes }: Wearer, startMs: number, zone: WatchedZone, rule: TownRule, holds: Intervals, running: number): Stretch[] {
  const order = Array.from({ length: fixes.count }, (_, i) => i).sort((a, b) => (fixes.at[a] as number) - (fixes.at[b] as number));
  const alerts: Stretch[] = [];
  let open: Stretch | null = null;
  let isInside: boolean | null = null;
  let others = 0;
  let h = 0;
  for (const i of order) {
    const second = fixes.at[i] as number;
    const at = startMs + second * 1000;
    while (h < holds.length && (holds[h + 1] as number) <= at) h += 2;
    const holding = h < holds.length && (holds[h] as number) <= at;
    const inside = depthM(zone.area, fixes.lon[i] as number, fixes.lat[i] as number) >= 0;
    others = inside === isInside ? 0 : others + 1;
    if (others >= running) {
      isInside = inside;
      others = 0;
    }
    if (holding && isInside !== null && isInside === (rule.sense === 'keep out')) {
      if (open) open[1] = second;
      else {
        open = [second, second];
        alerts.push(open);
      }
    } else open = null;
  }
  return alerts;
}
