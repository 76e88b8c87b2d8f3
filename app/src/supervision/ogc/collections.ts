import { sql } from 'kysely';
import { type Action, type ActionContext, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { atHome, fixMethods, notValid } from '../../platform/fixes/fix.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { type CrimeQuery, middleOf, searchCrimes } from '../crimes/index.ts';
import { decisionsOn, noteSubjects } from '../subjects/index.ts';
import { type AreaGeometry, geometryOf, listZonesHeld } from '../zones/index.ts';

import { type FeatureQuery, isWithin, meets } from './feature-query.ts';

export interface Feature {
  type: 'Feature';
  id: string | number;
  geometry: { type: 'Point'; coordinates: [number, number] } | { type: 'MultiPolygon'; coordinates: [number, number][][][] };
  properties: Record<string, string | number | null>;
}

export interface FeaturePage {
  features: Feature[];
  /** How many there are in all; null where that is not known without reading them. */
  matched: number | null;
  hasMore: boolean;
}

export const collections = {
  crimes: {
    title: 'Recorded crimes',
    description:
      'Each in its current version, as a point in the middle of its place with how far off it may be. Time is the window of the crime.',
  },
  zones: {
    title: 'Zones in force',
    description: 'Zones of people under an order, as areas: where to keep out of, to stay in, or to be at set hours.',
  },
  tracks: {
    title: 'Positions of tags',
    description:
      'Observed fixes as points with their accuracy; nothing is drawn between them. subject= names one person by their reference; without datetime it is the last 24 hours.',
  },
} as const;
export type CollectionName = keyof typeof collections;

const dayMs = 86_400_000;
/** So many days of positions are asked for at once, and so many people. */
const trackDaysAtMost = 31;
const wearersAtMost = 200;
const crimesAtMost = 1_000_000;

const page = <T>(all: readonly T[], { limit, offset }: FeatureQuery) => ({
  rows: all.slice(offset, offset + limit),
  matched: all.length,
  hasMore: all.length > offset + limit,
});

type AskedCrimes = Omit<CrimeQuery, 'limit' | 'offset'>;

async function pageOfCrimes(tx: Tx, asked: AskedCrimes, { limit, offset }: FeatureQuery) {
  const { rows, total } = await searchCrimes(tx, { ...asked, limit, offset });
  return { rows, matched: total, hasMore: total > offset + rows.length };
}

/** Places are of several forms, of which the database knows no middle: a box looks at all that are of the time. */
async function crimesWithin(tx: Tx, asked: AskedCrimes, bbox: FeatureQuery['bbox']) {
  const { rows } = await searchCrimes(tx, { ...asked, limit: crimesAtMost, offset: 0 });
  return rows.filter(({ place }) => isWithin(bbox, ...middleOf(place)));
}

/** Crimes in their current versions. Those that were made up to test reviewers are no crimes. */
export const listCrimeFeatures: Action<null, FeatureQuery, FeaturePage> = {
  name: 'crime.list',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }, _services, query) {
    const at = (moment: number | null) => (moment === null ? null : new Date(moment));
    const asked = {
      ...({ sort: 'when', descending: false, withTests: false } as const),
      during: { from: at(query.from), to: at(query.to) },
      // What is no number of a crime is none.
      ...(query.id === null ? {} : { crime: /^\d{1,9}$/.test(query.id) ? Number(query.id) : 0 }),
    };
    const shown = query.bbox === null ? await pageOfCrimes(tx, asked, query) : page(await crimesWithin(tx, asked, query.bbox), query);
    note(null, { shown: shown.rows.length, as: 'features' });
    const features = shown.rows.map(
      (row): Feature => ({
        type: 'Feature',
        id: row.crime_id,
        geometry: { type: 'Point', coordinates: middleOf(row.place) },
        properties: {
          reference: row.reference,
          force: row.force,
          type: row.type,
          version: row.version,
          from: row.from_at.toISOString(),
          to: row.to_at.toISOString(),
          uncertainty_m: row.place.uncertaintyM,
          present: row.present,
          excluded: row.excluded,
          unknown: row.unknown,
          reviews: row.reviews,
        },
      }),
    );
    return { features, matched: shown.matched, hasMore: shown.hasMore };
  },
};

const manyOf = (geometry: AreaGeometry) => (geometry.type === 'MultiPolygon' ? geometry.coordinates : [geometry.coordinates]);

/** Zones that hold now, each once for every order that it is under. */
export const listZoneFeatures: Action<null, FeatureQuery, FeaturePage> = {
  name: 'zone.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, _services, query) {
    const held = await listZonesHeld(tx, query.subject);
    const mine = await theirs({ tx, actor, access }, held);
    const found = mine
      .map((zone) => ({ ...zone, coordinates: manyOf(geometryOf(zone.area)) }))
      .filter(({ id, order_id }) => query.id === null || query.id === `${id}-${order_id}`)
      .filter(({ coordinates }) => meets(query.bbox, coordinates))
      .filter(({ effective_at }) => query.to === null || effective_at.getTime() <= query.to);
    const shown = page(found, query);
    note(null, {
      shown: shown.rows.length,
      as: 'features',
      subjects: [...new Set(shown.rows.map(({ subject }) => subject))].sort((a, b) => a - b),
    });
    const features = shown.rows.map(
      (zone): Feature => ({
        type: 'Feature',
        id: `${zone.id}-${zone.order_id}`,
        geometry: { type: 'MultiPolygon', coordinates: zone.coordinates },
        properties: {
          name: zone.name,
          kind: zone.kind,
          subject: zone.reference,
          zone: zone.zone_id,
          version: zone.version,
          from: zone.effective_at.toISOString(),
          hours: JSON.stringify(zone.hours),
        },
      }),
    );
    return { features, matched: shown.matched, hasMore: shown.hasMore };
  },
};

/** A position is named by its wearing and its moment; what is none names nobody's. */
function positionNamed(id: string): { wearing: number; at: number } {
  const [, wearing, at] = /^(\d{1,9})-(\d{1,13})$/.exec(id) ?? [];
  if (at === undefined) throw new NotFoundError('There is no such feature.');
  return { wearing: Number(wearing), at: Number(at) };
}

/** Positions of one person, or of all who may be seen; the last 24 hours where no time is given. Each of them sees that there was a look. */
export const listTrackFeatures: Action<{ fixes: FixStore }, FeatureQuery & { now: number }, FeaturePage> = {
  name: 'track.read',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, { fixes }, query) {
    const only = query.id === null ? null : positionNamed(query.id);
    const to = only?.at ?? query.to ?? query.now;
    const from = only?.at ?? query.from ?? to - dayMs;
    if (to - from > trackDaysAtMost * dayMs) throw new InvalidError(`Ask for ${trackDaysAtMost} days of positions at most.`, 'datetime');
    const worn = await tx
      .selectFrom('supervision.wearings as w')
      .innerJoin('supervision.subjects as s', 's.id', 'w.subject_id')
      .innerJoin('supervision.tags as t', 't.id', 'w.tag_id')
      .select(['w.id', 'w.subject_id as subject', 's.reference', 't.serial'])
      .where('w.starts_at', '<=', new Date(to))
      .where(sql<boolean>`(w.ends_at IS NULL OR w.ends_at > ${new Date(from)})`)
      .$if(query.subject !== null, (asked) => asked.where('s.reference', '=', query.subject ?? ''))
      .$if(only !== null, (asked) => asked.where('w.id', '=', only?.wearing ?? 0))
      .orderBy('w.id')
      .limit(wearersAtMost + 1)
      .execute();
    if (worn.length > wearersAtMost)
      throw new InvalidError(`More than ${wearersAtMost} people wore a tag then. Name one: subject= and their reference.`, 'subject');
    const wearings = await theirs({ tx, actor, access }, worn);
    await noteSubjects(
      { tx, actor, note },
      wearings.map(({ id }) => id),
    );
    const features: Feature[] = [];
    let passed = 0;
    for (const { id, reference, serial } of wearings) {
      if (features.length > query.limit) break;
      const { count, columns } = await fixes.track(id, from, to);
      for (let i = 0; i < count && features.length <= query.limit; i++) {
        const [lon, lat, method] = [columns.lon[i] as number, columns.lat[i] as number, columns.method[i] as number];
        // What says “at home” alone stays here.
        if (method === atHome || !isWithin(query.bbox, lon, lat)) continue;
        if (passed++ < query.offset) continue;
        const [at, accuracy] = [columns.at[i] as number, columns.accuracyM[i] as number];
        features.push({
          type: 'Feature',
          id: `${id}-${at}`,
          geometry: { type: 'Point', coordinates: [lon, lat] },
          properties: {
            subject: reference,
            tag: serial,
            at: new Date(at).toISOString(),
            received_at: new Date(columns.receivedAt[i] as number).toISOString(),
            accuracy_m: Number.isNaN(accuracy) ? null : Math.round(accuracy * 10) / 10,
            method: method === notValid ? 'receiver had no fix' : (fixMethods[method] ?? 'unknown'),
          },
        });
      }
    }
    const hasMore = features.length > query.limit;
    note(null, { shown: Math.min(features.length, query.limit), as: 'features' });
    return { features: features.slice(0, query.limit), matched: null, hasMore };
  },
};

/** Without those of another officer's cases, of which a reason is asked that a program has no place to give. */
async function theirs<T extends { subject: number }>(
  context: Pick<ActionContext, 'tx' | 'actor' | 'access'>,
  rows: readonly T[],
): Promise<T[]> {
  const decisions = await decisionsOn(context, [...new Set(rows.map(({ subject }) => subject))]);
  return rows.filter(({ subject }) => decisions.get(subject)?.allowed !== false);
}
