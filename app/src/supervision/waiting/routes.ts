import { dateOf } from '@waymark/presence';
import { dayAfter } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import type { WebKit } from '../../web/kit.ts';
import { readTime } from '../fixes/decode/index.ts';
import type { Positions } from '../fixes/index.ts';
import { whoseIn } from '../subjects/index.ts';
import { waitingForAdministrators } from './administrators.ts';
import { waitingForAnalysts } from './analysts.ts';
import { waitingForGovernors } from './governors.ts';
import { waitingForOffenderManagers } from './offender-managers.ts';
import { waitingForOfficers } from './officers.ts';

/** What waits in supervision, on the page on which officers, analysts, offender managers, governors and administrators begin. */
export function supervisionWaiting({ waymark, onStart }: WebKit, services: { positions: Positions }): void {
  const { performer, timeZone } = waymark;
  onStart({
    purpose: 'monitoring',
    room: 'supervision',
    asksWhose: true,
    read(request) {
      const now = Date.now();
      const today = dateOf(now, timeZone);
      const next = dayAfter(today, 1);
      const tomorrow = new Date(readTime(`${next} 00:00`, timeZone)).toISOString();
      return performer.perform(actorOf(request), waitingForOfficers, services, { whose: whoseIn(request.query), now, today, tomorrow });
    },
  });
  onStart({
    purpose: 'crime-matching',
    room: 'supervision',
    read: (request) => performer.perform(actorOf(request), waitingForAnalysts, null, null),
  });
  onStart({
    purpose: 'offender-management',
    room: 'supervision',
    read: (request) => performer.perform(actorOf(request), waitingForOffenderManagers, null, null),
  });
  onStart({
    purpose: 'release-planning',
    room: 'supervision',
    read: (request) => performer.perform(actorOf(request), waitingForGovernors, null, null),
  });
  onStart({
    purpose: 'administration',
    room: 'supervision',
    read: (request) => performer.perform(actorOf(request), waitingForAdministrators, null, null),
  });
}
