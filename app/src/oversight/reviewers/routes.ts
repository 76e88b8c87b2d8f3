import type { FastifyInstance } from 'fastify';
import {
  askForReviewTest,
  endReviewTests,
  makeReviewTest,
  overseeReviews,
  readingTakesS,
  type VerdictStore,
} from '../../supervision/index.ts';
import { shareOf } from '../../support/index.ts';
import { actorOf } from '../../web/actor-of.ts';
import type { WebKit } from '../../web/kit.ts';

/** How verdicts are reviewed, and tests of reviewers: a page. */
export function reviewerRoutes(app: FastifyInstance, web: WebKit, { verdicts }: { verdicts: VerdictStore }): void {
  const { performer, fixes, timeZone } = web.waymark;
  app.get(
    '/reviewers',
    { config: { action: 'decisions.oversee', room: 'supervision', menu: { text: 'Reviewers', rank: 340 } } },
    async (request, reply) => {
      const reviews = await performer.perform(actorOf(request), overseeReviews, null, null);
      return web.page(request, reply, 'oversight/reviewers/reviewers.njk', { reviews, shareOf, readingTakesS });
    },
  );
  app.post('/reviewers/tests', { config: { action: 'reviewtest.ask', room: 'supervision' } }, async (request, reply) => {
    const asked = await performer.perform(actorOf(request), askForReviewTest, null, null);
    // Which crime and whose fixes is drawn where crimes are compared; the auditor learns only that there is a test.
    const made = await performer.perform(
      { id: 'system', name: 'Waymark', role: 'system', purpose: 'crime-matching' },
      makeReviewTest,
      { fixes, verdicts, timeZone },
      asked,
    );
    if (made) await web.askForVerdicts();
    web.notice(
      request,
      made
        ? 'A test is put among the crimes. Reviewers cannot tell it from the others.'
        : 'No test could be made: there is no crime yet at whose place somebody was plainly present.',
    );
    return reply.redirect('/reviewers');
  });
  app.post('/reviewers/tests/end', { config: { action: 'reviewtest.end', room: 'supervision' } }, async (request, reply) => {
    const { ended } = await performer.perform(actorOf(request), endReviewTests, null, null);
    web.notice(request, ended === 1 ? 'One test is taken back.' : `${ended} tests are taken back.`);
    return reply.redirect('/reviewers');
  });
}
