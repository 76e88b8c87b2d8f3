import type { Random } from './chance/random.ts';
import { dayS } from './routines.ts';
import type { Streets } from './streets.ts';

export const crimeTypes = ['RB', 'BIAD', 'AB', 'BOTD', 'TOMV', 'TFP', 'TFMV'] as const;
export type CrimeType = (typeof crimeTypes)[number];

/** A recorded crime with what truly happened beside it. Seconds from the town's beginning; metres from its centre. */
export interface TownCrime {
  reference: string;
  type: CrimeType;
  /** As recorded. */
  from: number;
  to: number;
  x: number;
  y: number;
  uncertaintyM: number;
  /** The truth: the moment, the spot, and which wearer did it, if any. */
  trueAt: number;
  trueX: number;
  trueY: number;
  wearer: number | null;
}

/** What is known before anybody sets out; the moment is filled in on arrival. */
export interface PlannedCrime {
  crime: TownCrime;
  junction: number;
  plannedAt: number;
  stayS: number;
}

const hourWeights: Record<CrimeType, [fromH: number, toH: number]> = {
  RB: [17, 24],
  BIAD: [8, 17],
  AB: [19, 24],
  BOTD: [18, 24],
  TOMV: [19, 24],
  TFP: [10, 20],
  TFMV: [17, 24],
};

/** Length of the recorded window in seconds: the moment of a robbery is known, that of a burglary is not. */
function windowOf(random: Random, type: CrimeType): number {
  if (type === 'RB' || type === 'TFP') return random.chance(0.3) ? 0 : random.between(120, 1200);
  if (type === 'AB') return random.between(300, 2400);
  return random.chance(0.35) ? random.between(900, 3600) : random.between(3600, 10 * 3600);
}

export function planCrime(random: Random, town: Streets, number: number, days: number, wearer: number | null): PlannedCrime {
  const type = random.pick(crimeTypes);
  const [fromH, toH] = hourWeights[type];
  const plannedAt = random.integer(0, days - 1) * dayS + random.between(fromH, toH - 0.6) * 3600;
  const junction = random.integer(0, town.x.length - 1);
  const trueX = (town.x[junction] as number) + 20 * random.normal();
  const trueY = (town.y[junction] as number) + 20 * random.normal();
  const crime: TownCrime = {
    reference: `TB/${String(number + 1).padStart(6, '0')}`,
    type,
    from: 0,
    to: 0,
    x: trueX,
    y: trueY,
    uncertaintyM: 0,
    trueAt: plannedAt,
    trueX,
    trueY,
    wearer,
  };
  return { crime, junction, plannedAt, stayS: random.between(60, type === 'RB' || type === 'TFP' ? 240 : 900) };
}

/** Writes down the crime as the police would: a window that holds the true moment, a place that is nearly right. */
export function recordCrime(random: Random, crime: TownCrime, at: number, days: number): void {
  crime.trueAt = at;
  const window = windowOf(random, crime.type);
  const before = random.next() * window;
  crime.from = Math.max(0, Math.round(at - before));
  crime.to = Math.min(days * dayS, Math.max(Math.round(at + window - before), crime.from, Math.ceil(at)));
  if (window === 0) crime.from = crime.to;
  const vague = random.chance(0.15);
  const error = vague ? 45 : 12;
  crime.x = crime.trueX + error * random.normal();
  crime.y = crime.trueY + error * random.normal();
  crime.uncertaintyM = vague ? 80 : 0;
}
