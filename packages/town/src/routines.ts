import type { Random } from './chance/random.ts';
import { TruePath } from './paths.ts';
import { type Mode, type ModeName, modes, type Routes } from './routes.ts';
import { doorOf, type Street, type Streets } from './streets.ts';

export const dayS = 86_400;

/** A stay somewhere, to be reached about `at` and left `stayS` later. */
interface Errand {
  at: number;
  stayS: number;
  junction: number;
  indoors: boolean;
  /** Exact spot of a crime, where there is one. */
  spot?: [x: number, y: number];
  /** Called with the true moment of arrival. */
  onArrival?: (at: number) => void;
}

export interface Life {
  home: number;
  work: number | null;
  shops: number[];
  friends: number[];
  pub: number;
  mode: ModeName;
  startsWorkH: number;
}

export function drawLife(random: Random, town: Streets, centre: number[]): Life {
  const anywhere = () => random.integer(0, town.x.length - 1);
  return {
    home: anywhere(),
    work: random.chance(0.65) ? (random.chance(0.4) ? random.pick(centre) : anywhere()) : null,
    shops: [random.pick(centre), anywhere()],
    friends: [anywhere(), anywhere()],
    pub: random.chance(0.5) ? random.pick(centre) : anywhere(),
    mode: random.chance(0.35) ? 'walk' : random.chance(0.25) ? 'cycle' : 'drive',
    startsWorkH: random.between(6.5, 10),
  };
}

/** What a wearer means to do beside their routine: when, where, and for how long. */
export interface Intention {
  at: number;
  junction: number;
  /** A spot near the junction, in the open; without it they go to the door there. */
  spot?: [x: number, y: number];
  stayS: number;
  onArrival?: (at: number) => void;
}

/** Walks a wearer through their days. Time 0 is midnight at the beginning of a Monday. */
export function livePath(random: Random, town: Streets, routes: Routes, life: Life, days: number, intentions: Intention[]): TruePath {
  const errands: Errand[] = [];
  for (let day = 0; day < days; day++) errands.push(...errandsOf(random, life, day));
  for (const intention of intentions) errands.push({ ...intention, indoors: intention.spot === undefined });
  errands.sort((a, b) => a.at - b.at);
  const path = new TruePath();
  let here = life.home;
  let now = 0;
  now = stay(random, path, town, here, now, Math.max(600, (errands[0]?.at ?? 0) - 1200), true);
  for (const errand of errands) {
    if (errand.at >= days * dayS - 3600) break;
    const [x, y] = path.positionAt(now, Math.max(0, path.t.length - 1));
    // Idle time is spent where they are; they set off so as to be there about then.
    const away = Math.hypot((town.x[errand.junction] as number) - x, (town.y[errand.junction] as number) - y);
    const start = errand.at - away / modes[life.mode].side;
    if (start > now + 60) now = stay(random, path, town, here, now, start, true);
    const mode: ModeName = away < 500 ? 'walk' : life.mode;
    now = travel(random, path, town, routes, here, errand.junction, now, modes[mode]);
    here = errand.junction;
    if (errand.spot) {
      now += Math.max(1, Math.hypot((town.x[here] as number) - errand.spot[0], (town.y[here] as number) - errand.spot[1]) / 1.4);
      path.add(now, errand.spot[0], errand.spot[1], false);
      errand.onArrival?.(now);
      now = linger(random, path, errand.spot, now, errand.stayS);
    } else {
      now = stay(random, path, town, here, now, Math.max(now + 120, errand.at + errand.stayS), errand.indoors);
    }
  }
  stay(random, path, town, here, now, days * dayS, true);
  return path;
}

function errandsOf(random: Random, life: Life, day: number): Errand[] {
  const weekday = day % 7 < 5;
  const start = day * dayS;
  const list: Errand[] = [];
  const hour = (h: number) => start + h * 3600;
  const visit = (h: number, hours: number, junction: number, indoors = true) =>
    list.push({ at: hour(h), stayS: hours * 3600, junction, indoors });
  if (weekday && life.work !== null && !random.chance(0.06)) {
    visit(life.startsWorkH + 0.15 * random.normal(), random.between(7, 8.5), life.work);
    if (random.chance(0.25)) visit(life.startsWorkH + 9, 0.4, random.pick(life.shops));
    visit(life.startsWorkH + random.between(9.6, 10.5), 2, life.home);
  } else {
    if (random.chance(0.7)) visit(random.between(9.5, 11.5), random.between(0.3, 1.2), random.pick(life.shops));
    if (random.chance(0.4)) visit(random.between(12, 13), random.between(0.5, 2), random.pick(life.friends));
    if (random.chance(0.3))
      visit(random.between(13.5, 15), random.between(0.5, 1.5), random.pick([...life.shops, ...life.friends]), random.chance(0.5));
    visit(random.between(15.5, 17), 2, life.home);
  }
  if (random.chance(weekday ? 0.3 : 0.55))
    visit(random.between(19, 20.5), random.between(0.7, 2.5), random.chance(0.5) ? life.pub : random.pick(life.friends));
  visit(random.between(22, 23.4), 6, life.home);
  return list;
}

/** Moves about a building, or a garden or square, in small steps. */
function stay(random: Random, path: TruePath, town: Streets, junction: number, now: number, until: number, indoors: boolean): number {
  const [doorX, doorY] = doorOf(town, junction);
  let t = now + 20;
  if (t >= until) return now;
  path.add(t, doorX, doorY, indoors);
  while (t < until) {
    const pause = random.exponential(indoors ? 1500 : 400);
    t = Math.min(until, t + pause);
    const x = doorX + 4 * random.normal();
    const y = doorY + 4 * random.normal();
    const held = path.positionAt(path.end, path.t.length - 1);
    path.add(t - 0.001, held[0], held[1], indoors);
    if (t + 12 >= until) break;
    t += 12;
    path.add(t, x, y, indoors);
  }
  return Math.max(t, path.end);
}

function linger(random: Random, path: TruePath, spot: [number, number], now: number, seconds: number): number {
  let t = now;
  while (t < now + seconds) {
    t += 10 + random.exponential(40);
    path.add(t, spot[0] + 8 * random.normal(), spot[1] + 8 * random.normal(), false);
  }
  return t;
}

function travel(random: Random, path: TruePath, town: Streets, routes: Routes, from: number, to: number, now: number, mode: Mode): number {
  let t = now + 15;
  let node = from;
  const pace = Math.max(0.6, 1 + 0.12 * random.normal());
  path.add(t, town.x[from] as number, town.y[from] as number, false);
  for (const index of routes.between(from, to)) {
    const street = town.streets[index] as Street;
    node = street.from === node ? street.to : street.from;
    t += street.lengthM / ((street.main ? mode.main : mode.side) * pace);
    path.add(t, town.x[node] as number, town.y[node] as number, false);
    if (random.chance(0.3)) {
      t += random.exponential(mode.waitS * 2);
      path.add(t, town.x[node] as number, town.y[node] as number, false);
    }
  }
  return t;
}
