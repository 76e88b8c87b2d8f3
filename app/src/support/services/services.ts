import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { areaName, faultOfArea, isSameArea } from '../facts/index.ts';
import { decisionHolds, hasOffer } from '../finding/index.ts';
import { currentInstrument } from '../needs/index.ts';
import type {} from '../schema/tables.ts';

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
  /** Places that are offered or taken. */
  taken: number;
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
        area: given.area ? areaName(given.area) || null : null,
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

function faultOf({ name, kind, provider, places, ageFrom, ageTo, area, serves }: NewService): InvalidError | null {
  const whole = (value: number, most: number) => Number.isInteger(value) && value >= 0 && value <= most;
  if (!name.trim()) return new InvalidError('Give the service a name.', 'name');
  if (!(serviceKinds as readonly string[]).includes(kind)) return new InvalidError('Choose what kind of service it is.', 'kind');
  if (!provider.trim()) return new InvalidError('Say who provides it.', 'provider');
  if (!whole(places, 100_000)) return new InvalidError('Give the number of places, 0 or more.', 'places');
  if (!whole(ageFrom, 120) || !whole(ageTo, 120) || ageTo < ageFrom)
    return new InvalidError('Give the ages that it is for, such as 11 and 17.', 'ageFrom');
  const faultyArea = area ? faultOfArea(areaName(area)) : null;
  if (faultyArea) return new InvalidError(faultyArea, 'area');
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
    const rows = await tx
      .selectFrom('support.services as s')
      .selectAll('s')
      .select(
        sql<number>`(SELECT count(*) FROM support.packages k WHERE k.service_id = s.id AND k.state IN ('offered', 'accepted'))::int`.as(
          'taken',
        ),
      )
      .where('s.ended_at', 'is', null)
      .orderBy('s.name')
      .execute();
    note(null, { shown: rows.length });
    return rows.map(({ age_from, age_to, by_name, ended_at: _, created_at: __, ...row }) => ({
      ...row,
      ageFrom: age_from,
      ageTo: age_to,
      byName: by_name,
    }));
  },
};

/** A service of which a place is free. */
export interface OfferableService {
  id: number;
  name: string;
  area: string | null;
  free: number;
}

/** Services with a free place that are for people of an age, or of any where the age is not known. */
export async function servicesFor(tx: Tx, age: number | null): Promise<OfferableService[]> {
  const { rows } = await sql<OfferableService>`
    SELECT s.id, s.name, s.area, (s.places - count(k.id))::int AS free
      FROM support.services s LEFT JOIN support.packages k ON k.service_id = s.id AND k.state IN ('offered', 'accepted')
      WHERE s.ended_at IS NULL AND (${age}::int IS NULL OR ${age}::int BETWEEN s.age_from AND s.age_to)
      GROUP BY s.id HAVING s.places > count(k.id) ORDER BY s.name`.execute(tx);
  return rows;
}

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

export interface WaitingPerson {
  person: number;
  name: string;
  age: number;
  /** Levels of need that the service is expected to meet. */
  needMet: number;
  waitingSince: Date;
  /** Whether they said that they can get to where it is; null where nobody has asked them. */
  canGetThere: boolean | null;
}

export interface WaitingList {
  service: ServiceView;
  rows: WaitingPerson[];
  total: number;
}

/** Who waits for a place of one service: of its ages, with a need that it meets, without an offer. Those who have waited longest first. */
export const readWaitingList: Action<null, { id: number; today: string; limit: number; offset: number }, WaitingList> = {
  name: 'service.list',
  room: 'support',
  purpose: 'support',
  async run(context, services, { id, today, limit, offset }) {
    const { tx, note } = context;
    const service = (await listServices.run(context, services, null)).find((own) => own.id === id);
    if (!service) throw new NotFoundError('There is no such service, or it is out of the catalogue.');
    note({ kind: 'service', id });
    const { rows } = await sql<Omit<WaitingPerson, 'canGetThere'> & { total: number; areas: string[] | null }>`
      SELECT p.person_id AS person, p.name, p.age, round(n.met::numeric, 2)::float AS "needMet", w.since AS "waitingSince",
          r.areas, count(*) OVER ()::int AS total
        FROM support.waiting w JOIN support.person_summaries p ON p.person_id = w.person_id AND w.left_at IS NULL
        JOIN support.person_summaries s ON s.person_id = p.person_id
        CROSS JOIN LATERAL (
          SELECT sum(coalesce((p.levels -> f.key ->> 0)::int, 0) * f.value::float) AS met
            FROM jsonb_each_text(${JSON.stringify(service.serves)}::jsonb) f) n
        LEFT JOIN LATERAL (
          SELECT areas FROM support.reach WHERE person_id = p.person_id ORDER BY id DESC LIMIT 1) r ON true
        WHERE NOT ${decisionHolds(today)} AND NOT ${hasOffer} AND p.age BETWEEN ${service.ageFrom} AND ${service.ageTo} AND n.met > 0
        ORDER BY w.since, n.met DESC, p.person_id LIMIT ${limit} OFFSET ${offset}`.execute(tx);
    note(null, { shown: rows.length });
    const { area } = service;
    const canGetThere = (areas: string[] | null) => (area === null ? true : (areas?.some((own) => isSameArea(own, area)) ?? null));
    return {
      service,
      rows: rows.map(({ total: _, areas, ...row }) => ({ ...row, canGetThere: canGetThere(areas) })),
      total: rows[0]?.total ?? 0,
    };
  },
};
