import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Assets } from '../assets/build-assets.ts';
import type { House, PageBar, WebKit } from '../kit.ts';
import { type MenuPage, navigationFor } from '../navigation.ts';
import { makeViews } from '../views.ts';

export type RenderPage = Pick<WebKit, 'page' | 'fragment' | 'part'>;

export interface Ground {
  kind: 'tiles' | 'styled tiles' | 'town' | 'world';
  /** West, south, east and north of what there are tiles of, degrees. */
  covers: string | null;
}

interface OnEachPage {
  assets: Assets;
  menu(): readonly MenuPage[];
  bars: readonly PageBar[];
  /** What maps are drawn on. */
  ground(): Ground;
  isDemo(): boolean;
}

/** Renders pages with what stands on each of them: who is signed in, where they may go, what goes on, what was just done. */
export function pagesOf(house: House, { assets, menu, bars, ground, isDemo }: OnEachPage): RenderPage {
  const views = makeViews(house.timeZone);
  views.addGlobal('asset', assets.addressOf);
  const send = (reply: FastifyReply, html: string) => reply.type('text/html; charset=utf-8').header('cache-control', 'no-store').send(html);
  const page: RenderPage['page'] = async (request, reply, template, data = {}) => {
    const { user, notice } = request.session;
    if (notice) request.session.notice = undefined;
    const html = views.render(template, {
      ...data,
      bars: await barsFor(house, bars, request, reply),
      user,
      who: user ? createHash('sha256').update(user.id).digest('hex').slice(0, 12) : '',
      notice,
      posted: request.method !== 'GET',
      csrfToken: user ? await reply.generateCsrf() : '',
      path: request.url.split('?')[0],
      navigation: user ? navigationFor(house, menu(), user.role, request.url) : [],
      demo: isDemo(),
      ground: ground(),
      timeZone: house.timeZone,
    });
    return send(reply, html);
  };
  const part: RenderPage['part'] = (template, data) => views.render(template, data);
  return { page, part, fragment: (reply, template, data) => send(reply, part(template, data)) };
}

/** What stands on top of the pages of whoever asks. A page that refuses, or tells of trouble, asks for nothing more; a program looks at nothing that it did not ask for. */
async function barsFor({ access }: House, bars: readonly PageBar[], { actor, byToken, log }: FastifyRequest, { statusCode }: FastifyReply) {
  if (!actor || byToken || statusCode > 400) return [];
  const shown: { template: string; data: object }[] = [];
  for (const { action, room, template, read } of bars) {
    if (!access.decide(actor, action, actor.purpose, room).allowed) continue;
    try {
      shown.push({ template, data: await read(actor) });
    } catch (error) {
      // The page itself is what was asked for.
      log.warn({ error: (error as Error).name, message: (error as Error).message }, `reading what stands on every page (${action})`);
    }
  }
  return shown;
}
