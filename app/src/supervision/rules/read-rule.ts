import type { Area, WeeklyHours } from '@waymark/presence';
import { InvalidError } from '../../platform/action.ts';
import { isDay } from '../../platform/days.ts';
import { type Form, textsOf } from '../../web/form.ts';
import type { ZoneKind } from '../schema/tables.ts';
import { checkZone, dayNames, hoursOf, joinedAreas, readCircle, readGeoJsonAreas } from '../zones/index.ts';

/** Hours that most rules have, as one choice. */
export const whens = ['nights', 'weekday nights', 'always', 'own hours', 'once'] as const;

/** A rule as three answers give it. */
export interface Rule {
  name: string;
  kind: ZoneKind;
  area: Area;
  hours: WeeklyHours[];
  /** The first and last day on which it holds, as `YYYY-MM-DD`; null for from now on, and for until the order ends. */
  firstDay: string | null;
  lastDay: string | null;
}

const night = { from: '19:00', to: '07:00' };
const everyDay = [1, 2, 3, 4, 5, 6, 7];
/** What can be asked of somebody, each with the kind of zone that it is and a name where none is given. */
const asked = {
  curfew: { kind: 'curfew', name: 'Home' },
  exclusion: { kind: 'exclusion', name: 'Place to keep out of' },
  inclusion: { kind: 'inclusion', name: 'Area to stay in' },
  attend: { kind: 'curfew', name: 'Place to attend' },
  travel: { kind: 'inclusion', name: 'Way to keep to' },
} as const satisfies Record<string, { kind: ZoneKind; name: string }>;

/**
 * Reads the answers to what, where and when.
 * @throws InvalidError naming the question, and what to do
 */
export function readRule(body: Form): Rule {
  const [what, when, named, geoJson, lat, lon, radiusM] = textsOf(body, 'what', 'when', 'name', 'area', 'lat', 'lon', 'radiusM');
  if (!Object.hasOwn(asked, what)) throw new InvalidError('Choose what they must do.', 'what');
  const { kind, name } = asked[what as keyof typeof asked];
  if (what === 'travel' && geoJson.trim() === '') throw new InvalidError('Draw the way on the map, from its beginning to its end.', 'area');
  if (geoJson.trim() === '' && (lat.trim() === '' || lon.trim() === ''))
    throw new InvalidError('Show where: click on the map, or enter the place below it.', 'lat');
  const besideM = radiusM.trim() === '' ? undefined : Number(radiusM);
  const areas =
    geoJson.trim() === '' ? [readCircle(lat, lon, radiusM || '150')] : readGeoJsonAreas(geoJson, besideM).map(({ area }) => area);
  // Days and hours that were filled in are meant, whether or not that choice was made.
  const filled = hoursOf(body).length > 0 ? 'own hours' : kind === 'curfew' ? 'nights' : 'always';
  const usual = what === 'attend' ? 'once' : filled;
  const chosen = whens.find((own) => own === when) ?? usual;
  if (kind === 'curfew' && chosen === 'always') throw new InvalidError('To be at a place needs hours. Choose when.', 'when');
  if (what === 'travel' && chosen === 'always') throw new InvalidError('A way is kept to at set hours. Choose the days and hours.', 'when');
  // Several shapes are one place: who is in any of them is in it.
  const rule = {
    name: named.trim() || name,
    kind,
    area: areas.length === 1 ? (areas[0] as Area) : joinedAreas(areas),
    hours: hoursIn(chosen, body),
    ...daysIn(chosen, body),
  };
  checkZone(rule);
  return rule;
}

function hoursIn(when: (typeof whens)[number], body: Form): WeeklyHours[] {
  if (when === 'always') return [];
  if (when === 'nights') return [{ days: everyDay, ...night }];
  if (when === 'weekday nights') return [{ days: everyDay.slice(0, 5), ...night }];
  if (when === 'once') {
    const [from, to] = textsOf(body, 'from', 'to');
    if (from.trim() === '' || to.trim() === '')
      throw new InvalidError('Enter from when to when on that day, for example 10:00 and 11:00.', 'from');
    return [{ days: everyDay, from: from.trim(), to: to.trim() }];
  }
  const hours = hoursOf(body);
  if (hours.length === 0) throw new InvalidError('Choose the days, and from when to when.', 'from');
  return hours;
}

/** @throws InvalidError where a day is none, or the last comes before the first */
function daysIn(when: (typeof whens)[number], body: Form): Pick<Rule, 'firstDay' | 'lastDay'> {
  const [first, last] = textsOf(body, 'firstDay', 'lastDay').map((text) => text.trim()) as [string, string];
  for (const [field, day] of [
    ['firstDay', first],
    ['lastDay', last],
  ] as const)
    if (day && !isDay(day)) throw new InvalidError('Enter the day as year, month and day, for example 2026-12-07.', field);
  if (when === 'once') {
    if (!first) throw new InvalidError('Enter the day, for example 2026-12-07.', 'firstDay');
    return { firstDay: first, lastDay: first };
  }
  if (first && last && last < first) throw new InvalidError('The last day must not come before the first.', 'lastDay');
  return { firstDay: first || null, lastDay: last || null };
}

/** The rule in one sentence, for the officer to confirm. @param longDate says a day in words */
export function ruleInWords(
  { name, kind, area, hours, firstDay, lastDay }: Rule,
  who: string,
  until: string,
  longDate: (day: string) => string,
): string {
  const near = area.kind === 'circle' ? `within ${Math.round(area.radiusM)} m of “${name}”` : `in “${name}”`;
  const must = {
    curfew: `must be ${near}`,
    inclusion: `must stay ${near}`,
    exclusion: area.kind === 'circle' ? `must keep ${Math.round(area.radiusM)} m away from “${name}”` : `must keep out of “${name}”`,
  }[kind];
  const [only] = hours;
  if (firstDay && firstDay === lastDay && only) return `${who} ${must} on ${longDate(firstDay)} from ${only.from} to ${only.to}.`;
  const begins = firstDay ? `from ${longDate(firstDay)}` : 'from now';
  const ends = lastDay ? `until ${longDate(lastDay)}, that day included` : `until ${until}`;
  return `${who} ${must} ${hours.length === 0 ? 'at all times' : hours.map(hoursInWords).join(' and ')}, ${begins} ${ends}.`;
}

function hoursInWords({ days, from, to }: WeeklyHours): string {
  const named =
    days.length === 7 ? 'every day' : days.join() === '1,2,3,4,5' ? 'on weekdays' : days.map((day) => `on ${dayNames[day - 1]}`).join(', ');
  return `${named} from ${from} to ${to}`;
}
