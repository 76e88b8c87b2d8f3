import type { FastifyInstance } from 'fastify';
import { actorOf } from '../../web/actor-of.ts';
import { type Form, Id, idIn, orAgain, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { readTime } from '../fixes/decode/index.ts';
import { diaryFeedRoutes } from './feed-routes.ts';
import { makeAppointment, settleAppointment } from './keep-diary.ts';
import { diaryPages } from './pages.ts';

/** Only paths that a form of ours stands on. */
const backTo = (path: string) => (/^\/subjects\/\d+\/appointments$/.test(path) ? path : '/diary');

/** Visits and appointments: what is due, what became of it, and calendars that follow. */
export function diaryRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, timeZone } = web.waymark;
  const pages = diaryPages(web);
  app.get('/diary', { config: { action: 'diary.list', menu: { text: 'Diary', rank: 135 } } }, (request, reply) =>
    pages.diary(request, reply),
  );
  app.get('/subjects/:id/appointments', { config: { action: 'appointment.read' }, schema: { params: Id } }, (request, reply) =>
    pages.appointments(request, reply, idIn(request)),
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
      (error) => pages.appointments(request, reply, id, error, body),
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
          ? pages.diary(request, reply, error, { draft })
          : pages.appointments(request, reply, Number(back.split('/')[2]), error, draft);
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
  diaryFeedRoutes(app, web, pages);
}
