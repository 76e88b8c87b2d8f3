import type { Action } from './action.ts';

/**
 * What an action gives, as a type. Each half lists what its API answers, by the operation's id, in its `api-answers.ts`; the schemas
 * that the API is described by are written from those types (`npm run answers`), so that they are what the code itself is checked by.
 */
export type OutputOf<A> = A extends Action<infer _S, infer _I, infer O> ? O : never;

/** GeoJSON, with what is told of each feature. */
export interface Features<Properties, Geometry = { type: 'Point'; coordinates: [number, number] }> {
  type: 'FeatureCollection';
  name?: string;
  features: { type: 'Feature'; properties: Properties; geometry: Geometry }[];
}
