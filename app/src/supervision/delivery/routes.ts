import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { type Form, Id, idIn, invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { channels as channelNames, severities } from '../schema/tables.ts';
import type { Channels } from './channels.ts';
import { addDeliveryRule, endDeliveryRule, listDeliveryRules, tryDeliveryRule } from './rules.ts';

/** Who is told of alerts, and how: the administrator's page. */
export function deliveryRoutes(app: FastifyInstance, web: WebKit, channels: Channels): void {
  const { performer } = web.waymark;

  const page = async (
    request: FastifyRequest,
    reply: FastifyReply,
    options: { error?: InvalidError; draft?: Form; shown?: { name: string; secret: string } } = {},
  ) => {
    const { error, draft = {}, shown = null } = options;
    const found = await performer.perform(actorOf(request), listDeliveryRules, null, null);
    return web.page(request, error ? reply.code(400) : reply, 'supervision/delivery/delivery.njk', {
      ...found,
      channels: channelNames,
      severities,
      error: error ? { text: error.message, field: error.field } : null,
      draft,
      shown,
    });
  };
  app.get('/delivery', { config: { action: 'delivery.list', menu: { text: 'Who is told', rank: 180 } } }, (request, reply) =>
    page(request, reply),
  );
  app.post('/delivery', { config: { action: 'delivery.add', lists: ['severities'] } }, async (request, reply) => {
    const body = (request.body ?? {}) as Form;
    const text = (key: string) => textsOf(body, key)[0];
    try {
      const { secret, channel } = await performer.perform(
        actorOf(request),
        addDeliveryRule,
        { channels },
        {
          name: text('name'),
          severities: [body.severities ?? []].flat(),
          channel: text('channel'),
          target: text('target'),
          unseenAfterMinutes: text('unseenAfterMinutes'),
          quietFrom: text('quietFrom'),
          quietTo: text('quietTo'),
        },
      );
      if (channel !== 'e-mail') return await page(request, reply, { shown: { name: text('name'), secret } });
    } catch (error) {
      return page(request, reply, { error: invalidIn(error), draft: body });
    }
    web.notice(request, 'The rule is in force. Send a trial to see whether it arrives.');
    return reply.redirect('/delivery');
  });
  app.post('/delivery/:id/end', { config: { action: 'delivery.end' }, schema: { params: Id } }, async (request, reply) => {
    await performer.perform(actorOf(request), endDeliveryRule, null, { id: idIn(request) });
    web.notice(request, 'The rule has ended. What waited under it is not sent.');
    return reply.redirect('/delivery');
  });
  app.post('/delivery/:id/try', { config: { action: 'delivery.try' }, schema: { params: Id } }, async (request, reply) => {
    await performer.perform(actorOf(request), tryDeliveryRule, null, { id: idIn(request) });
    web.notice(request, 'A trial is on its way. What became of it stands below in a moment.');
    return reply.redirect('/delivery');
  });
}
