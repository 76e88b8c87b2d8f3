import { dayIn } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import type { WebKit } from '../../web/kit.ts';
import { waitingForAuditors } from './auditors.ts';

/** What waits for those who watch over the watchers, on the page on which they begin. */
export function oversightWaiting({ waymark, onStart }: WebKit): void {
  const { performer, timeZone } = waymark;
  onStart({
    purpose: 'oversight',
    room: 'oversight',
    read: (request) => performer.perform(actorOf(request), waitingForAuditors, { timeZone }, { today: dayIn(timeZone) }),
  });
}
