import { planeAt, toPlane } from '@waymark/presence';
import { dayAfter } from '../../platform/days.ts';
import type { ProposedConditions, Spot } from '../schema/proposed-conditions.ts';

export interface Obstacle {
  about: string;
  state: 'in the way' | 'to look at' | 'fine' | 'not known';
  says: string;
}

/** What there is of tags and of visits in one week. Days such as 2026-11-23. */
export interface WeekOfCapacity {
  from: string;
  visitsPlanned: number;
  fittingsPlanned: number;
  visitsPossible: number;
  /** Tags in stock that no planned fitting takes. */
  tagsLeft: number;
}

/** In a home where a tag is heard less than this of a day, a curfew would have hours of which nothing is known. */
const leastSignal = 0.9;
/** An area smaller than this cannot be told from its street by a tag in a town, metres. */
const leastAreaM = 50;
/** Nearer than this to an area, a tag at home would raise alerts by its own error, metres. */
const edgeM = 150;
/** Slower than this, door to door in a town, few ways are; metres a second. */
const slowWayMs = 15_000 / 3600;

const minutesOf = (clock: string) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
const metres = (distance: number) => (distance < 1000 ? `${Math.round(distance / 10) * 10} metres` : `${(distance / 1000).toFixed(1)} km`);

/** How near the straight line from one place to another comes to a third, metres. */
function nearestOnWay(from: Spot, to: Spot, spot: Spot): number {
  const plane = planeAt(spot.lon, spot.lat);
  const [ax, ay] = toPlane(plane, from.lon, from.lat);
  const [bx, by] = toPlane(plane, to.lon, to.lat);
  const length = (bx - ax) ** 2 + (by - ay) ** 2;
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, -(ax * (bx - ax) + ay * (by - ay)) / length));
  return Math.hypot(ax + t * (bx - ax), ay + t * (by - ay));
}

const distanceOf = (a: Spot, b: Spot) => nearestOnWay(a, a, b);

/** What stands in the way of a release on these conditions, each with what it rests on. It says nothing of the person. */
export function obstaclesOf(conditions: ProposedConditions, releaseOn: string, weeks: readonly WeekOfCapacity[]): Obstacle[] {
  const { home, signal, power, curfew, work, keepOut } = conditions;
  const found: Obstacle[] = [];
  const say = (about: string, state: Obstacle['state'], says: string) => found.push({ about, state, says });
  if (signal === null) say('Signal at home', 'not known', 'Nobody has tried a tag there. Ask for a site survey of a day.');
  else if (signal < leastSignal)
    say(
      'Signal at home',
      curfew ? 'in the way' : 'to look at',
      `Heard for ${Math.round(signal * 100)} % of a day in the site survey; below ${leastSignal * 100} % hours at home would be unknown. A beacon at home can mend that.`,
    );
  else say('Signal at home', 'fine', `Heard for ${Math.round(signal * 100)} % of a day in the site survey.`);
  if (power === null)
    say('Charging', 'not known', 'Ask whether there is mains power where they sleep: a tag needs about an hour of it a day.');
  else if (power) say('Charging', 'fine', 'There is mains power at home.');
  else
    say(
      'Charging',
      'in the way',
      'There is no mains power at home. Agree where the tag is charged, or a flat battery will look like a breach.',
    );
  for (const area of keepOut) {
    const fromHome = distanceOf(home, area) - area.radiusM;
    if (fromHome <= 0) say(`Keep out of ${area.name}`, 'in the way', 'The home lies inside it: nobody can keep both.');
    else if (fromHome < edgeM)
      say(
        `Keep out of ${area.name}`,
        'to look at',
        `Its edge is ${metres(fromHome)} from home: a tag at home can seem to be inside. Make it smaller, or leave ${edgeM} metres.`,
      );
    if (area.radiusM < leastAreaM)
      say(
        `Keep out of ${area.name}`,
        'to look at',
        `It is only ${area.radiusM} metres wide from its middle. In a town a tag cannot tell that from the street beside it.`,
      );
    if (!work) continue;
    const fromWork = distanceOf(work, area) - area.radiusM;
    const onWay = nearestOnWay(home, work, area) - area.radiusM;
    if (fromWork <= 0) say(`Work at ${work.name}`, 'in the way', `It lies inside ${area.name}, which they must keep out of.`);
    else if (onWay <= 0 && fromHome > 0)
      say(
        `Way to work`,
        'to look at',
        `The straight way from home to work crosses ${area.name}. See which way they would take, and what it costs them.`,
      );
  }
  if (keepOut.length > 0 && !found.some(({ about, state }) => about.startsWith('Keep out') && state !== 'fine'))
    say('Areas to keep out of', 'fine', 'None holds the home or comes near it.');
  if (work && curfew) say('Hours of work', ...clashOf(work, curfew, distanceOf(home, work)));
  const week = weeks.findLast(({ from }) => from <= releaseOn);
  if (!week || releaseOn < (weeks[0]?.from ?? ''))
    say('Fitting the tag', 'not known', 'The day is over, or before the first week for which visits are planned.');
  else if (releaseOn >= dayAfter(week.from, 7)) say('Fitting the tag', 'not known', 'So far ahead nobody has planned yet.');
  else if (week.visitsPossible === 0)
    say('Fitting the tag', 'not known', 'No officer has been at work here in the last 30 days, so nobody’s visits can be planned.');
  else if (week.tagsLeft <= 0) say('Fitting the tag', 'in the way', 'No tag is left in stock that week.');
  else if (week.visitsPlanned >= week.visitsPossible) {
    const next = weeks.find((own) => own.from > week.from && own.visitsPlanned < own.visitsPossible && own.tagsLeft > 0);
    say(
      'Fitting the tag',
      'in the way',
      `That week all ${week.visitsPossible} visits are taken. ${next ? `The first week with one to spare begins on ${next.from}.` : 'So are those of the weeks after it.'}`,
    );
  } else
    say('Fitting the tag', 'fine', `That week has ${week.visitsPossible - week.visitsPlanned} visits and ${week.tagsLeft} tags to spare.`);
  return found;
}

/** Whether hours of work and hours at home leave time for the way, by minutes of the day. */
function clashOf(work: { from: string; to: string }, curfew: { from: string; to: string }, distance: number): [Obstacle['state'], string] {
  const wayMin = Math.round(distance / slowWayMs / 60);
  const [homeFrom, homeTo, workFrom, workTo] = [curfew.from, curfew.to, work.from, work.to].map(minutesOf) as [
    number,
    number,
    number,
    number,
  ];
  const day = 1440;
  const isHome = (minute: number) => (homeFrom <= homeTo ? minute >= homeFrom && minute < homeTo : minute >= homeFrom || minute < homeTo);
  const length = (workTo - workFrom + day) % day;
  for (let minute = 0; minute < length; minute += 5)
    if (isHome((workFrom + minute) % day))
      return ['in the way', `Work from ${work.from} to ${work.to} falls into the hours at home, ${curfew.from} to ${curfew.to}.`];
  const before = (workFrom - homeTo + day) % day;
  const after = (homeFrom - workTo + day) % day;
  const least = Math.min(before, after);
  if (least < wayMin)
    return ['to look at', `${least} minutes are left for a way of ${metres(distance)}; it takes some ${wayMin} minutes by foot and bus.`];
  return ['fine', `${before} minutes before work and ${after} after it are left for a way of ${metres(distance)}.`];
}
