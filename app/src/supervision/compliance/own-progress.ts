import { type Compliance, weeksOf } from '@waymark/presence';
import type { Action } from '../../platform/action.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { supervisionAccess } from '../own/index.ts';
import { keptBy, sumsOf } from './read-compliance.ts';

const weeksShown = 4;
const weekMs = 7 * 86_400_000;

/** How the wearer kept to where they had to be, week by week over the tag that they wear now, the latest first. */
export const readOwnProgress: Action<{ fixes: FixStore; timeZone: string }, { now: number }, ({ from: number } & Compliance)[]> = {
  name: 'own.tag',
  room: 'supervision',
  purpose: 'self',
  async run({ tx }, { fixes, timeZone }, { now }) {
    if ((await supervisionAccess.whoAmI(tx)) === null) return [];
    const worn = await tx
      .selectFrom('supervision.wearings')
      .select(['id', 'starts_at'])
      .where((eb) => eb.or([eb('ends_at', 'is', null), eb('ends_at', '>', new Date(now))]))
      .orderBy('starts_at', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (!worn) return [];
    const began = Math.max(worn.starts_at.getTime(), now - (weeksShown + 1) * weekMs);
    const kept = await keptBy(tx, fixes, worn.id, { from: began, to: now }, timeZone);
    return weeksOf(Math.max(began, now - (weeksShown - 1) * weekMs), now, timeZone)
      .slice(-weeksShown)
      .map(([from, to]) => ({ from, ...sumsOf(kept(Math.max(from, began), Math.min(to, now))).stay }))
      .reverse();
  },
};
