import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Action } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { factKinds } from '../facts/index.ts';
import { currentInstrument, currentInstrumentText, type Instrument } from './instrument.ts';
import { type Simulation, simulateInstrument } from './simulate.ts';

const room = 'support' as const;

const readTheInstrument: Action<null, null, Instrument> = {
  name: 'instrument.read',
  room: 'support',
  purpose: 'support',
  run: async () => currentInstrument(),
};

/** The text that a draft of another begins from. */
const beginDraft: Action<null, null, string> = {
  name: 'instrument.simulate',
  room: 'support',
  purpose: 'support',
  run: async () => currentInstrumentText(),
};

/** The instrument by which needs are read, and what a change of it would do: pages and API. */
export function instrumentRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  app.get(
    '/instrument',
    { config: { action: 'instrument.read', room, menu: { text: 'Instrument', rank: 270 } } },
    async (request, reply) => {
      const instrument = await performer.perform(actorOf(request), readTheInstrument, null, null);
      return web.page(request, reply, 'support/needs/instrument.njk', { instrument, factKinds });
    },
  );
  const page = (
    request: FastifyRequest,
    reply: FastifyReply,
    shown: { draft: string; result: Simulation | null; error: { text: string; field: string | null } | null },
  ) => web.page(request, reply, 'support/needs/simulate.njk', shown);
  app.get('/instrument/simulate', { config: { action: 'instrument.simulate', room } }, async (request, reply) =>
    page(request, reply, { draft: await performer.perform(actorOf(request), beginDraft, null, null), result: null, error: null }),
  );
  app.post('/instrument/simulate', { config: { action: 'instrument.simulate', room } }, async (request, reply) => {
    const [draft] = textsOf(request.body, 'draft');
    try {
      const result = await simulateInstrument(performer, actorOf(request), draft, web.waymark);
      return page(request, reply, { draft, result, error: null });
    } catch (caught) {
      const error = invalidIn(caught);
      return page(request, reply.code(400), { draft, result: null, error: { text: error.message, field: error.field } });
    }
  });
}
