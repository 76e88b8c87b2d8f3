import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Assets } from '../assets/build-assets.ts';
import type { House } from '../kit.ts';
import { type MenuPage, navigationFor } from '../navigation.ts';
import { makeViews } from '../views.ts';

export type RenderPage = (request: FastifyRequest, reply: FastifyReply, template: string, data?: object) => Promise<FastifyReply>;

/** Renders pages with what stands on each of them: who is signed in, where they may go, what was just done. */
export function pagesOf(house: House, assets: Assets, menu: () => readonly MenuPage[], isDemo: () => boolean): RenderPage {
  const views = makeViews(house.timeZone);
  views.addGlobal('asset', assets.addressOf);
  return async (request, reply, template, data = {}) => {
    const { user, notice } = request.session;
    if (notice) request.session.notice = undefined;
    const html = views.render(template, {
      ...data,
      user,
      notice,
      csrfToken: user ? await reply.generateCsrf() : '',
      path: request.url.split('?')[0],
      navigation: user ? navigationFor(house, menu(), user.role, request.url) : [],
      demo: isDemo(),
      timeZone: house.timeZone,
    });
    return reply.type('text/html; charset=utf-8').header('cache-control', 'no-store').send(html);
  };
}
