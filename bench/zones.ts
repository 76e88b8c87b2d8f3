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
import { Town, type TownRule, toDegrees, trueViolations, type Wearer } from '@waymark/town';
import { type Report, say } from './report.ts';

/** Violations at least this long have to be found, seconds. */
const longS = 180;
/** An alert that begins or ends this close to a true violation belongs to it, seconds. */
const closeS = 120;
const timeZone = 'UTC';

type Stretch = [from: number, to: number];

interface Score {
  longFound: number;
  shortFound: number;
  alerts: number;
  falseAlerts: number;
}

/**
 * Wearers under rules for two weeks, with the receivers' errors of a town, in the order in which fixes came in. Every alert
 * that was ever raised counts, whether retracted later or not. Beside it the plain rule: a fix on the wrong side is an alert,
 * as long as the next are too.
 */
export async function benchZones(options: { seed: number; size?: number }): Promise<Report> {
  const wearers = options.size ?? 200;
  const days = 14;
  const town = new Town({ seed: options.seed, wearers, days, crimes: 0, conditions: true });
  const ours = noScore();
  const plain = noScore();
  const byRule = new Map<string, { long: number; ours: Score; plain: Score }>();
  let long = 0;
  let short = 0;
  let fixes = 0;
  let unseen = 0;
  let evaluationMs = 0;
  for (const wearer of town.wearers()) {
    const { startMs } = town.settings;
    const zones = wearer.rules.map((rule, r) => zoneOf(rule, String(r)));
    const holds = wearer.rules.map((rule) => hoursOf(rule, startMs, town.endS));
    const began = performance.now();
    const raised = watchLive(wearer, startMs, zones, wearer.rules, holds, defaultWatch);
    evaluationMs += performance.now() - began;
    fixes += wearer.fixes.count;
    wearer.rules.forEach((rule, r) => {
      const truth = trueViolations(wearer.path, rule, town.endS);
      const score = byRule.get(rule.name) ?? { long: 0, ours: noScore(), plain: noScore() };
      byRule.set(rule.name, score);
      const longOnes = truth.filter(([from, to]) => to - from >= longS);
      score.long += longOnes.length;
      long += longOnes.length;
      short += truth.length - longOnes.length;
      unseen += longOnes.filter((stretch) => fixesWithin(wearer, stretch) < 2).length;
      const plainAlerts = plainRule(wearer, startMs, zones[r] as WatchedZone, rule, holds[r] as Intervals);
      for (const [sum, own, alerts] of [
        [ours, score.ours, raised[r] as Stretch[]],
        [plain, score.plain, plainAlerts],
      ] as const) {
        for (const target of [sum, own]) tally(target, truth, alerts);
      }
    });
    if ((wearer.index + 1) % 20 === 0) say(`watching: ${wearer.index + 1} of ${wearers} wearers`);
  }
  const weeks = (wearers * days) / 7;
  const rows = [...byRule].flatMap(([rule, score]) => [
    rowOf(`${rule}: watch`, score.ours, score.long, weeks),
    rowOf(`${rule}: plain rule`, score.plain, score.long, weeks),
  ]);
  const recall = ours.longFound / Math.max(1, long);
  const ratio = plain.falseAlerts / Math.max(1, ours.falseAlerts);
  return {
    bench: `zones (${wearers} wearers, ${days} days, ${fixes.toLocaleString('en-GB')} fixes, ${long} true violations of 3 minutes or more, ${short} shorter)`,
    table: [rowOf('all: watch', ours, long, weeks), rowOf('all: plain rule', plain, long, weeks), ...rows],
    notes: [
      `Of the ${long} violations, ${unseen} have fewer than two fixes within them: the tag was flat, indoors or off.`,
      `Evaluation took ${((1e6 * evaluationMs) / fixes / 1000).toFixed(2)} µs for each fix against three zones, in the order received, with the violations worked out anew each time.`,
    ],
    bars: [
      { name: 'violations of 3 minutes or more found', figure: recall, limit: 0.99, sense: 'least', unit: 'of all' },
      { name: 'times fewer false alerts than the plain rule', figure: ratio, limit: 10, sense: 'least', unit: 'x' },
    ],
  };
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

/** Fixes on the wrong side during the hours, neighbours as one alert; seconds. In order of time, which is kind to the rule. */
function plainRule({ fixes }: Wearer, startMs: number, zone: WatchedZone, rule: TownRule, holds: Intervals): Stretch[] {
  const order = Array.from({ length: fixes.count }, (_, i) => i).sort((a, b) => (fixes.at[a] as number) - (fixes.at[b] as number));
  const alerts: Stretch[] = [];
  let open: Stretch | null = null;
  let h = 0;
  for (const i of order) {
    const second = fixes.at[i] as number;
    const at = startMs + second * 1000;
    while (h < holds.length && (holds[h + 1] as number) <= at) h += 2;
    const holding = h < holds.length && (holds[h] as number) <= at;
    const inside = depthM(zone.area, fixes.lon[i] as number, fixes.lat[i] as number) >= 0;
    if (holding && inside === (rule.sense === 'keep out')) {
      if (open) open[1] = second;
      else {
        open = [second, second];
        alerts.push(open);
      }
    } else open = null;
  }
  return alerts;
}
