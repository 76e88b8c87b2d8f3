import type { WeeklyHours } from '@waymark/presence';
import { InvalidError } from '../../platform/action.ts';
import { type Form, textsOf } from '../../web/form.ts';
import { checkZone, type ZoneDraft } from './declare-zone.ts';
import { joinedAreas, type NamedArea, readCircle, readGeoJsonAreas } from './read-area.ts';

export const dayNames = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

/**
 * The zones that a form describes: one, or each shape of its GeoJSON. All are looked at before the first goes in.
 * @throws InvalidError naming the shape and what to do
 */
export function draftsOf(body: Form): ZoneDraft[] {
  const [named, kind, geoJson, lat, lon, radiusM] = textsOf(body, 'name', 'kind', 'area', 'lat', 'lon', 'radiusM');
  const read: NamedArea[] = geoJson.trim() === '' ? [{ name: null, area: readCircle(lat, lon, radiusM) }] : readGeoJsonAreas(geoJson);
  // Nobody can be in two places: areas to stay in that come together are one condition, and each to keep out of is one of its own.
  const areas =
    kind === 'exclusion' || read.length === 1 ? read : [{ name: read[0]?.name ?? null, area: joinedAreas(read.map(({ area }) => area)) }];
  const drafts = areas.map(({ name, area }, i) => ({
    name: areas.length === 1 ? named || (name ?? '') : (name ?? `${named} ${i + 1}`.trim()),
    kind,
    area,
    hours: hoursOf(body),
  }));
  drafts.forEach((draft, i) => {
    try {
      checkZone(draft);
    } catch (error) {
      if (!(error instanceof InvalidError) || drafts.length === 1) throw error;
      throw new InvalidError(`Shape ${i + 1} (“${draft.name.slice(0, 60)}”): ${error.message}`, error.field);
    }
  });
  return drafts;
}

/** The hours that a form gives; none is at all times. */
export function hoursOf(body: Form): WeeklyHours[] {
  const days = [body.days ?? []]
    .flat()
    .map(Number)
    .filter((day) => day >= 1 && day <= 7);
  const [from, to] = [body.from, body.to].map((text) => (typeof text === 'string' ? text.trim() : ''));
  return !from && !to && days.length === 0 ? [] : [{ days, from: from ?? '', to: to ?? '' }];
}
