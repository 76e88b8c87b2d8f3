import type { FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { dayIn, isDay, todayOf } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import { readTime } from '../fixes/decode/index.ts';
import { whoseIn } from '../subjects/index.ts';
import { appointmentKinds } from './appointment.ts';
import { type DiaryEntry, readAppointments, readDiary } from './read-diary.ts';

const daysShown = 14;
const dayMs = 86_400_000;

type Show<Rest extends unknown[]> = (request: FastifyRequest, reply: FastifyReply, ...rest: Rest) => Promise<FastifyReply>;

export interface DiaryPages {
  diary: Show<[error?: InvalidError | null, more?: { draft?: object; secret?: string }]>;
  /** Of one subject. */
  appointments: Show<[subject: number, error?: InvalidError | null, draft?: object]>;
}

/** The pages on which appointments stand, also with what was wrong with a form. */
export function diaryPages(web: WebKit): DiaryPages {
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
  const diary: DiaryPages['diary'] = async (request, reply, error = null, more = {}) => {
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
        ? new URL(`/diary/feed/${more.secret}.ics`, config.WAYMARK_PUBLIC_URL ?? `${request.protocol}://${request.host}`).href
        : null,
      error: error && { text: error.message, field: error.field },
      draft: more.draft ?? {},
    });
  };
  const appointments: DiaryPages['appointments'] = async (request, reply, id, error = null, draft = {}) => {
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
  return { diary, appointments };
}
