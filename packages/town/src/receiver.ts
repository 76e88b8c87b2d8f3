import type { Random } from './chance/random.ts';
import type { TruePath } from './paths.ts';
import { toDegrees } from './streets.ts';

/**
 * A body-worn receiver, after published behaviour rather than any model of ours:
 * - open sky: a few metres (NIJ 1004.00 asks 10 m at 90 %);
 * - among tall buildings errors grow and are shared by neighbouring fixes, as reflected signals last while the geometry
 *   does: displacements of tens of metres for minutes (multipath bursts), with an accuracy figure that does not notice;
 * - indoors fixes wander slowly about the building, or are missing, or come from Wi-Fi;
 * - now and then a fix is hundreds of metres out while claiming a few.
 * Slow error is a first-order autoregression, fast error Student-t with 4 degrees of freedom.
 */
export interface ReceiverSettings {
  intervalS: number;
  /** Radius of the built-up middle, metres. */
  canyonRadiusM: number;
  /** Chance per fix in the canyon that a multipath burst begins, and its mean length in seconds. */
  burstChance: number;
  burstMeanS: number;
  burstScaleM: number;
  /** Chance per fix of a lone gross outlier. */
  outlierChance: number;
  /** Chance per fix indoors that a gap begins, and its mean length in seconds. */
  indoorGapChance: number;
  indoorGapMeanS: number;
  /** Chance per day that the battery runs flat, and hours until it is charged. */
  flatChance: number;
  flatHours: [number, number];
  duplicateChance: number;
  /** Chance per hour that the link is down for a while and fixes arrive late in one burst. */
  offlineChance: number;
}

export const defaultReceiver: ReceiverSettings = {
  intervalS: 60,
  canyonRadiusM: 550,
  burstChance: 0.004,
  burstMeanS: 240,
  burstScaleM: 55,
  outlierChance: 0.0004,
  indoorGapChance: 0.004,
  indoorGapMeanS: 700,
  flatChance: 0.05,
  flatHours: [1, 6],
  duplicateChance: 0.004,
  offlineChance: 0.01,
};

/** Reported fixes of one wearer as columns. Times in seconds from the town's beginning. */
export interface ReportedFixes {
  count: number;
  at: Float64Array;
  receivedAt: Float64Array;
  lon: Float64Array;
  lat: Float64Array;
  accuracyM: Float32Array;
  speedMps: Float32Array;
  /** 0 gnss, 1 wifi */
  method: Uint8Array;
  battery: Float32Array;
  /** What the tag told with a fix, by its index; most tell nothing. */
  events: Map<number, string[]>;
}

/** Student-t with 4 degrees of freedom, scaled to about unit spread in its middle. */
function heavy(random: Random): number {
  const z = random.normal();
  const chi = -2 * Math.log(1 - random.next()) - 2 * Math.log(1 - random.next());
  return z / Math.sqrt(chi / 4);
}

function noFixes(room: number): ReportedFixes {
  return {
    count: 0,
    at: new Float64Array(room),
    receivedAt: new Float64Array(room),
    lon: new Float64Array(room),
    lat: new Float64Array(room),
    accuracyM: new Float32Array(room),
    speedMps: new Float32Array(room),
    method: new Uint8Array(room),
    battery: new Float32Array(room),
    events: new Map(),
  };
}

/** How far reflections put a receiver out for a while, metres. */
function burst(random: Random, settings: ReceiverSettings): [x: number, y: number] {
  const angle = random.between(0, 2 * Math.PI);
  const length = settings.burstScaleM * (0.4 + random.exponential(0.8));
  return [length * Math.cos(angle), length * Math.sin(angle)];
}

/** How far one fix is out, metres. */
function outlier(random: Random): [x: number, y: number] {
  const angle = random.between(0, 2 * Math.PI);
  const length = random.between(80, 420);
  return [length * Math.cos(angle), length * Math.sin(angle)];
}

export function receive(random: Random, path: TruePath, endS: number, settings: ReceiverSettings): ReportedFixes {
  const room = Math.ceil((endS / settings.intervalS) * 1.02) + 64;
  const fixes = noFixes(room);
  let near = 0;
  let slowX = 0;
  let slowY = 0;
  let burstUntil = -1;
  let [burstX, burstY] = [0, 0];
  let silentUntil = -1;
  let offlineUntil = -1;
  let battery = random.between(0.6, 1);
  let day = -1;
  let flatFrom = Infinity;
  let flatUntil = -1;
  let [lastX, lastY] = [0, 0];
  // Personal over-confidence of this device's accuracy figure.
  const candour = random.between(0.55, 1.15);
  for (
    let t = random.between(0, settings.intervalS);
    t < endS && fixes.count < room - 2;
    t += settings.intervalS * random.between(0.93, 1.07)
  ) {
    const [x, y, index] = path.positionAt(t, near);
    near = index;
    if (Math.floor(t / 86_400) !== day) {
      day = Math.floor(t / 86_400);
      battery = 1;
      flatFrom = Infinity;
      if (random.chance(settings.flatChance)) {
        flatFrom = day * 86_400 + random.between(0, 80_000);
        flatUntil = flatFrom + 3600 * random.between(...settings.flatHours);
      }
    }
    battery = Math.max(0.02, battery - settings.intervalS / 108_000);
    if ((t >= flatFrom && t < flatUntil) || t < silentUntil) continue;
    const indoors = path.indoors[index] as boolean;
    const canyon = Math.hypot(x, y) < settings.canyonRadiusM;
    if (indoors && random.chance(settings.indoorGapChance)) {
      silentUntil = t + random.exponential(settings.indoorGapMeanS);
      continue;
    }
    const wifi = indoors && random.chance(0.18);
    const scale = wifi ? random.between(15, 40) : indoors ? random.between(7, 16) : canyon ? random.between(5, 11) : random.between(2, 4.5);
    const memory = Math.exp(-settings.intervalS / (indoors ? 240 : 90));
    slowX = memory * slowX + Math.sqrt(1 - memory * memory) * random.normal();
    slowY = memory * slowY + Math.sqrt(1 - memory * memory) * random.normal();
    let ex = scale * (0.75 * slowX + 0.6 * heavy(random));
    let ey = scale * (0.75 * slowY + 0.6 * heavy(random));
    if ((canyon || indoors) && t > burstUntil && random.chance(canyon ? settings.burstChance : settings.burstChance / 5)) {
      burstUntil = t + random.exponential(settings.burstMeanS);
      [burstX, burstY] = burst(random, settings);
    }
    if (t <= burstUntil) {
      ex += burstX;
      ey += burstY;
    }
    if (random.chance(settings.outlierChance)) {
      const [outX, outY] = outlier(random);
      ex += outX;
      ey += outY;
    }
    if (random.chance(settings.offlineChance / 60)) offlineUntil = t + random.between(600, 9000);
    const i = fixes.count++;
    const [lon, lat] = toDegrees(x + ex, y + ey);
    fixes.at[i] = Math.round(t);
    fixes.receivedAt[i] = t < offlineUntil ? offlineUntil + 5 : t + random.between(1, 6);
    fixes.lon[i] = lon;
    fixes.lat[i] = lat;
    fixes.accuracyM[i] = Math.max(2, 1.3 * scale * candour * random.between(0.7, 1.3));
    fixes.speedMps[i] = Math.hypot(x - lastX, y - lastY) / settings.intervalS;
    fixes.method[i] = wifi ? 1 : 0;
    fixes.battery[i] = battery;
    if (random.chance(settings.duplicateChance)) sendAgain(fixes, i);
    lastX = x;
    lastY = y;
  }
  return fixes;
}

/** The tag sends a fix twice. */
function sendAgain(fixes: ReportedFixes, i: number): void {
  const copy = fixes.count++;
  for (const column of [fixes.at, fixes.lon, fixes.lat, fixes.accuracyM, fixes.speedMps, fixes.method, fixes.battery])
    column[copy] = column[i] as number;
  fixes.receivedAt[copy] = (fixes.receivedAt[i] as number) + 1;
}
