import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { currentInstrument } from '../needs/instrument.ts';
import type {} from '../tables.ts';

export const serviceKinds = [
  'educational support',
  'family support',
  'substance treatment',
  'accommodation',
  'employment',
  'mentoring',
  'other',
] as const;

export interface NewService {
  name: string;
  kind: string;
  provider: string;
  places: number;
  ageFrom: number;
  ageTo: number;
  area: string | null;
  /** For each factor of the instrument, the share of a level that the service is expected to meet, 0 to 1. */
  serves: Record<string, number>;
}

export interface ServiceView extends NewService {
  id: number;
  byName: string;
}

/** Adds a service to the catalogue. */
export const declareService: Action<null, NewService, { id: number }> = {
  name: 'service.declare',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, given) {
    const fault = faultOf(given);
    if (fault) throw fault;
    const { id } = await tx
      .insertInto('support.services')
      .values({
        name: given.name.trim().slice(0, 200),
        kind: given.kind,
        provider: given.provider.trim().slice(0, 200),
        places: given.places,
        age_from: given.ageFrom,
        age_to: given.ageTo,
        area: given.area?.trim() || null,
        serves: JSON.stringify(given.serves),
        by_name: actor.name,
        ended_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'service', id }, { places: given.places });
    return { id };
  },
};

function faultOf({ name, kind, provider, places, ageFrom, ageTo, serves }: NewService): InvalidError | null {
  const whole = (value: number, most: number) => Number.isInteger(value) && value >= 0 && value <= most;
  if (!name.trim()) return new InvalidError('Give the service a name.', 'name');
  if (!(serviceKinds as readonly string[]).includes(kind)) return new InvalidError('Choose what kind of service it is.', 'kind');
  if (!provider.trim()) return new InvalidError('Say who provides it.', 'provider');
  if (!whole(places, 100_000)) return new InvalidError('Give the number of places, 0 or more.', 'places');
  if (!whole(ageFrom, 120) || !whole(ageTo, 120) || ageTo < ageFrom)
    return new InvalidError('Give the ages that it is for, such as 11 and 17.', 'ageFrom');
  const known = new Set(currentInstrument().factors.map(({ key }) => key));
  const shares = Object.entries(serves);
  if (shares.some(([factor]) => !known.has(factor)))
    return new InvalidError('There is a need that the instrument does not have.', 'serves');
  if (shares.some(([, share]) => !(share >= 0 && share <= 1))) return new InvalidError('A share is from 0 to 1, such as 0.5.', 'serves');
  if (!shares.some(([, share]) => share > 0)) return new InvalidError('Say which need the service meets, and how much of it.', 'serves');
  return null;
}

export const listServices: Action<null, null, ServiceView[]> = {
  name: 'service.list',
  room: 'support',
  purpose: 'support',
  async run({ tx, note }) {
    const rows = await tx.selectFrom('support.services').selectAll().where('ended_at', 'is', null).orderBy('name').execute();
    note(null, { shown: rows.length });
    return rows.map(({ age_from, age_to, by_name, ended_at: _, created_at: __, ...row }) => ({
      ...row,
      ageFrom: age_from,
      ageTo: age_to,
      byName: by_name,
    }));
  },
};

/** Takes a service out of the catalogue; what was decided about its places stays on record. */
export const endService: Action<null, { id: number }, null> = {
  name: 'service.end',
  room: 'support',
  purpose: 'support',
  async run({ tx, note }, _services, { id }) {
    note({ kind: 'service', id });
    const { numUpdatedRows } = await tx
      .updateTable('support.services')
      .set({ ended_at: new Date() })
      .where('id', '=', id)
      .where('ended_at', 'is', null)
      .executeTakeFirst();
    if (Number(numUpdatedRows) === 0) throw new NotFoundError('There is no such service, or it has ended already.');
    return null;
  },
};
