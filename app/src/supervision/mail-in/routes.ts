import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import { listMessages } from './list-messages.ts';
import { addSender, endSender, listSenders } from './senders.ts';

/** Crimes by e-mail: who may send them, for administrators, and what came, for analysts. */
export function mailInRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer, timeZone, config } = web.waymark;
  const isSetUp = config.WAYMARK_MAILBOX_URL !== undefined;
  const page = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null, draft: object) =>
    web.page(request, error ? reply.code(400) : reply, 'supervision/mail-in/senders.njk', {
      rows: await performer.perform(actorOf(request), listSenders, null, null),
      isSetUp,
      timeZone,
      draft,
      error: error ? { text: error.message, field: error.field } : null,
    });
  app.get('/mail-senders', { config: { action: 'mailsender.list', menu: { text: 'Crimes by e-mail', rank: 187 } } }, (request, reply) =>
    page(request, reply, null, {}),
  );
  app.post('/mail-senders', { config: { action: 'mailsender.add' } }, async (request, reply) => {
    const [address, who, zone] = textsOf(request.body, 'address', 'who', 'timeZone');
    try {
      await performer.perform(actorOf(request), addSender, null, { address, who, timeZone: zone });
      web.notice(request, 'On the register. What they send from now on is read.');
      return reply.redirect('/mail-senders');
    } catch (error) {
      return page(request, reply, invalidIn(error), { address, who, timeZone: zone });
    }
  });
  app.post('/mail-senders/:id/end', { config: { action: 'mailsender.end' }, schema: { params: Id } }, async (request, reply) => {
    try {
      await performer.perform(actorOf(request), endSender, null, { id: idIn(request) });
      web.notice(request, 'Off the register. What they send from now on is not read.');
      return reply.redirect('/mail-senders');
    } catch (error) {
      return page(request, reply, invalidIn(error), {});
    }
  });
  app.get('/mailbox', { config: { action: 'mail.list', menu: { text: 'Mailbox', rank: 68 } } }, async (request, reply) => {
    const query = readPage(request.query);
    const found = await performer.perform(actorOf(request), listMessages, null, query);
    return web.page(request, reply, 'supervision/mail-in/mailbox.njk', {
      ...found,
      isSetUp,
      pagination: pagination('/mailbox', request.query, query.page, found.total),
    });
  });
}
