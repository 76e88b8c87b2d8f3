import type { FastifyInstance } from 'fastify';
import type { SignInRole } from '../../platform/access.ts';
import { inOrder } from '../../platform/waiting.ts';
import { actorOf } from '../actor-of.ts';
import type { StartPart, WebKit } from '../kit.ts';
import { type MenuPage, startOf } from '../navigation.ts';

/** Where everybody begins: staff with all that waits for them, counted; whoever has nothing that could wait on their first page. */
export function startRoutes(app: FastifyInstance, web: WebKit, parts: readonly StartPart[], menu: () => readonly MenuPage[]): void {
  const first = (role: SignInRole) => startOf(web.waymark, menu(), role);
  app.get('/', { config: { action: 'start' } }, async (request, reply) => reply.redirect(first(request.actor?.role as SignInRole)));
  app.get(
    '/start',
    {
      config: { action: 'start', menu: { text: 'Start', rank: 1, action: 'waiting.list', rooms: ['supervision', 'support', 'oversight'] } },
    },
    async (request, reply) => {
      const { role, purpose } = actorOf(request);
      const part = parts.find((own) => own.purpose === purpose);
      if (!part) return reply.redirect(first(role as SignInRole));
      const { whose = 'all' } = (request.query ?? {}) as { whose?: string };
      return web.page(request, reply, 'web/pages/start.njk', { ...inOrder(await part.read(request)), asksWhose: part.asksWhose, whose });
    },
  );
}
