import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Action, InvalidError, NotFoundError } from '../platform/action.ts';
import { type Half, halfOfCode, ownActor } from '../platform/own-access.ts';
import {
  askSupervision,
  readOwnDay,
  readOwnSupervision,
  supervisionAccess,
  supervisionCopy,
  supervisionLooks,
  trackMapData,
} from '../supervision/index.ts';
import {
  askSupport,
  challengeOwn,
  comeBack,
  factKinds,
  readOwnSupport,
  supportAccess,
  supportCopy,
  supportLooks,
  todayOf,
  withdraw,
} from '../support/index.ts';
import { actorOf } from '../web/actor-of.ts';
import { Id, textsOf } from '../web/form.ts';
import type { WebKit } from '../web/kit.ts';
import { type Speech, speechIn } from './texts/speak.ts';
import { deedInWords, packageStates, purposeInWords, tableInWords } from './words.ts';

const dayNames = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

interface Fault {
  text: string;
  field: string | null;
}

/**
 * What a person sees of themselves, and can answer. No address here carries anybody's number: whose data is shown follows from the
 * account alone, and the database shows no other. The two halves meet on these pages and nowhere else.
 */
export function personRoutes(app: FastifyInstance, web: WebKit, { secondReview }: { secondReview: boolean }): void {
  const { performer, fixes, timeZone, folder, config } = web.waymark;
  // Until somebody who speaks it has checked the draft, Welsh is shown in the trial town alone.
  const hasWelsh = config.WAYMARK_WELSH === 'yes' || !config.OIDC_ISSUER;
  const secret = folder.secret('own');
  const stores = { fixes, timeZone };
  const as = <S, I, O>(request: FastifyRequest, room: Half['room'], action: Action<S, I, O>, services: S, input: I) =>
    performer.perform(ownActor(secret, actorOf(request).id, room), action, services, input);
  const support = (request: FastifyRequest) => as(request, 'support', readOwnSupport, null, { today: todayOf(web.waymark) });
  const tag = (request: FastifyRequest) => as(request, 'supervision', readOwnSupervision, stores, { now: Date.now(), secondReview });
  const both = async (request: FastifyRequest) => ({ support: await support(request), tag: await tag(request) });
  const speeches = { en: speechIn('en', timeZone), cy: speechIn('cy', timeZone) };
  const speech = (request: FastifyRequest): Speech => {
    const { lang } = (request.query ?? {}) as { lang?: unknown };
    if (hasWelsh && (lang === 'en' || lang === 'cy')) request.session.language = lang;
    return speeches[(hasWelsh && request.session.language) || 'en'];
  };
  const page = (request: FastifyRequest, reply: FastifyReply, name: string, data: { error?: Fault | null; [name: string]: unknown }) => {
    const said = speech(request);
    const { error = null } = data;
    return web.page(request, reply, `person/${name}.njk`, {
      ...said,
      otherLanguage: !hasWelsh ? null : said.language === 'en' ? { code: 'cy', name: 'Cymraeg' } : { code: 'en', name: 'English' },
      dayNames,
      packageStates,
      factKinds,
      today: todayOf(web.waymark),
      now: Date.now(),
      ...data,
      error: error && { ...error, text: said.t(error.text) },
    });
  };
  /** Does what a form asks for; what is wrong with it is said on the page that it stands on. */
  const change = async (
    request: FastifyRequest,
    reply: FastifyReply,
    { work, done, to, again }: { work: () => Promise<unknown>; done: string; to: string; again: (fault: Fault) => Promise<FastifyReply> },
  ) => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error;
      reply.code(400);
      return again({ text: error.message, field: error.field });
    }
    web.notice(request, done);
    return reply.redirect(to);
  };

  const home = async (request: FastifyRequest, reply: FastifyReply, error: Fault | null) =>
    page(request, reply, 'home', { ...(await both(request)), error });
  app.get('/me', { config: { action: 'own.home', room: 'person' } }, (request, reply) => home(request, reply, null));
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

  app.get('/me/tag', { config: { action: 'own.tag', room: 'supervision' } }, async (request, reply) => {
    const own = await tag(request);
    const rulesMap = own && { zones: own.zones.map(({ feature }) => feature), last: own.tag?.place ?? null };
    return page(request, reply, 'tag', { tag: own, rulesMap });
  });
  app.get('/me/places', { config: { action: 'own.tag', room: 'supervision' } }, async (request, reply) => {
    const { date = '' } = (request.query ?? {}) as { date?: string };
    const own = await as(request, 'supervision', readOwnDay, stores, { date: typeof date === 'string' ? date : '' });
    return page(request, reply, 'places', { day: own, mapData: own && trackMapData(own) });
  });

  const supportPage = async (request: FastifyRequest, reply: FastifyReply, error: Fault | null) =>
    page(request, reply, 'support', { support: await support(request), error });
  app.get('/me/support', { config: { action: 'own.support', room: 'support' } }, (request, reply) => supportPage(request, reply, null));
  app.post(
    '/me/facts/:id/wrong',
    { config: { action: 'own.challenge', room: 'support' }, schema: { params: Id } },
    async (request, reply) => {
      const { id } = request.params as { id: number };
      const [reason] = textsOf(request.body, 'reason');
      return change(request, reply, {
        work: () => as(request, 'support', challengeOwn, null, { fact: id, reason }),
        done: 'Thank you. We do not use this any more until somebody has looked into it.',
        to: '/me/support',
        again: (fault) => supportPage(request, reply, fault),
      });
    },
  );
  app.post('/me/stop', { config: { action: 'own.withdraw', room: 'support' } }, async (request, reply) => {
    const [said] = textsOf(request.body, 'said');
    return change(request, reply, {
      work: () => as(request, 'support', withdraw, null, { said, today: todayOf(web.waymark) }),
      done: 'All support has stopped. Nothing else changes for you. You can come back at any time.',
      to: '/me/support',
      again: (fault) => supportPage(request, reply, fault),
    });
  });
  app.post('/me/back', { config: { action: 'own.withdraw', room: 'support' } }, async (request, reply) => {
    await as(request, 'support', comeBack, null, null);
    web.notice(request, 'Welcome back.');
    return reply.redirect('/me/support');
  });

  app.get('/me/looks', { config: { action: 'own.home', room: 'person' } }, async (request, reply) => {
    const { t } = speech(request);
    const parts = [
      { name: 'About your support', found: await as(request, 'support', supportLooks, null, null) },
      { name: 'About your tag', found: await as(request, 'supervision', supervisionLooks, null, null) },
    ];
    return page(request, reply, 'looks', {
      parts: parts.map(({ name, found }) => ({
        name,
        total: found?.total ?? 0,
        looks: found?.looks.map((own) => ({ ...own, deed: t(deedInWords(own.action)), why: t(purposeInWords(own.purpose)) })) ?? null,
      })),
    });
  });

  const questions = async (request: FastifyRequest, reply: FastifyReply, error: Fault | null, draft: object) => {
    const own = await both(request);
    const cases = [...(own.support?.cases ?? []), ...(own.tag?.cases ?? [])].sort((a, b) => b.openedAt.getTime() - a.openedAt.getTime());
    return page(request, reply, 'questions', { ...own, cases, error, draft });
  };
  app.get('/me/questions', { config: { action: 'own.home', room: 'person' } }, (request, reply) => {
    const [half, kind, about] = textsOf(request.query, 'half', 'kind', 'about');
    return questions(request, reply, null, { half, kind, about });
  });
  app.post('/me/questions', { config: { action: 'own.ask', room: 'person' } }, async (request, reply) => {
    const [half, kind, about, said] = textsOf(request.body, 'half', 'kind', 'about', 'said');
    const given = { kind, about, said, today: todayOf(web.waymark) };
    return change(request, reply, {
      work: () => {
        if (half === 'support') return as(request, 'support', askSupport, null, given);
        if (half === 'tag') return as(request, 'supervision', askSupervision, null, given);
        throw new InvalidError('Choose what it is about.', 'half');
      },
      done: 'Thank you. A person will answer you here.',
      to: '/me/questions',
      again: (fault) => questions(request, reply, fault, { half, kind, about, said }),
    });
  });

  const copyOf = async (request: FastifyRequest, positions: boolean) => ({
    madeAt: new Date().toISOString(),
    support: await as(request, 'support', supportCopy, null, null),
    supervision: await as(request, 'supervision', supervisionCopy, stores, { positions }),
    whoLooked: {
      support: (await as(request, 'support', supportLooks, null, null))?.looks ?? [],
      supervision: (await as(request, 'supervision', supervisionLooks, null, null))?.looks ?? [],
    },
  });
  app.get('/me/copy.json', { config: { action: 'own.copy', room: 'person' } }, async (request, reply) => {
    const copy = await copyOf(request, true);
    return reply
      .type('application/json; charset=utf-8')
      .header('cache-control', 'no-store')
      .header('content-disposition', 'attachment; filename="my-data.json"')
      .send(JSON.stringify(copy, null, 2));
  });
  app.get('/me/copy', { config: { action: 'own.copy', room: 'person' } }, async (request, reply) => {
    // The places of every day are in the file, and day by day on their own page.
    const copy = await copyOf(request, false);
    const parts = [
      { name: 'Support', rows: copy.support },
      { name: 'Your tag', rows: copy.supervision },
    ].flatMap(({ name, rows }) =>
      rows === null
        ? []
        : [
            {
              name,
              tables: Object.entries(rows).map(([table, list]) => ({
                title: tableInWords(table),
                total: list.length,
                rows: list.slice(0, 200).map(wordsOf),
              })),
            },
          ],
    );
    if (parts.length === 0) throw new NotFoundError('There is nothing held about you here that we know of.');
    return page(request, reply, 'copy', { parts, madeAt: copy.madeAt });
  });
}

/** A row as lines of words. */
function wordsOf(row: Record<string, unknown>): { name: string; value: string }[] {
  return Object.entries(row).flatMap(([name, value]) => {
    if (value === null || value === '') return [];
    const text = value instanceof Date ? value.toISOString() : typeof value === 'object' ? JSON.stringify(value) : String(value);
    return [{ name: name.replaceAll('_', ' '), value: text.slice(0, 600) }];
  });
}
