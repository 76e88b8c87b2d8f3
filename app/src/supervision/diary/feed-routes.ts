import type { FastifyInstance } from 'fastify';
import { actorOf } from '../../web/actor-of.ts';
import { textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { calendarOf } from './calendar.ts';
import { endFeed, makeFeed, openFeed } from './feed.ts';
import type { DiaryPages } from './pages.ts';
import { readDiary } from './read-diary.ts';

/** What a calendar program gets: from a month ago to half a year ahead. */
const feedDays = { back: 31, ahead: 183 };
const dayMs = 86_400_000;
const feedAtMost = 2000;
const system = { id: 'diary', name: 'Diary', role: 'system', purpose: 'monitoring' } as const;

/** Calendar programs that follow an officer's diary. */
export function diaryFeedRoutes(app: FastifyInstance, web: WebKit, { diary }: DiaryPages): void {
  const { performer, config } = web.waymark;
  app.post('/diary/feed', { config: { action: 'diary.follow' } }, async (request, reply) => {
    const [end] = textsOf(request.body, 'end');
    if (end === 'yes') {
      await performer.perform(actorOf(request), endFeed, null, null);
      web.notice(request, 'The address does not work any more.');
      return reply.redirect('/diary');
    }
    const { secret } = await performer.perform(actorOf(request), makeFeed, null, { now: Date.now() });
    return diary(request, reply, null, { secret });
  });
  // A calendar program cannot sign in: the secret in the address says whose diary it is. It tells numbers and kinds, no name, no address.
  app.get('/diary/feed/:secret', { config: { open: true, rateLimit: { max: 60, timeWindow: 60_000 } } }, async (request, reply) => {
    const secret = /^([\w-]{20,100})\.ics$/.exec((request.params as { secret: string }).secret)?.[1] ?? '';
    const now = Date.now();
    const officer = secret && (await performer.perform(system, openFeed, null, { secret, now }));
    if (!officer)
      return reply
        .code(404)
        .type('text/plain; charset=utf-8')
        .send('There is no such calendar, or it has ended. Make a new address on the page “Diary”.');
    const { rows } = await performer.perform(officer, readDiary, null, {
      whose: 'mine',
      from: now - feedDays.back * dayMs,
      to: now + feedDays.ahead * dayMs,
      now,
      limit: feedAtMost,
      offset: 0,
    });
    const entries = rows.map((row) => ({
      ...row,
      title: `${row.kind[0]?.toUpperCase()}${row.kind.slice(1)}: ${row.reference}`,
      place: '',
      path: `/subjects/${row.subject}/appointments`,
    }));
    return reply.type('text/calendar; charset=utf-8').send(calendarOf(entries, 'Waymark diary', config.WAYMARK_PUBLIC_URL ?? null));
  });
}
