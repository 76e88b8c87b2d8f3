import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidError } from '../platform/action.ts';
import { todayOf } from '../platform/days.ts';
import { askSupervision, supervisionLooks } from '../supervision/index.ts';
import { askSupport, supportLooks } from '../support/index.ts';
import { textsOf } from '../web/form.ts';
import type { WebKit } from '../web/kit.ts';
import type { Fault, OwnPages } from './own-pages.ts';
import { deedInWords, purposeInWords } from './words.ts';

/** Who looked, and the questions that a person asks. */
export function ownLookRoutes(app: FastifyInstance, web: WebKit, own: OwnPages): void {
  const { as, both, speech, page, change } = own;
  app.get(
    '/me/looks',
    { config: { action: 'own.home', room: 'person', menu: { text: 'Who looked', rank: 40 } } },
    async (request, reply) => {
      const { t } = speech(request);
      const parts = [
        { name: 'About your support', found: await as(request, 'support', supportLooks, null, null) },
        { name: 'About your tag', found: await as(request, 'supervision', supervisionLooks, null, null) },
      ];
      return page(request, reply, 'looks', {
        parts: parts.map(({ name, found }) => ({
          name,
          total: found?.total ?? 0,
          looks: found?.looks.map((own) => ({ ...own, deed: t(deedInWords(own.action)), why: t(purposeInWords(own.purpose)) })) ?? null,
        })),
      });
    },
  );

  const questions = async (request: FastifyRequest, reply: FastifyReply, error: Fault | null, draft: object) => {
    const own = await both(request);
    const cases = [...(own.support?.cases ?? []), ...(own.tag?.cases ?? [])].sort((a, b) => b.openedAt.getTime() - a.openedAt.getTime());
    return page(request, reply, 'questions', { ...own, cases, error, draft });
  };
  app.get(
    '/me/questions',
    { config: { action: 'own.home', room: 'person', menu: { text: 'My questions', rank: 50 } } },
    (request, reply) => {
      const [half, kind, about] = textsOf(request.query, 'half', 'kind', 'about');
      return questions(request, reply, null, { half, kind, about });
    },
  );
  app.post('/me/questions', { config: { action: 'own.ask', room: 'person' } }, async (request, reply) => {
    const [half, kind, about, said] = textsOf(request.body, 'half', 'kind', 'about', 'said');
    const given = { kind, about, said, today: todayOf(web.waymark) };
    return change(request, reply, {
      work: () => {
        if (half === 'support') return as(request, 'support', askSupport, null, given);
        if (half === 'tag') return as(request, 'supervision', askSupervision, null, given);
        throw new InvalidError('Choose what it is about.', 'half');
      },
      done: 'Thank you. A person will answer you here.',
      to: '/me/questions',
      again: (fault) => questions(request, reply, fault, { half, kind, about, said }),
    });
  });
}
