import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { readTime } from '../fixes/decode/index.ts';
import type { Positions } from '../fixes/index.ts';
import { closeWearing } from '../subjects/index.ts';
import { readWearing } from './read-wearing.ts';

const afterwards = [
  { value: 'removed', text: 'It goes back to be checked' },
  { value: 'in stock', text: 'I checked and cleaned it: it can be fitted again' },
  { value: 'faulty', text: 'It is faulty' },
  { value: 'lost', text: 'It is not here: lost' },
];

/** Taking a tag off. */
export function removeRoutes(app: FastifyInstance, web: WebKit, { positions }: { positions: Positions }): void {
  const { performer, fixes, timeZone } = web.waymark;
  const removePage = async (request: FastifyRequest, reply: FastifyReply, id: number, error: InvalidError | null, draft = {}) => {
    const detail = await performer.perform(actorOf(request), readWearing, { positions }, { id });
    return web.page(request, error ? reply.code(400) : reply, 'supervision/visit/remove.njk', {
      ...detail,
      states: afterwards,
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  };
  app.get('/wearings/:id/remove', { config: { action: 'wearing.read' }, schema: { params: Id } }, (request, reply) =>
    removePage(request, reply, idIn(request), null),
  );
  app.post('/wearings/:id/remove', { config: { action: 'wearing.close' }, schema: { params: Id } }, async (request, reply) => {
    const id = idIn(request);
    const [endsAt, state, note] = textsOf(request.body, 'endsAt', 'state', 'note');
    let subjectId = 0;
    try {
      const closed = await performer.perform(
        actorOf(request),
        closeWearing,
        { fixes },
        {
          id,
          endsAt: endsAt ? new Date(readTime(endsAt, timeZone)) : new Date(),
          state: state || 'removed',
          note,
        },
      );
      subjectId = closed.subjectId;
    } catch (error) {
      return removePage(request, reply, id, invalidIn(error), { endsAt, state, note });
    }
    web.notice(request, 'The tag is off. Later fixes go to quarantine.');
    return reply.redirect(`/subjects/${subjectId}`);
  });
}
