import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { EventStreams } from '../../web/event-streams.ts';
import { type Form, idOf, textsOf } from '../../web/form.ts';
import { pagination, readPage } from '../../web/paging.ts';
import type { WebKit } from '../../web/server.ts';
import { readTime } from '../fixes/read-time.ts';
import { tagStates } from '../schema/tables.ts';
import { closeWearing, openWearing, readSubject } from '../subjects/subjects.ts';
import { type FleetFilter, fleetFilters, listTags } from '../tags/list-fleet.ts';
import { moveTag, readTag } from '../tags/tag-life.ts';
import { declareTag } from '../tags/tags.ts';
import { findAtDoor } from '../visit/find-at-door.ts';
import { readWearing } from '../visit/read-wearing.ts';
import { listCaseload, mapCase, urgencyOf, watchCaseload } from './read-caseload.ts';

const Id = Type.Object({ id: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) });
const security = [{ token: [] }];
/** How often pages are told who has moved, ms. */
const tellEveryMs = 1000;

/** What an officer does and says before leaving. */
const doorSteps = [
  'The strap is closed, and one finger fits under it',
  'I showed how to charge it, and how long that takes',
  'I said what is recorded, who can see it, and how to challenge it',
];

const afterwards = [
  { value: 'removed', text: 'It goes back to be checked' },
  { value: 'in stock', text: 'I checked and cleaned it: it can be fitted again' },
  { value: 'faulty', text: 'It is faulty' },
  { value: 'lost', text: 'It is not here: lost' },
];

const doorOf = (wearing: number) => `wearing ${wearing}`;

/** Who wears what, where they are now, the fleet, and the visit at the door: pages and API. */
export function caseloadRoutes(app: FastifyInstance, web: WebKit): void {
  const { waymark } = web;
  const { performer, fixes, intake, live, positions, timeZone } = waymark;
  const services = { fixes, intake };
  const pages = new EventStreams(web.onSessionEnd);
  const stopListening = live.listen(({ wearing, change, severity }) => {
    if (change === 'raised' || change === 'raised again') pages.tell('caseload', 'alert', [wearing, urgencyOf(severity)]);
  });
  const telling = setInterval(() => {
    const moved = positions.takeMoved();
    if (moved.length === 0) return;
    pages.tell(
      'caseload',
      'moved',
      moved.map((position) => mapCase(position, null)),
    );
    for (const { wearing } of moved) pages.tell(doorOf(wearing), 'heard', null);
  }, tellEveryMs).unref();
  app.addHook('preClose', async () => {
    clearInterval(telling);
    stopListening();
    pages.close();
  });

  app.get('/caseload', { config: { action: 'caseload.list' } }, async (request, reply) => {
    const query = readPage(request.query);
    const found = await performer.perform(actorOf(request), listCaseload, { positions }, query);
    return web.page(request, reply, 'supervision/caseload/caseload.njk', {
      ...found,
      query,
      now: Date.now(),
      pagination: pagination('/caseload', request.query, query.page, found.total),
    });
  });
  app.get(
    '/api/caseload',
    {
      config: { action: 'caseload.list', api: true },
      schema: {
        tags: ['Caseload'],
        summary: 'Everybody who wears a tag now, with the latest position and open alerts',
        security,
        querystring: Type.Object(
          { page: Type.Optional(Type.String()), search: Type.Optional(Type.String()) },
          { additionalProperties: true },
        ),
      },
    },
    async (request) => {
      const { rows, total, counts } = await performer.perform(actorOf(request), listCaseload, { positions }, readPage(request.query));
      return { total, counts, cases: rows };
    },
  );
  app.get(
    '/api/caseload/positions',
    {
      config: { action: 'caseload.watch', api: true, stream: true },
      schema: { tags: ['Caseload'], summary: 'Positions of the caseload as they come, as server-sent events', security },
    },
    (request, reply) =>
      pages.connect(request, reply, 'caseload', async () => ({
        event: 'all',
        data: await performer.perform(actorOf(request), watchCaseload, { positions }, null),
      })),
  );

  const tagsPage = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null, draft = {}) => {
    const { show } = (error ? {} : request.query) as { show?: string };
    const filter: FleetFilter = fleetFilters.find((own) => own === show) ?? 'all';
    const query = { ...readPage(error ? {} : request.query), filter };
    const found = await performer.perform(actorOf(request), listTags, { positions }, query);
    return web.page(request, error ? reply.code(400) : reply, 'supervision/tags/fleet.njk', {
      ...found,
      query,
      filters: fleetFilters,
      pagination: pagination('/tags', request.query, query.page, found.total),
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  };
  app.get('/tags', { config: { action: 'tag.list' } }, (request, reply) => tagsPage(request, reply, null));
  app.post('/tags', { config: { action: 'tag.declare' } }, async (request, reply) => {
    const [serial, model] = textsOf(request.body, 'serial', 'model');
    try {
      await performer.perform(actorOf(request), declareTag, null, { serial, model });
    } catch (error) {
      if (error instanceof InvalidError) return tagsPage(request, reply, error, { serial, model });
      throw error;
    }
    await intake.reload();
    web.notice(request, `Tag ${serial} is registered and in stock.`);
    return reply.redirect('/tags');
  });
  const tagPage = async (request: FastifyRequest, reply: FastifyReply, id: number, error: InvalidError | null, draft = {}) => {
    const detail = await performer.perform(actorOf(request), readTag, { positions }, { id });
    return web.page(request, error ? reply.code(400) : reply, 'supervision/tags/tag.njk', {
      ...detail,
      states: tagStates,
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  };
  app.get('/tags/:id', { config: { action: 'tag.read' }, schema: { params: Id } }, (request, reply) =>
    tagPage(request, reply, (request.params as { id: number }).id, null),
  );
  app.post('/tags/:id/state', { config: { action: 'tag.move' }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const [state, note] = textsOf(request.body, 'state', 'note');
    try {
      const moved = await performer.perform(actorOf(request), moveTag, null, { id, state, note });
      web.notice(request, `Tag ${moved.serial} is ${moved.state} now.`);
    } catch (error) {
      if (error instanceof InvalidError) return tagPage(request, reply, id, error, { state, note });
      throw error;
    }
    return reply.redirect(`/tags/${id}`);
  });

  app.get('/door', { config: { action: 'subject.list' } }, async (request, reply) => {
    const query = readPage(request.query);
    const found = await performer.perform(actorOf(request), findAtDoor, null, { search: query.search ?? '' });
    return web.page(request, reply, 'supervision/visit/door.njk', { ...found, query });
  });
  const fitPage = async (request: FastifyRequest, reply: FastifyReply, id: number, error: InvalidError | null, draft = {}) => {
    const { subject, orders } = await performer.perform(actorOf(request), readSubject, { fixes }, { id });
    const now = new Date();
    return web.page(request, error ? reply.code(400) : reply, 'supervision/visit/fit.njk', {
      subject,
      orders: orders.filter(({ starts_at, ends_at }) => starts_at <= now && (!ends_at || ends_at > now)),
      steps: doorSteps,
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  };
  app.get('/subjects/:id/fit', { config: { action: 'subject.read' }, schema: { params: Id } }, (request, reply) =>
    fitPage(request, reply, (request.params as { id: number }).id, null),
  );
  app.post('/subjects/:id/fit', { config: { action: 'wearing.open', lists: ['told'] }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const body = (request.body ?? {}) as Form;
    const text = (key: string) => textsOf(body, key)[0];
    const told = [body.told ?? []].flat();
    let wearing = 0;
    try {
      if (told.length < doorSteps.length) throw new InvalidError('Do each of these steps first, and tick it.', 'told');
      const opened = await performer.perform(actorOf(request), openWearing, services, {
        subjectId: id,
        orderId: idOf(text('orderId')),
        serial: text('serial'),
        startsAt: text('startsAt') === '' ? new Date() : new Date(readTime(text('startsAt'), timeZone)),
        note: text('note'),
      });
      wearing = opened.id;
    } catch (error) {
      if (error instanceof InvalidError) return fitPage(request, reply, id, error, { ...body, told });
      throw error;
    }
    await intake.reload();
    await live.rethink([wearing]);
    return reply.redirect(`/wearings/${wearing}/door`);
  });
  app.get('/wearings/:id/door', { config: { action: 'wearing.read' }, schema: { params: Id } }, async (request, reply) => {
    const detail = await performer.perform(actorOf(request), readWearing, { positions }, request.params as { id: number });
    return web.page(request, reply, 'supervision/visit/worn.njk', { ...detail });
  });
  app.get(
    '/api/wearings/:id/heard',
    {
      config: { action: 'wearing.read', api: true, stream: true },
      schema: { tags: ['Caseload'], summary: 'Tells when a tag is heard, as server-sent events', security, params: Id },
    },
    (request, reply) => {
      const { id } = request.params as { id: number };
      return pages.connect(request, reply, doorOf(id), async () => {
        const { last } = await performer.perform(actorOf(request), readWearing, { positions }, { id });
        return { event: 'hello', data: { heard: last !== null } };
      });
    },
  );
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
    removePage(request, reply, (request.params as { id: number }).id, null),
  );
  app.post('/wearings/:id/remove', { config: { action: 'wearing.close' }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const [endsAt, state, note] = textsOf(request.body, 'endsAt', 'state', 'note');
    let subjectId = 0;
    try {
      const closed = await performer.perform(actorOf(request), closeWearing, services, {
        id,
        endsAt: endsAt ? new Date(readTime(endsAt, timeZone)) : new Date(),
        state: state || 'removed',
        note,
      });
      subjectId = closed.subjectId;
    } catch (error) {
      if (error instanceof InvalidError) return removePage(request, reply, id, error, { endsAt, state, note });
      throw error;
    }
    await intake.reload();
    await live.rethink([id]);
    web.notice(request, 'The tag is off. Later fixes go to quarantine.');
    return reply.redirect(`/subjects/${subjectId}`);
  });
}
