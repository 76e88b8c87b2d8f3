import type { MultipartFile } from '@fastify/multipart';
import { stringify } from 'csv-stringify/sync';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type InvalidError, NotFoundError } from '../../platform/action.ts';
import { harmlessCell } from '../../platform/csv-cell.ts';
import { dayIn } from '../../platform/days.ts';
import { textIn } from '../../platform/text-in.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import type { ImportProblem } from '../schema/tables.ts';
import { figureSchedule, intervals, scheduleFigures } from './figure-schedule.ts';
import type { FigureTable } from './figure-table.ts';
import { leastShown } from './fold-groups.ts';
import { characteristics, keepCharacteristics } from './keep-characteristics.ts';
import { figuresOf, leastDays, publishedFigures, publishFigures, readEquality } from './publish-figures.ts';
import { questions } from './questions.ts';

const parts: Record<FigureTable['about'], { title: string; says: string }> = {
  equality: {
    title: 'Who is supervised, how strictly, and how it ends, by group',
    says: 'What people say of themselves is kept apart: nobody who decides about them can read it. A difference is a reason to look, and no proof of unfairness; none is no proof of fairness.',
  },
  hours: {
    title: 'Time kept, and time of which nothing is known',
    says: 'Of the hours at which people had to be in a place: at home at night, most often. Most of what people do right raises no alert, and stands in no other table.',
  },
  alerts: { title: 'Alerts and the work they make', says: 'An alert is raised by a rule or a tag. A person decides what it was.' },
  requests: { title: 'What people on tags asked for', says: 'To be away, for other hours, and the like.' },
  verdicts: { title: 'Verdicts on crimes', says: 'Made by comparing recorded crimes with tags, and looked at by a person.' },
};

/** Tables of one part by what is in their groups, and which of them are too small to be shown. */
function groupsOf(tables: readonly FigureTable[]) {
  return [...new Set(tables.map(({ by }) => by))].map((by) => {
    const own = tables.filter((table) => table.by === by);
    const isShown = ({ lines, whole }: FigureTable) => lines !== null || whole !== null;
    return { by, shown: own.filter(isShown), hidden: own.filter((table) => !isShown(table)) };
  });
}

interface Sent {
  file?: MultipartFile;
  source?: { value?: string };
}

/** Published figures, for anybody; and what the comparison of groups rests on, for the fairness auditor. */
export function figureRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, database, timeZone } = web.waymark;
  const today = () => dayIn(timeZone);

  const figuresPage = async (request: FastifyRequest, reply: FastifyReply, id: number | null) => {
    const published = await publishedFigures(database.db);
    const chosen = id === null ? published[0] : published.find((own) => own.id === id);
    if (id !== null && !chosen) throw new NotFoundError('There are no such figures.');
    const figures = chosen ? await figuresOf(database.db, chosen.id) : null;
    return web.page(request, reply, 'supervision/figures/figures.njk', {
      published,
      chosen,
      leastShown,
      questions: figures?.questions ?? questions,
      parts: Object.entries(parts).map(([key, words]) => ({
        key,
        ...words,
        groups: groupsOf(figures?.tables.filter(({ about }) => about === key) ?? []),
      })),
    });
  };
  app.get('/transparency/figures', { config: { open: true } }, (request, reply) => figuresPage(request, reply, null));
  app.get('/transparency/figures/:id', { config: { open: true }, schema: { params: Id } }, (request, reply) =>
    figuresPage(request, reply, idIn(request)),
  );
  const opened = async (id: number | null) => {
    const published = await publishedFigures(database.db);
    const chosen = id === null ? published[0] : published.find((own) => own.id === id);
    const figures = chosen && (await figuresOf(database.db, chosen.id));
    if (!chosen || !figures) throw new NotFoundError(id === null ? 'No figures have been published yet.' : 'There are no such figures.');
    return { chosen, figures };
  };
  const sendCsv = async (reply: FastifyReply, id: number | null) => {
    const { chosen, figures } = await opened(id);
    const known = (value: number | null) => (value === null ? '' : Number(value.toPrecision(6)));
    const rows = figures.tables.flatMap(({ key, title, by, ofWords, unit, lines, whole }) =>
      [...(whole ? [whole] : []), ...(lines ?? [])].map(({ group, of, yes, value, low, high }) => [
        // What a model of tag is called came from a file.
        ...[chosen.from, chosen.to, key, title, by, harmlessCell(group), ofWords, of, yes ?? '', unit],
        ...[known(value), known(low), known(high)],
      ]),
    );
    const header = ['from', 'to', 'table', 'title', 'by', 'group', 'what_is_counted', 'of', 'count', 'unit', 'value', 'low_95', 'high_95'];
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="figures-${chosen.from}.csv"`)
      .send(stringify([header, ...rows]));
  };
  const asJson = async (id: number | null) => {
    const { chosen, figures } = await opened(id);
    return { from: chosen.from, to: chosen.to, publishedAt: chosen.at, leastShown, ...figures, questions: figures.questions ?? questions };
  };
  app.get('/transparency/figures/:id/csv', { config: { open: true }, schema: { params: Id } }, (request, reply) =>
    sendCsv(reply, idIn(request)),
  );
  app.get('/transparency/figures/:id/json', { config: { open: true }, schema: { params: Id } }, (request) => asJson(idIn(request)));
  // For programs that fetch by the clock: an address that stays.
  app.get('/transparency/figures/latest/csv', { config: { open: true } }, (_request, reply) => sendCsv(reply, null));
  app.get('/transparency/figures/latest/json', { config: { open: true } }, () => asJson(null));

  const equalityPage = async (
    request: FastifyRequest,
    reply: FastifyReply,
    more: { error?: InvalidError; problems?: ImportProblem[]; source?: string } = {},
  ) => {
    const view = await performer.perform(actorOf(request), readEquality, { timeZone }, { today: today() });
    return web.page(request, more.error ? reply.code(400) : reply, 'supervision/figures/equality.njk', {
      ...view,
      characteristics,
      leastDays,
      leastShown,
      problems: more.problems ?? [],
      draft: { source: more.source },
      published: await publishedFigures(database.db),
      intervals,
      schedule: await figureSchedule(database.db),
      error: more.error ? { text: more.error.message, field: more.error.field } : null,
    });
  };
  app.get('/equality', { config: { action: 'equality.read', menu: { text: 'Equality of supervision', rank: 285 } } }, (request, reply) =>
    equalityPage(request, reply),
  );
  app.post('/equality', { config: { action: 'equality.keep', takesFile: true } }, async (request, reply) => {
    const body = (request.body ?? {}) as Sent;
    const source = body.source?.value ?? '';
    try {
      const bytes = body.file?.toBuffer ? await body.file.toBuffer() : Buffer.alloc(0);
      const { people, problems } = await performer.perform(actorOf(request), keepCharacteristics, null, { text: textIn(bytes), source });
      web.notice(request, `Kept of ${people} ${people === 1 ? 'person' : 'people'}.`);
      if (problems.length > 0) return equalityPage(request, reply, { problems: problems.slice(0, 200), source });
      return reply.redirect('/equality');
    } catch (caught) {
      return equalityPage(request, reply, { error: invalidIn(caught), source });
    }
  });
  app.post<{ Body: { every?: string } }>('/equality/schedule', { config: { action: 'figures.schedule' } }, async (request, reply) => {
    try {
      const { every } = await performer.perform(actorOf(request), scheduleFigures, null, { every: request.body?.every ?? '' });
      web.notice(
        request,
        every === 'never' ? 'Nothing is published by itself now.' : `Published from now on: ${intervals[every].toLowerCase()}.`,
      );
      return reply.redirect('/equality');
    } catch (caught) {
      return equalityPage(request, reply, { error: invalidIn(caught) });
    }
  });
  app.post('/equality/publish', { config: { action: 'figures.publish' } }, async (request, reply) => {
    try {
      const { id } = await performer.perform(actorOf(request), publishFigures, { timeZone }, { today: today() });
      web.notice(request, 'Published. Anybody can read these figures now, and they stay as they are.');
      return reply.redirect(`/transparency/figures/${id}`);
    } catch (caught) {
      return equalityPage(request, reply, { error: invalidIn(caught) });
    }
  });
}
