import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { dayIn, isDay, todayOf } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import { type Form, Id, idIn, orAgain, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import { readTime } from '../fixes/decode/index.ts';
import { whoseIn } from '../subjects/index.ts';
import { appointmentKinds } from './appointment.ts';
import { calendarOf } from './calendar.ts';
import { endFeed, makeFeed, openFeed } from './feed.ts';
import { makeAppointment, settleAppointment } from './keep-diary.ts';
import { type DiaryEntry, readAppointments, readDiary } from './read-diary.ts';

const daysShown = 14;
const dayMs = 86_400_000;
/** What a calendar program gets: from a month ago to half a year ahead. */
const feedDays = { back: 31, ahead: 183 };
const feedAtMost = 2000;
const system = { id: 'diary', name: 'Diary', role: 'system', purpose: 'monitoring' } as const;

/** Only paths that a form of ours stands on. */
const backTo = (path: string) => (/^\/subjects\/\d+\/appointments$/.test(path) ? path : '/diary');

/** Visits and appointments: what is due, what became of it, and calendars that follow. */
export function diaryRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, timeZone, config } = web.waymark;
  const startOf = (day: string) => readTime(`${day} 00:00`, timeZone);
  const byDay = (rows: readonly DiaryEntry[]) => {
    const days = new Map<string, DiaryEntry[]>();
    for (const row of rows) {
      const day = dayIn(timeZone, row.startsAt);
      days.set(day, [...(days.get(day) ?? []), row]);
    }
    return [...days].map(([day, own]) => ({ day, rows: own }));
  };
  const diary = async (
    request: FastifyRequest,
    reply: FastifyReply,
    error: InvalidError | null = null,
    more: { draft?: object; secret?: string } = {},
  ) => {
    const { from: asked = '', whose } = (request.query ?? {}) as { from?: string; whose?: string };
    const today = todayOf(web.waymark);
    const day = typeof asked === 'string' && isDay(asked) ? asked : today;
    const from = startOf(day);
    const paged = readPage(request.query);
    const query = { ...paged, whose: whose === undefined ? ('mine' as const) : whoseIn(request.query) };
    const now = Date.now();
    const actor = actorOf(request);
    const found = await performer.perform(actor, readDiary, null, { ...query, from, to: from + daysShown * dayMs, now });
    const step = (days: number) => dayIn(timeZone, new Date(from + days * dayMs + dayMs / 2));
    return web.page(request, error ? reply.code(400) : reply, 'supervision/diary/diary.njk', {
      ...found,
      days: byDay(found.rows),
      day,
      today,
      last: step(daysShown - 1),
      before: step(-daysShown),
      after: step(daysShown),
      query,
      now,
      pagination: pagination('/diary', request.query, query.page, found.total),
      feedAddress: more.secret
        ? new URL(`/diary/feed/${more.secret}.ics`, config.WAYMARK_PUBLIC_URL ?? `http://${request.host}`).href
        : null,
      error: error && { text: error.message, field: error.field },
      draft: more.draft ?? {},
    });
  };
  app.get('/diary', { config: { action: 'diary.list', menu: { text: 'Diary', rank: 135 } } }, (request, reply) => diary(request, reply));

  const ofSubject = async (
    request: FastifyRequest,
    reply: FastifyReply,
    id: number,
    error: InvalidError | null = null,
    draft: object = {},
  ) => {
    const found = await performer.perform(actorOf(request), readAppointments, null, { subjectId: id });
    return web.page(request, error ? reply.code(400) : reply, 'supervision/diary/appointments.njk', {
      ...found,
      kinds: appointmentKinds,
      me: actorOf(request).id,
      now: Date.now(),
      error: error && { text: error.message, field: error.field },
      draft,
    });
  };
  app.get('/subjects/:id/appointments', { config: { action: 'appointment.read' }, schema: { params: Id } }, (request, reply) =>
    ofSubject(request, reply, idIn(request)),
  );
  app.post('/subjects/:id/appointments', { config: { action: 'appointment.make' }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const body = (request.body ?? {}) as Form;
    const [kind, startsAt, minutes, place, note, officer] = textsOf(body, 'kind', 'startsAt', 'minutes', 'place', 'note', 'officer');
    let alsoThen: string | null = null;
    const again = await orAgain(
      async () => {
        ({ alsoThen } = await performer.perform(actorOf(request), makeAppointment, null, {
          subjectId: id,
          kind,
          startsAt: new Date(startsAt === '' ? Number.NaN : readTime(startsAt, timeZone)),
          minutes: Number(minutes),
          place,
          note,
          officer,
          now: Date.now(),
        }));
      },
      (error) => ofSubject(request, reply, id, error, body),
    );
    if (again) return again;
    web.notice(
      request,
      `It is in the diary, and the person sees it.${alsoThen ? ` ${alsoThen} has another appointment at that time.` : ''}`,
    );
    return reply.redirect(`/subjects/${id}/appointments`);
  });
  app.post('/appointments/:id', { config: { action: 'appointment.settle' }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const [outcome, said, from] = textsOf(request.body, 'outcome', 'said', 'from');
    const back = backTo(from);
    let subject = 0;
    const again = await orAgain(
      async () => {
        ({ subject } = await performer.perform(actorOf(request), settleAppointment, null, { id, outcome, said, now: Date.now() }));
      },
      (error) => {
        const draft = { id, outcome, said };
        return back === '/diary'
          ? diary(request, reply, error, { draft })
          : ofSubject(request, reply, Number(back.split('/')[2]), error, draft);
      },
    );
    if (again) return again;
    web.notice(
      request,
      outcome === 'missed'
        ? 'It is on record as missed. Next: ring them, and offer another time below. Missed again without a reason: tell the responsible officer.'
        : 'It is on record, and the person reads it.',
    );
    return reply.redirect(outcome === 'missed' ? `/subjects/${subject}/appointments` : back);
  });

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
