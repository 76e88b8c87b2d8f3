import type { Action } from '../../platform/action.ts';
import { readOwnProgress } from '../compliance/index.ts';
import type { TrackStores } from '../days/index.ts';
import { readOwnDocuments } from '../documents/index.ts';
import { type OwnSupervision, readOwnSupervision } from '../own/index.ts';

export interface OwnPage {
  tag: OwnSupervision | null;
  progress: Awaited<ReturnType<typeof readOwnProgress.run>>;
  documents: Awaited<ReturnType<typeof readOwnDocuments.run>>;
}

/** All that the wearer's page of their tag shows, in one look. */
export const readOwnPage: Action<TrackStores, { now: number; secondReview: boolean }, OwnPage> = {
  name: 'own.tag',
  room: 'supervision',
  purpose: 'self',
  async run(context, services, input) {
    return {
      tag: await readOwnSupervision.run(context, services, input),
      progress: await readOwnProgress.run(context, services, input),
      documents: await readOwnDocuments.run(context, null, null),
    };
  },
};
