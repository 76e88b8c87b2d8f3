import type { Random } from './chance/random.ts';
import type { TruePath } from './paths.ts';
import { dayS, type Intention, type Life } from './routines.ts';
import { doorOf, type Streets } from './streets.ts';

/** Ground on the town's own plane, metres from its centre. */
export type TownArea = { kind: 'circle'; x: number; y: number; radiusM: number } | { kind: 'polygon'; ring: [x: number, y: number][] };

/** A condition that a wearer is under. */
export interface TownRule {
  name: string;
  /** `keep out` of the area, or `stay in` it. */
  sense: 'keep out' | 'stay in';
  area: TownArea;
  /** Clock hours on every day, over midnight when `to` is less; always where there are none. */
  hours: { from: number; to: number } | null;
}

/** Something a wearer does on purpose that their rules are about. Seconds from the town's beginning. */
export interface Incident {
  kind: 'enters zone' | 'walks along the border' | 'leaves during curfew';
  at: number;
  stayS: number;
}

export interface Conditions {
  rules: TownRule[];
  incidents: Incident[];
  /** What makes them happen. */
  intentions: Intention[];
}

/**
 * Rules for one wearer, and what they will do about them.
 *
 * A curfew at home; a zone around an address that is none of theirs; and a zone whose edge runs close to their own home, where
 * a receiver's errors alone cross it. They enter the first a few times, for a few minutes to most of an hour, walk along its
 * border outside it, and leave home at night.
 */
export function drawConditions(random: Random, town: Streets, life: Life, days: number): Conditions {
  const [homeX, homeY] = doorOf(town, life.home);
  const spots = [life.home, life.work ?? life.home, life.pub, ...life.shops, ...life.friends].map((junction) => doorOf(town, junction));
  const clear = (junction: number) => spots.every(([x, y]) => distance(town, junction, x, y) > 550);
  let forbidden = random.integer(0, town.x.length - 1);
  for (let tries = 0; tries < 200 && !clear(forbidden); tries++) forbidden = random.integer(0, town.x.length - 1);
  const zone = {
    kind: 'circle' as const,
    x: town.x[forbidden] as number,
    y: town.y[forbidden] as number,
    radiusM: random.between(150, 350),
  };
  const curfew = random.chance(0.5) ? { from: 21, to: 6 } : { from: 0, to: 6 };
  const rules: TownRule[] = [
    {
      name: 'curfew at home',
      sense: 'stay in',
      area: { kind: 'circle', x: homeX, y: homeY, radiusM: random.between(60, 120) },
      hours: curfew,
    },
    { name: 'address to keep away from', sense: 'keep out', area: zone, hours: null },
    { name: 'zone beside home', sense: 'keep out', area: besideHome(random, homeX, homeY), hours: null },
  ];
  const incidents: Incident[] = [];
  const intentions: Intention[] = [];
  const plan = (kind: Incident['kind'], at: number, stayS: number, junction: number, spot: [number, number]) => {
    incidents.push({ kind, at, stayS });
    intentions.push({ at, junction, spot, stayS });
    intentions.push({ at: at + stayS + 60, junction: life.home, stayS: 600 });
  };
  for (let day = 0; day < days; day++) {
    if (random.chance(0.12)) {
      const angle = random.between(0, 2 * Math.PI);
      const reach = random.between(0, 0.75) * zone.radiusM;
      const spot: [number, number] = [zone.x + reach * Math.cos(angle), zone.y + reach * Math.sin(angle)];
      plan('enters zone', day * dayS + random.between(11, 18) * 3600, random.between(200, 3000), nearest(town, ...spot), spot);
    } else if (random.chance(0.1)) {
      const angle = random.between(0, 2 * Math.PI);
      const reach = zone.radiusM + random.between(25, 60);
      const spot: [number, number] = [zone.x + reach * Math.cos(angle), zone.y + reach * Math.sin(angle)];
      plan('walks along the border', day * dayS + random.between(11, 18) * 3600, random.between(300, 1500), nearest(town, ...spot), spot);
    }
    if (random.chance(0.1)) {
      const junction = random.integer(0, town.x.length - 1);
      const at = (day + 1) * dayS + random.between(0.5, 4) * 3600;
      plan('leaves during curfew', at, random.between(300, 5400), junction, [town.x[junction] as number, town.y[junction] as number]);
    }
  }
  return { rules, incidents, intentions };
}

/** An uneven six-sided zone whose edge passes 45 to 110 m from a door. */
function besideHome(random: Random, x: number, y: number): TownArea {
  const angle = random.between(0, 2 * Math.PI);
  const gap = random.between(45, 110);
  const radius = random.between(120, 300);
  const [cx, cy] = [x + (gap + radius) * Math.cos(angle), y + (gap + radius) * Math.sin(angle)];
  const ring = Array.from({ length: 6 }, (_, i): [number, number] => {
    const turn = angle + Math.PI + ((i + 0.5) * Math.PI) / 3;
    // The side towards the door keeps its distance; the others are drawn as they fall.
    const reach = (radius / Math.cos(Math.PI / 6)) * (i === 0 || i === 5 ? 1 : random.between(0.8, 1.15));
    return [cx + reach * Math.cos(turn), cy + reach * Math.sin(turn)];
  });
  return { kind: 'polygon', ring: [...ring, ring[0] as [number, number]] };
}

function distance(town: Streets, junction: number, x: number, y: number): number {
  return Math.hypot((town.x[junction] as number) - x, (town.y[junction] as number) - y);
}

function nearest(town: Streets, x: number, y: number): number {
  let best = 0;
  for (let j = 1; j < town.x.length; j++) if (distance(town, j, x, y) < distance(town, best, x, y)) best = j;
  return best;
}

export function isInside(area: TownArea, x: number, y: number): boolean {
  if (area.kind === 'circle') return Math.hypot(x - area.x, y - area.y) <= area.radiusM;
  let inside = false;
  for (let i = 0; i + 1 < area.ring.length; i++) {
    const [x1, y1] = area.ring[i] as [number, number];
    const [x2, y2] = area.ring[i + 1] as [number, number];
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
  }
  return inside;
}

/** Whether a rule holds at a moment; the town's clock shows its seconds. */
export function holdsAt({ hours }: TownRule, second: number): boolean {
  if (!hours) return true;
  const hour = (second % dayS) / 3600;
  return hours.from < hours.to ? hour >= hours.from && hour < hours.to : hour >= hours.from || hour < hours.to;
}

const stepS = 5;

/** When a rule was truly broken, in seconds, looked at every five. */
export function trueViolations(path: TruePath, rule: TownRule, endS: number): [from: number, to: number][] {
  const found: [number, number][] = [];
  const wrongInside = rule.sense === 'keep out';
  let near = 0;
  let since = -1;
  for (let t = 0; t <= endS; t += stepS) {
    const [x, y, index] = path.positionAt(t, near);
    near = index;
    const broken = t < endS && holdsAt(rule, t) && isInside(rule.area, x, y) === wrongInside;
    if (broken && since < 0) since = t;
    if (!broken && since >= 0) {
      found.push([since, t]);
      since = -1;
    }
  }
  return found;
}
