import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { InvalidError } from '../../platform/action.ts';
import { todayOf } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import { invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { checkLook, drawSample, sampleOutcomes, sampleSize } from './monthly-sample.ts';

const Seq = Type.Object({ seq: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) });

/** The month's sample of looks, and what was found: a page. */
export function sampleRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  const services = { timeZone: web.waymark.timeZone };
  const samplePage = async (request: FastifyRequest, reply: FastifyReply, month: string, error: InvalidError | null, draft: object) => {
    const today = todayOf(web.waymark);
    const sample = await performer.perform(actorOf(request), drawSample, services, { month: month || today.slice(0, 7), today });
    return web.page(request, error ? reply.code(400) : reply, 'oversight/sample/sample.njk', {
      sample,
      sampleSize,
      outcomes: sampleOutcomes,
      checked: sample.looks.filter(({ checks }) => checks.length > 0).length,
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  };
  app.get(
    '/sample',
    { config: { action: 'sample.read', room: 'oversight', menu: { text: 'Sample', rank: 330 } } },
    async (request, reply) => {
      const { month } = (request.query ?? {}) as { month?: unknown };
      const asked = typeof month === 'string' ? month.trim() : '';
      try {
        return await samplePage(request, reply, asked, null, {});
      } catch (error) {
        return samplePage(request, reply, '', invalidIn(error), {});
      }
    },
  );
  app.post('/sample/:seq', { config: { action: 'sample.check', room: 'oversight' }, schema: { params: Seq } }, async (request, reply) => {
    const { seq } = request.params as { seq: number };
    const [outcome, note, month] = textsOf(request.body, 'outcome', 'note', 'month');
    try {
      await performer.perform(actorOf(request), checkLook, null, { seq, outcome, note });
    } catch (error) {
      return samplePage(request, reply, month, invalidIn(error), { seq, outcome, note });
    }
    web.notice(request, 'What you found is written down.');
    return reply.redirect(`/sample?month=${encodeURIComponent(month)}`);
  });
}
