import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../platform/access.ts';
import type { Half, OwnAccess } from '../platform/own-access.ts';
import type { OwnCases } from '../platform/own-cases.ts';
import { actorOf } from '../web/actor-of.ts';
import { Id, idIn, invalidIn, textsOf } from '../web/form.ts';
import type { WebKit } from '../web/kit.ts';
import { pagination, readPage } from '../web/paging.ts';

export interface OwnStaffPages {
  half: Half;
  access: OwnAccess;
  cases: OwnCases;
  /** Where the page of one person is, and where that of all cases. */
  personPath: string;
  casesPath: string;
  /** Where that of all cases stands in the menu. */
  casesRank: number;
  /** A decision that a case is about can be put right with its answer. */
  correction?: {
    /** What there is to choose for a case about this, by value; none where there is nothing to correct. */
    choices(about: string): Record<string, string> | null;
    correct(actor: Actor, about: string, choice: string, reason: string): Promise<void>;
  };
}

/** What staff of one half do so that people see what is held of them: give a code, end access, answer. */
export function ownStaffRoutes(
  app: FastifyInstance,
  web: WebKit,
  { half, access, cases, personPath, casesPath, casesRank, correction }: OwnStaffPages,
): void {
  const { performer } = web.waymark;
  const { room } = half;
  app.post(`${personPath}/:id/access`, { config: { action: 'access.invite', room }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const made = await performer.perform(actorOf(request), access.invite, null, { id });
    return web.page(request, reply, 'web/pages/access-code.njk', { ...made, back: `${personPath}/${id}` });
  });
  app.post(`${personPath}/:id/access/end`, { config: { action: 'access.end', room }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    await performer.perform(actorOf(request), access.end, null, { id });
    web.notice(request, 'Nobody sees this from outside any more.');
    return reply.redirect(`${personPath}/${id}`);
  });
  const list = async (request: FastifyRequest, reply: FastifyReply, error: { text: string; field: string | null } | null) => {
    const query = readPage(request.query);
    const found = await performer.perform(actorOf(request), cases.list, null, query);
    return web.page(request, reply, 'web/pages/cases.njk', {
      ...found,
      rows: found.rows.map((row) => ({ ...row, choices: row.reply ? null : (correction?.choices(row.about) ?? null) })),
      personPath,
      casesPath,
      today: new Date().toISOString().slice(0, 10),
      error,
      pagination: pagination(casesPath, request.query, query.page, found.total),
    });
  };
  app.get(casesPath, { config: { action: 'case.list', room, menu: { text: 'Questions', rank: casesRank } } }, (request, reply) =>
    list(request, reply, null),
  );
  app.post(`${casesPath}/:id`, { config: { action: 'case.answer', room }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const [take, text, about, choice] = textsOf(request.body, 'take', 'reply', 'about', 'choice');
    try {
      await performer.perform(actorOf(request), cases.answer, null, { id, take: take === 'yes', reply: text });
      if (choice !== '' && take !== 'yes') await correction?.correct(actorOf(request), about, choice, text);
    } catch (caught) {
      const error = invalidIn(caught);
      return list(request, reply.code(400), { text: error.message, field: error.field });
    }
    web.notice(request, take === 'yes' ? 'It is yours now.' : 'Answered. The person reads it on their page.');
    return reply.redirect(casesPath);
  });
}
