import { type Compliance, weekAt, weeksOf } from '@waymark/presence';
import type { Action } from '../../platform/action.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { supervisionAccess } from '../own/index.ts';
import { stayOfSubject } from './stay-of-subject.ts';

const weeksShown = 4;
const weekMs = 7 * 86_400_000;

/** How the wearer kept to where they had to be, week by week, the latest first. */
export const readOwnProgress: Action<{ fixes: FixStore; timeZone: string }, { now: number }, ({ from: number } & Compliance)[]> = {
  name: 'own.tag',
  room: 'supervision',
  purpose: 'self',
  async run({ tx }, { fixes, timeZone }, { now }) {
    const subject = await supervisionAccess.whoAmI(tx);
    if (subject === null) return [];
    const stay = await stayOfSubject(tx, fixes, subject, { from: now - (weeksShown + 1) * weekMs, to: now }, timeZone);
    if (!stay) return [];
    return weeksOf(Math.max(stay.began, weekAt(now, timeZone, 1 - weeksShown)[0]), now, timeZone)
      .map(([from, to]) => ({ from, ...stay.between(from, Math.min(to, now)) }))
      .reverse();
  },
};
