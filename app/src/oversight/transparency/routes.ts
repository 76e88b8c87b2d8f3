import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type InvalidError, NotFoundError } from '../../platform/action.ts';
import { todayOf } from '../../platform/days.ts';
import { keyName, overseeReviews, Sealer } from '../../supervision/index.ts';
import type { Waymark } from '../../waymark.ts';
import { actorOf } from '../../web/actor-of.ts';
import { invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { figuresOf, publishRecords, readPublished, readTransparency } from './publish-records.ts';
import { readRunningConfiguration } from './running-configuration.ts';
import { type Statement, statementFields } from './statement.ts';

/** The records that anybody may read, and where they are published. */
export function transparencyRoutes(app: FastifyInstance, web: WebKit, waymark: Waymark): void {
  const { performer } = waymark;
  const open = { config: { open: true } };
  const evidenceKey = keyName(Sealer.of(waymark.folder).key);

  app.get('/transparency', open, async (request, reply) =>
    web.page(request, reply, 'oversight/transparency/public.njk', {
      published: await readPublished(waymark),
      evidenceKey,
    }),
  );
  app.get('/transparency.json', open, async (_request, reply) => {
    const published = await readPublished(waymark);
    if (!published) throw new NotFoundError('Nothing has been published yet.');
    const { at, fingerprint, sha256, outOfDate, records } = published;
    return reply.send({ publishedAt: at, fingerprint, sha256, outOfDate, records });
  });
  app.get('/transparency/:key', open, async (request, reply) => {
    const { key } = request.params as { key: string };
    const published = await readPublished(waymark);
    const record = published?.records.find((own) => own.key === key);
    if (!record) throw new NotFoundError('There is no such record.');
    return web.page(request, reply, 'oversight/transparency/record.njk', { published, record });
  });

  const manage = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null, draft: Partial<Statement> | null) => {
    const configuration = await readRunningConfiguration(waymark);
    const services = { configuration, today: todayOf(waymark) };
    const { fingerprint, published } = await performer.perform(actorOf(request), readTransparency, services, null);
    return web.page(request, error ? reply.code(400) : reply, 'oversight/transparency/records.njk', {
      fingerprint,
      published,
      fields: statementFields,
      draft: draft ?? { ...published?.statement, reviewOn: '' },
      error: error ? { text: error.message, field: error.field } : null,
    });
  };
  app.get(
    '/transparency/records',
    { config: { action: 'transparency.read', room: 'oversight', menu: { text: 'Transparency', rank: 380 } } },
    (request, reply) => manage(request, reply, null, null),
  );
  app.post('/transparency/records', { config: { action: 'transparency.publish', room: 'oversight' } }, async (request, reply) => {
    const keys = statementFields.map(({ key }) => key);
    const texts = textsOf(request.body, ...keys);
    const statement = Object.fromEntries(keys.map((key, i) => [key, (texts[i] ?? '').trim().slice(0, 4000)])) as unknown as Statement;
    try {
      const figures = figuresOf(await performer.perform(actorOf(request), overseeReviews, null, null));
      const configuration = await readRunningConfiguration(waymark);
      const publication = { configuration, figures, statement, today: todayOf(waymark) };
      await performer.perform(actorOf(request), publishRecords, null, publication);
    } catch (error) {
      return manage(request, reply, invalidIn(error), statement);
    }
    web.notice(request, 'The four records are published.');
    return reply.redirect('/transparency/records');
  });
}
