import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';
import type { Action } from '../platform/action.ts';
import { todayOf } from '../platform/days.ts';
import { type Half, ownActor } from '../platform/own-access.ts';
import { type OwnSupervision, readOwnSupervision } from '../supervision/index.ts';
import { factKinds, type OwnSupport, readOwnSupport } from '../support/index.ts';
import { actorOf } from '../web/actor-of.ts';
import { invalidIn } from '../web/form.ts';
import type { WebKit } from '../web/kit.ts';
import { type Language, languages, type Speech, speakIn, written } from './texts/speak.ts';
import { packageStates } from './words.ts';

const dayNames = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

export interface Fault {
  text: string;
  field: string | null;
}

/** How a person's own pages reach what each half holds of them, and say it in their language. */
export interface OwnPages {
  as<S, I, O>(request: FastifyRequest, room: Half['room'], action: Action<S, I, O>, services: S, input: I): Promise<O>;
  support(request: FastifyRequest): Promise<OwnSupport | null>;
  tag(request: FastifyRequest): Promise<OwnSupervision | null>;
  both(request: FastifyRequest): Promise<{ support: OwnSupport | null; tag: OwnSupervision | null }>;
  speech(request: FastifyRequest): Speech;
  page(
    request: FastifyRequest,
    reply: FastifyReply,
    name: string,
    data: { error?: Fault | null; [name: string]: unknown },
  ): Promise<FastifyReply>;
  /** Does what a form asks for; what is wrong with it is said on the page that it stands on. */
  change(
    request: FastifyRequest,
    reply: FastifyReply,
    form: { work: () => Promise<unknown>; done: string; to: string; again: (fault: Fault) => Promise<FastifyReply> },
  ): Promise<FastifyReply>;
}

/**
 * English, and what the operator has had checked; in the trial town all of them. A draft that nobody who speaks it has read is shown to
 * nobody else.
 */
function languagesOffered({ WAYMARK_LANGUAGES, WAYMARK_WELSH, OIDC_ISSUER }: Config): readonly Language[] {
  const checked = new Set([...WAYMARK_LANGUAGES.split(','), ...(WAYMARK_WELSH === 'yes' ? ['cy'] : [])]);
  return languages.filter((own) => own === 'en' || !OIDC_ISSUER || checked.has(own));
}

export function ownPages(web: WebKit, secondReview: boolean): OwnPages {
  const { performer, fixes, timeZone, folder, config } = web.waymark;
  const offered = languagesOffered(config);
  const secret = folder.secret('own');
  const stores = { fixes, timeZone };
  const as = <S, I, O>(request: FastifyRequest, room: Half['room'], action: Action<S, I, O>, services: S, input: I) =>
    performer.perform(ownActor(secret, actorOf(request).id, room), action, services, input);
  const support = (request: FastifyRequest) => as(request, 'support', readOwnSupport, null, { today: todayOf(web.waymark) });
  const tag = (request: FastifyRequest) => as(request, 'supervision', readOwnSupervision, stores, { now: Date.now(), secondReview });
  const both = async (request: FastifyRequest) => ({ support: await support(request), tag: await tag(request) });
  const speak = speakIn(timeZone);
  const speech = (request: FastifyRequest): Speech => {
    const { lang } = (request.query ?? {}) as { lang?: unknown };
    const asked = offered.find((own) => own === lang);
    if (asked) request.session.language = asked;
    return speak(offered.find((own) => own === request.session.language) ?? 'en');
  };
  const page = (request: FastifyRequest, reply: FastifyReply, name: string, data: { error?: Fault | null; [name: string]: unknown }) => {
    const said = speech(request);
    const { error = null } = data;
    return web.page(request, reply, `person/${name}.njk`, {
      ...said,
      otherLanguages: offered.filter((own) => own !== said.language).map((code) => ({ code, ...written[code] })),
      dayNames,
      packageStates,
      factKinds,
      today: todayOf(web.waymark),
      now: Date.now(),
      ...data,
      error: error && { ...error, text: said.t(error.text) },
    });
  };
  const change = async (
    request: FastifyRequest,
    reply: FastifyReply,
    { work, done, to, again }: { work: () => Promise<unknown>; done: string; to: string; again: (fault: Fault) => Promise<FastifyReply> },
  ) => {
    try {
      await work();
    } catch (caught) {
      const error = invalidIn(caught);
      reply.code(400);
      return again({ text: error.message, field: error.field });
    }
    web.notice(request, done);
    return reply.redirect(to);
  };
  return { as, support, tag, both, speech, page, change };
}
