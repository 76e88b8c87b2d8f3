import type { Area, WeeklyHours } from '@waymark/presence';
import { InvalidError } from '../../platform/action.ts';
import { type Form, textsOf } from '../../web/form.ts';
import type { ZoneKind } from '../schema/tables.ts';
import { checkZone, dayNames, hoursOf, joinedAreas, readCircle, readGeoJsonAreas } from '../zones/index.ts';

/** Hours that most rules have, as one choice. */
export const whens = ['nights', 'weekday nights', 'always', 'own hours'] as const;

/** A rule as three answers give it. */
export interface Rule {
  name: string;
  kind: ZoneKind;
  area: Area;
  hours: WeeklyHours[];
}

const night = { from: '19:00', to: '07:00' };
const everyDay = [1, 2, 3, 4, 5, 6, 7];
const usualName: Record<ZoneKind, string> = { curfew: 'Home', exclusion: 'Place to keep out of', inclusion: 'Area to stay in' };

/**
 * Reads the answers to what, where and when.
 * @throws InvalidError naming the question, and what to do
 */
export function readRule(body: Form): Rule {
  const [what, when, named, geoJson, lat, lon, radiusM] = textsOf(body, 'what', 'when', 'name', 'area', 'lat', 'lon', 'radiusM');
  if (!Object.hasOwn(usualName, what)) throw new InvalidError('Choose what they must do.', 'what');
  const kind = what as ZoneKind;
  if (geoJson.trim() === '' && (lat.trim() === '' || lon.trim() === ''))
    throw new InvalidError('Show where: click on the map, or enter the place below it.', 'lat');
  const areas = geoJson.trim() === '' ? [readCircle(lat, lon, radiusM || '150')] : readGeoJsonAreas(geoJson).map(({ area }) => area);
  // Days and hours that were filled in are meant, whether or not that choice was made.
  const usual = hoursOf(body).length > 0 ? 'own hours' : kind === 'curfew' ? 'nights' : 'always';
  const chosen = whens.find((own) => own === when) ?? usual;
  if (kind === 'curfew' && chosen === 'always') throw new InvalidError('To be at a place needs hours. Choose when.', 'when');
  // Several shapes are one place: who is in any of them is in it.
  const rule = {
    name: named.trim() || usualName[kind],
    kind,
    area: areas.length === 1 ? (areas[0] as Area) : joinedAreas(areas),
    hours: hoursIn(chosen, body),
  };
  checkZone(rule);
  return rule;
}

function hoursIn(when: (typeof whens)[number], body: Form): WeeklyHours[] {
  if (when === 'always') return [];
  if (when === 'nights') return [{ days: everyDay, ...night }];
  if (when === 'weekday nights') return [{ days: everyDay.slice(0, 5), ...night }];
  const hours = hoursOf(body);
  if (hours.length === 0) throw new InvalidError('Choose the days, and from when to when.', 'from');
  return hours;
}

/** The rule in one sentence, for the officer to confirm. */
export function ruleInWords({ name, kind, area, hours }: Rule, who: string, until: string): string {
  const near = area.kind === 'circle' ? `within ${Math.round(area.radiusM)} m of “${name}”` : `in “${name}”`;
  const must = {
    curfew: `must be ${near}`,
    inclusion: `must stay ${near}`,
    exclusion: area.kind === 'circle' ? `must keep ${Math.round(area.radiusM)} m away from “${name}”` : `must keep out of “${name}”`,
  }[kind];
  return `${who} ${must} ${hours.length === 0 ? 'at all times' : hours.map(hoursInWords).join(' and ')}, from now until ${until}.`;
}

function hoursInWords({ days, from, to }: WeeklyHours): string {
  const named =
    days.length === 7 ? 'every day' : days.join() === '1,2,3,4,5' ? 'on weekdays' : days.map((day) => `on ${dayNames[day - 1]}`).join(', ');
  return `${named} from ${from} to ${to}`;
}
