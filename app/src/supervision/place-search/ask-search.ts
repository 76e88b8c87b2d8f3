import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { readTime } from '../fixes/decode/index.ts';

/** For what a place and a time may be searched although no crime is recorded. */
export const grounds = {
  life: 'Immediate danger to somebody’s life',
  missing: 'A missing person',
  'serious crime': 'A serious crime that is not on record yet',
  court: 'An order of a court',
} as const;
export const isGround = (text: string): text is keyof typeof grounds => Object.hasOwn(grounds, text);

export const limits = { radiusM: { least: 20, most: 500 }, hours: 6, reason: 20, daysOpen: 7 } as const;
const hourMs = 3_600_000;

export interface SearchWish {
  lat: string;
  lon: string;
  radius: string;
  from: string;
  to: string;
  ground: string;
  reason: string;
}

/** Asks for a search by place and time; nothing is searched before another person has agreed. */
export const askSearch: Action<{ timeZone: string }, SearchWish, { id: number }> = {
  name: 'placesearch.ask',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note }, { timeZone }, wish) {
    note(null);
    const read = readWish(wish, timeZone);
    const row = await tx
      .insertInto('supervision.place_searches')
      .values({ ...read, asked_by: actor.id, asked_by_name: actor.name })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'place search', id: row.id }, { ground: read.ground });
    return row;
  },
};

function readWish({ lat, lon, radius, from, to, ground, reason }: SearchWish, timeZone: string) {
  const number = (text: string) => (text.trim() === '' ? Number.NaN : Number(text.trim().replace(',', '.')));
  const [latitude, longitude, radiusM] = [number(lat), number(lon), number(radius)];
  if (!(Math.abs(latitude) <= 90)) throw new InvalidError('Give the latitude in degrees, between -90 and 90.', 'lat');
  if (!(Math.abs(longitude) <= 180)) throw new InvalidError('Give the longitude in degrees, between -180 and 180.', 'lon');
  const { least, most } = limits.radiusM;
  if (!(Number.isInteger(radiusM) && radiusM >= least && radiusM <= most))
    throw new InvalidError(`The radius is a whole number of metres from ${least} to ${most}.`, 'radius');
  const [begin, end] = [readTime(from, timeZone), readTime(to, timeZone)];
  if (Number.isNaN(begin)) throw new InvalidError('Say when it begins, such as 2026-11-25 20:10.', 'from');
  if (Number.isNaN(end)) throw new InvalidError('Say when it ends, such as 2026-11-25 20:30.', 'to');
  if (end <= begin) throw new InvalidError('The end is not after the beginning.', 'to');
  if (end > Date.now()) throw new InvalidError('A search is of what was: it ends now at the latest.', 'to');
  if (end - begin > limits.hours * hourMs) throw new InvalidError(`Search at most ${limits.hours} hours at once.`, 'to');
  if (!isGround(ground)) throw new InvalidError('Choose the ground in law.', 'ground');
  const because = reason.trim().slice(0, 2000);
  if (because.length < limits.reason)
    throw new InvalidError(`Say in at least ${limits.reason} characters why this place and this time.`, 'reason');
  return {
    lat: latitude,
    lon: longitude,
    radius_m: radiusM,
    from_at: new Date(begin),
    to_at: new Date(end),
    ground,
    reason: because,
  };
}

/** Another person agrees to a search, or refuses it, with a reason. */
export const decideSearch: Action<null, { id: number; decision: string; reason: string }, { decision: 'agreed' | 'refused' }> = {
  name: 'placesearch.decide',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note }, _services, { id, decision, reason }) {
    note({ kind: 'place search', id });
    const search = await tx.selectFrom('supervision.place_searches').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
    if (!search) throw new NotFoundError('There is no such search.');
    if (search.asked_by === actor.id) throw new InvalidError('You asked for it: another person decides.', 'decision');
    if (search.decision !== null) throw new InvalidError('It is decided already.', 'decision');
    if (decision !== 'agreed' && decision !== 'refused') throw new InvalidError('Agree, or refuse.', 'decision');
    const because = reason.trim().slice(0, 2000);
    if (because.length < 10) throw new InvalidError('Say why in at least 10 characters.', 'reason');
    await tx
      .updateTable('supervision.place_searches')
      .set({ decision, decided_by: actor.id, decided_by_name: actor.name, decided_because: because, decided_at: new Date() })
      .where('id', '=', id)
      .execute();
    note(null, { decision });
    return { decision };
  },
};
