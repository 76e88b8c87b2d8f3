import { dayIn } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import type { WebKit } from '../../web/kit.ts';
import { waitingForSteward } from './steward.ts';
import { waitingForTeam } from './team.ts';

/** What waits in support, on the page on which its team and its stewards begin. */
export function supportWaiting({ waymark, onStart }: WebKit): void {
  const { performer, timeZone } = waymark;
  onStart({
    purpose: 'support',
    room: 'support',
    read: (request) => performer.perform(actorOf(request), waitingForTeam, null, { today: dayIn(timeZone), timeZone }),
  });
  onStart({
    purpose: 'record-linkage',
    room: 'support',
    read: (request) => performer.perform(actorOf(request), waitingForSteward, null, { today: dayIn(timeZone) }),
  });
}
