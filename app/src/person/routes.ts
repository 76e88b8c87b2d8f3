import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidError } from '../platform/action.ts';
import { halfOfCode } from '../platform/own-access.ts';
import {
  type Channels,
  openOwnDocument,
  readOwnAppointments,
  readOwnDay,
  readOwnPage,
  readOwnRequests,
  sendDocument,
  supervisionAccess,
  trackMapData,
} from '../supervision/index.ts';
import { supportAccess } from '../support/index.ts';
import { Id, idIn, textsOf } from '../web/form.ts';
import type { WebKit } from '../web/kit.ts';
import { ownCopyRoutes } from './copy-routes.ts';
import { ownLookRoutes } from './look-routes.ts';
import { type Fault, ownPages } from './own-pages.ts';
import { ownReminderRoutes } from './reminder-routes.ts';
import { ownRequestRoutes } from './request-routes.ts';
import { ownResearchRoutes } from './research-routes.ts';
import { ownSupportRoutes } from './support-routes.ts';
import { speakIn } from './texts/speak.ts';
import { todayOf } from './today.ts';

/**
 * What a person sees of themselves, and can answer. No address here carries anybody's number: whose data is shown follows from the
 * account alone, and the database shows no other. The two halves meet on these pages and nowhere else.
 */
export function personRoutes(
  app: FastifyInstance,
  web: WebKit,
  { secondReview, channels }: { secondReview: boolean; channels: Channels },
): void {
  const { fixes, timeZone } = web.waymark;
  const stores = { fixes, timeZone };
  const own = ownPages(web, secondReview);
  const { as, both, page, change } = own;
  const home = async (request: FastifyRequest, reply: FastifyReply, error: Fault | null) => {
    const found = await both(request);
    const now = Date.now();
    // What is on top of a page for a phone is short: the next one, and how many wait.
    const meets = (await as(request, 'supervision', readOwnAppointments, null, null)) ?? [];
    const asked = (await as(request, 'supervision', readOwnRequests, null, null)) ?? [];
    const appointment = meets.find(({ state, endsAt }) => state === 'planned' && endsAt.getTime() > now) ?? null;
    const waiting = asked.filter(({ decision }) => decision === null).length;
    return page(request, reply, 'home', { ...found, appointment, waiting, today: found.tag && todayOf(found.tag, now), now, error });
  };
  app.get('/me', { config: { action: 'own.home', room: 'person', menu: { text: 'Start', rank: 10 } } }, (request, reply) =>
    home(request, reply, null),
  );
  app.post('/me/code', { config: { action: 'own.redeem', room: 'person' } }, async (request, reply) => {
    const [code] = textsOf(request.body, 'code');
    const half = halfOfCode(code);
    const unknown = new InvalidError('This code is not known. Check each letter, or ask for a new one.', 'code');
    return change(request, reply, {
      work: () => {
        if (half === 'support') return as(request, half, supportAccess.redeem, null, { code });
        if (half === 'supervision') return as(request, half, supervisionAccess.redeem, null, { code });
        throw unknown;
      },
      done: 'Thank you. You can now see what is held about you.',
      to: '/me',
      again: (fault) => home(request, reply, fault),
    });
  });

  app.get('/me/tag', { config: { action: 'own.tag', room: 'supervision', menu: { text: 'My tag', rank: 20 } } }, async (request, reply) => {
    const input = { now: Date.now(), secondReview };
    const { tag: found, progress, documents } = await as(request, 'supervision', readOwnPage, stores, input);
    const rulesMap = found && { zones: found.zones.map(({ feature }) => feature), last: found.tag?.place ?? null };
    return page(request, reply, 'tag', { tag: found, rulesMap, documents, progress });
  });
  app.get('/me/documents/:id', { config: { action: 'own.tag', room: 'supervision' }, schema: { params: Id } }, async (request, reply) =>
    sendDocument(reply, await as(request, 'supervision', openOwnDocument, null, { id: idIn(request) })),
  );
  app.get('/me/places', { config: { action: 'own.tag', room: 'supervision' } }, async (request, reply) => {
    const { date = '' } = (request.query ?? {}) as { date?: string };
    const found = await as(request, 'supervision', readOwnDay, stores, { date: typeof date === 'string' ? date : '' });
    return page(request, reply, 'places', { day: found, mapData: found && trackMapData(found) });
  });

  ownRequestRoutes(app, web, own);
  ownResearchRoutes(app, web, own);
  ownReminderRoutes(app, web, own, { channels, speak: speakIn(timeZone) });
  ownSupportRoutes(app, web, own);
  ownLookRoutes(app, web, own);
  ownCopyRoutes(app, web, own);
}
