import type { WeeklyHours } from '@waymark/presence';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { InvalidError, NotFoundError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { EventStreams } from '../../web/event-streams.ts';
import { type Form, idOf, textsOf } from '../../web/form.ts';
import { pagination, readPage } from '../../web/paging.ts';
import type { WebKit } from '../../web/server.ts';
import { readTime } from '../fixes/read-time.ts';
import { alertOutcomes, zoneKinds } from '../schema/tables.ts';
import { authoriseAbsence } from '../zones/authorise-absence.ts';
import { changeZone } from '../zones/change-zone.ts';
import { checkZone, declareZone, type ZoneDraft } from '../zones/declare-zone.ts';
import { endProtection, protectPerson } from '../zones/protect-person.ts';
import { joinedAreas, type NamedArea, readCircle, readGeoJsonArea, readGeoJsonAreas } from '../zones/read-area.ts';
import { geometryOf, readZone, readZones, zoneFeature } from '../zones/read-zones.ts';
import { addSharedZone, declareSharedZone, listSharedZones, removeSharedZone } from '../zones/share-zone.ts';
import { decideAlert } from './decide-alert.ts';
import { handOver } from './hand-over.ts';
import { type AlertDetail, type AlertList, alertLists, listAlerts, mapAlerts, readAlert } from './read-alerts.ts';

const Id = Type.Object({ id: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) });
const security = [{ token: [] }];
const dayNames = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

/** Zones, hours, absences and alerts: pages and API. */
export function watchingRoutes(app: FastifyInstance, web: WebKit): void {
  const { waymark } = web;
  const { performer, fixes, live, timeZone } = waymark;
  // By number only: a page asks again for what it may see.
  const pages = new EventStreams(web.onSessionEnd);
  const stopListening = live.listen(({ id, change }) => pages.tell('alerts', 'change', { id, change }));
  app.addHook('preClose', async () => {
    stopListening();
    pages.close();
  });
  const time = (text: unknown) => new Date(typeof text === 'string' && text !== '' ? readTime(text, timeZone) : Number.NaN);

  const listOf = (request: FastifyRequest): AlertList => {
    const { list } = (request.query ?? {}) as { list?: string };
    return alertLists.find((own) => own === list) ?? 'open';
  };
  app.get('/alerts', { config: { action: 'alert.list' } }, async (request, reply) => {
    const list = listOf(request);
    return alertsPage(request, reply, list, null);
  });
  const alertsPage = async (
    request: FastifyRequest,
    reply: FastifyReply,
    list: AlertList,
    error: InvalidError | null,
    draft: Form = {},
  ) => {
    const mine = ((request.query ?? {}) as { mine?: string }).mine === 'yes';
    const query = { ...readPage(request.query), list, mine };
    const found = await performer.perform(actorOf(request), listAlerts, null, query);
    return web.page(request, error ? reply.code(400) : reply, 'supervision/alerts/alerts.njk', {
      ...found,
      query,
      lists: alertLists,
      pagination: pagination('/alerts', request.query, query.page, found.total),
      ownMine: found.mine,
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  };
  // Seeing is no decision: several may be marked at once. Closing is one at a time.
  app.post('/alerts/seen', { config: { action: 'alert.decide', lists: ['id'] } }, async (request, reply) => {
    const body = (request.body ?? {}) as Form;
    let seen = 0;
    for (const id of [body.id ?? []]
      .flat()
      .map(idOf)
      .filter((own) => own > 0)
      .slice(0, 100)) {
      try {
        await performer.perform(actorOf(request), decideAlert, null, { id, step: 'seen', note: '' });
        seen++;
      } catch (error) {
        // Somebody else was quicker, or it was taken back: there is nothing left to see.
        if (!(error instanceof InvalidError || error instanceof NotFoundError)) throw error;
      }
    }
    web.notice(
      request,
      seen === 0 ? 'None was marked: choose new alerts first.' : `${seen} ${seen === 1 ? 'alert is' : 'alerts are'} marked as seen.`,
    );
    return reply.redirect('/alerts');
  });
  app.post('/alerts/hand-over', { config: { action: 'alert.hand-over' } }, async (request, reply) => {
    const [to, note] = textsOf(request.body, 'to', 'note');
    try {
      const { count } = await performer.perform(actorOf(request), handOver, null, { to, note });
      web.notice(request, `${count} ${count === 1 ? 'alert is' : 'alerts are'} with ${to} now.`);
    } catch (error) {
      if (error instanceof InvalidError) return alertsPage(request, reply, 'open', error, { to, note });
      throw error;
    }
    return reply.redirect('/alerts');
  });
  app.get(
    '/api/alerts',
    {
      config: { action: 'alert.list', api: true },
      schema: {
        tags: ['Alerts'],
        summary: 'Alerts: open ones with the most urgent first, or closed or retracted ones',
        security,
        querystring: Type.Object(
          {
            list: Type.Optional(Type.String({ description: alertLists.join(', ') })),
            page: Type.Optional(Type.String()),
            search: Type.Optional(Type.String()),
          },
          { additionalProperties: true },
        ),
      },
    },
    async (request) => {
      const { rows, total } = await performer.perform(actorOf(request), listAlerts, null, {
        ...readPage(request.query),
        list: listOf(request),
      });
      return { total, alerts: rows };
    },
  );
  app.get(
    '/api/alerts.geojson',
    {
      config: { action: 'alert.list', api: true },
      schema: {
        tags: ['Alerts'],
        summary: 'Alerts as GeoJSON, with the shape of their zone; at most 5,000, the latest',
        security,
        querystring: Type.Object(
          { list: Type.Optional(Type.String({ description: alertLists.join(', ') })) },
          { additionalProperties: true },
        ),
      },
    },
    async (request, reply) => {
      const { features } = await performer.perform(actorOf(request), mapAlerts, null, { list: listOf(request) });
      reply.type('application/geo+json');
      return { type: 'FeatureCollection', features };
    },
  );
  app.get(
    '/api/alerts/changes',
    {
      config: { action: 'alert.list', api: true, stream: true },
      schema: { tags: ['Alerts'], summary: 'Changes of alerts as they are put on record, as server-sent events', security },
    },
    (request, reply) =>
      pages.connect(request, reply, 'alerts', async () => {
        const { counts } = await performer.perform(actorOf(request), listAlerts, null, { list: 'open', limit: 1, offset: 0 });
        return { event: 'counts', data: counts };
      }),
  );

  const alertPage = async (request: FastifyRequest, reply: FastifyReply, id: number, error: InvalidError | null, draft: Form = {}) => {
    const detail = await performer.perform(actorOf(request), readAlert, { fixes }, { id });
    return web.page(request, error ? reply.code(400) : reply, 'supervision/alerts/alert.njk', {
      ...detail,
      mapData: mapDataOf(detail),
      outcomes: alertOutcomes,
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  };
  app.get('/alerts/:id', { config: { action: 'alert.read' }, schema: { params: Id } }, (request, reply) =>
    alertPage(request, reply, (request.params as { id: number }).id, null),
  );
  app.get(
    '/api/alerts/:id',
    {
      config: { action: 'alert.read', api: true },
      schema: { tags: ['Alerts'], summary: 'One alert with its versions, steps, zone (GeoJSON) and fixes', security, params: Id },
    },
    (request) => performer.perform(actorOf(request), readAlert, { fixes }, request.params as { id: number }),
  );
  app.post('/alerts/:id/steps', { config: { action: 'alert.decide' }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const [step, outcome, note] = textsOf(request.body, 'step', 'outcome', 'note');
    try {
      const { state } = await performer.perform(actorOf(request), decideAlert, null, { id, step, outcome, note });
      web.notice(request, state === 'closed' ? 'The alert is closed.' : `The alert is ${state} now.`);
      return reply.redirect(state === 'closed' ? '/alerts' : `/alerts/${id}`);
    } catch (error) {
      if (error instanceof InvalidError) return alertPage(request, reply, id, error, { step, outcome, note });
      throw error;
    }
  });

  const zonesPage = async (
    request: FastifyRequest,
    reply: FastifyReply,
    subjectId: number,
    error: InvalidError | null,
    draft: Form = {},
  ) => {
    const detail = await performer.perform(actorOf(request), readZones, null, { subjectId });
    return web.page(request, error ? reply.code(400) : reply, 'supervision/zones/zones.njk', {
      ...detail,
      kinds: zoneKinds,
      dayNames,
      features: detail.zones.flatMap(({ inForce }) => (inForce ? [zoneFeature(inForce)] : [])),
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  };
  app.get('/subjects/:id/zones', { config: { action: 'zone.list' }, schema: { params: Id } }, (request, reply) =>
    zonesPage(request, reply, (request.params as { id: number }).id, null),
  );
  app.get(
    '/api/subjects/:id/zones.geojson',
    {
      config: { action: 'zone.list', api: true },
      schema: { tags: ['Zones'], summary: "A subject's zones, every version, as GeoJSON", security, params: Id },
    },
    async (request, reply) => {
      const { zones } = await performer.perform(actorOf(request), readZones, null, { subjectId: (request.params as { id: number }).id });
      reply.type('application/geo+json');
      return { type: 'FeatureCollection', features: zones.flatMap(({ versions }) => versions.map(zoneFeature)) };
    },
  );
  app.post(
    '/subjects/:id/zones',
    { config: { action: 'zone.declare', lists: ['days'] }, schema: { params: Id } },
    async (request, reply) => {
      const { id } = request.params as { id: number };
      const body = (request.body ?? {}) as Form;
      const text = (key: string) => (typeof body[key] === 'string' ? (body[key] as string) : '');
      let added = 0;
      try {
        // One action each: every zone has its own entry on record.
        const drafts = draftsOf(body).map((draft) => ({
          ...draft,
          subjectId: id,
          orderId: idOf(text('orderId')),
          effectiveAt: text('effectiveAt') === '' ? new Date() : time(text('effectiveAt')),
        }));
        const wearings = new Set<number>();
        for (const draft of drafts)
          for (const wearing of (await performer.perform(actorOf(request), declareZone, null, draft)).wearings) wearings.add(wearing);
        added = drafts.length;
        await live.rethink([...wearings]);
      } catch (error) {
        if (error instanceof InvalidError) return zonesPage(request, reply, id, error, body);
        throw error;
      }
      web.notice(request, added === 1 ? 'The zone is added.' : `${added} zones are added.`);
      return reply.redirect(`/subjects/${id}/zones`);
    },
  );
  const sharedPage = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null, draft: Form = {}) => {
    const query = readPage(error ? {} : request.query);
    const found = await performer.perform(actorOf(request), listSharedZones, null, query);
    return web.page(request, error ? reply.code(400) : reply, 'supervision/zones/shared-zones.njk', {
      ...found,
      query,
      kinds: zoneKinds,
      dayNames,
      features: found.rows.map(zoneFeature),
      pagination: pagination('/zones', request.query, query.page, found.total),
      error: error ? { text: error.message, field: error.field } : null,
      draft,
    });
  };
  app.get('/zones', { config: { action: 'zone.list' } }, (request, reply) => sharedPage(request, reply, null));
  app.get(
    '/api/zones.geojson',
    {
      config: { action: 'zone.list', api: true },
      schema: { tags: ['Zones'], summary: 'Shared zones in force as GeoJSON', security },
    },
    async (request, reply) => {
      const { rows } = await performer.perform(actorOf(request), listSharedZones, null, { limit: 20_000, offset: 0 });
      reply.type('application/geo+json');
      return { type: 'FeatureCollection', features: rows.map(zoneFeature) };
    },
  );
  app.post('/zones', { config: { action: 'zone.declare', lists: ['days'] } }, async (request, reply) => {
    const body = (request.body ?? {}) as Form;
    try {
      const drafts = draftsOf(body);
      for (const draft of drafts) await performer.perform(actorOf(request), declareSharedZone, null, draft);
      web.notice(
        request,
        drafts.length === 1 ? 'The zone can be added to orders now.' : `${drafts.length} zones can be added to orders now.`,
      );
    } catch (error) {
      if (error instanceof InvalidError) return sharedPage(request, reply, error, body);
      throw error;
    }
    return reply.redirect('/zones');
  });
  app.post('/subjects/:id/shared-zones', { config: { action: 'zone.share' }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const [order, zone] = textsOf(request.body, 'orderId', 'zoneId');
    try {
      const { subjectId, wearings } = await performer.perform(actorOf(request), addSharedZone, null, {
        subjectId: id,
        orderId: idOf(order),
        zoneId: idOf(zone),
      });
      await live.rethink(wearings);
      web.notice(request, 'The shared zone holds for this order from now on.');
      return reply.redirect(pageOf(subjectId));
    } catch (error) {
      if (error instanceof InvalidError) return zonesPage(request, reply, id, error, { orderId: order, zoneId: zone });
      throw error;
    }
  });
  app.post(
    '/orders/:id/shared-zones/:zone/remove',
    { config: { action: 'zone.share' }, schema: { params: Type.Object({ ...Id.properties, zone: Id.properties.id }) } },
    async (request, reply) => {
      const { id, zone } = request.params as { id: number; zone: number };
      const { subjectId, wearings } = await performer.perform(actorOf(request), removeSharedZone, null, {
        orderId: id,
        zoneId: zone,
        reason: textsOf(request.body, 'reason')[0],
      });
      await live.rethink(wearings);
      web.notice(request, 'The shared zone no longer holds for this order. What it gave stays on record.');
      return reply.redirect(pageOf(subjectId));
    },
  );
  app.post('/subjects/:id/protections', { config: { action: 'protection.declare' }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const body = (request.body ?? {}) as Form;
    const [orderId, name, serial, radiusM] = textsOf(body, 'orderId', 'protectedName', 'protectedSerial', 'protectedRadiusM');
    try {
      const draft = { subjectId: id, orderId: idOf(orderId), name, serial, radiusM };
      const { wearings } = await performer.perform(actorOf(request), protectPerson, null, draft);
      await waymark.intake.reload();
      await live.rethink(wearings);
    } catch (error) {
      if (error instanceof InvalidError) return zonesPage(request, reply, id, error, body);
      throw error;
    }
    web.notice(request, 'The distance is watched from now on.');
    return reply.redirect(`/subjects/${id}/zones`);
  });
  app.post('/protections/:id/end', { config: { action: 'protection.end' }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const { subjectId, wearings } = await performer.perform(actorOf(request), endProtection, null, { id });
    await waymark.intake.reload();
    await live.rethink(wearings);
    web.notice(request, 'The protection has ended.');
    return reply.redirect(`/subjects/${subjectId}/zones`);
  });
  const changePage = async (request: FastifyRequest, reply: FastifyReply, zoneId: number, error: InvalidError | null, draft?: Form) => {
    const { zone, subjectId, shared } = await performer.perform(actorOf(request), readZone, null, { zoneId });
    const [hours] = zone.hours;
    const { area } = zone;
    const asItIs: Form = {
      name: zone.name,
      kind: zone.kind,
      ...(area.kind === 'circle'
        ? { lat: String(area.lat), lon: String(area.lon), radiusM: String(area.radiusM) }
        : { area: JSON.stringify(geometryOf(area)) }),
      days: hours?.days.map(String),
      from: hours?.from,
      to: hours?.to,
    };
    return web.page(request, error ? reply.code(400) : reply, 'supervision/zones/change-zone.njk', {
      zone,
      shared,
      back: pageOf(subjectId),
      kinds: zoneKinds,
      dayNames,
      features: [zoneFeature(zone)],
      error: error ? { text: error.message, field: error.field } : null,
      draft: draft ?? asItIs,
    });
  };
  app.get('/zones/:id/change', { config: { action: 'zone.list' }, schema: { params: Id } }, (request, reply) =>
    changePage(request, reply, (request.params as { id: number }).id, null),
  );
  app.post('/zones/:id/change', { config: { action: 'zone.change', lists: ['days'] }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const body = (request.body ?? {}) as Form;
    const [name, kind, area, lat, lon, radiusM, reason] = textsOf(body, 'name', 'kind', 'area', 'lat', 'lon', 'radiusM', 'reason');
    try {
      const draft = { name, kind, area: area.trim() === '' ? readCircle(lat, lon, radiusM) : readGeoJsonArea(area), hours: hoursOf(body) };
      const { subjectId, wearings } = await performer.perform(actorOf(request), changeZone, null, { zoneId: id, draft, reason });
      await live.rethink(wearings);
      web.notice(request, 'The zone is changed from now on. The version before stays on record.');
      return reply.redirect(pageOf(subjectId));
    } catch (error) {
      if (error instanceof InvalidError) return changePage(request, reply, id, error, body);
      throw error;
    }
  });
  app.post('/zones/:id/end', { config: { action: 'zone.change' }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const [reason] = textsOf(request.body, 'reason');
    const { subjectId, wearings } = await performer.perform(actorOf(request), changeZone, null, { zoneId: id, draft: null, reason });
    await live.rethink(wearings);
    web.notice(request, 'The zone has ended. What it gave while it held stays on record.');
    return reply.redirect(pageOf(subjectId));
  });
  app.post('/orders/:id/absences', { config: { action: 'absence.authorise' }, schema: { params: Id } }, async (request, reply) => {
    const { id } = request.params as { id: number };
    const body = (request.body ?? {}) as Record<string, string>;
    try {
      const { subjectId, wearings } = await performer.perform(actorOf(request), authoriseAbsence, null, {
        orderId: id,
        from: time(body.absenceFrom),
        to: time(body.absenceTo),
        reason: textsOf(body, 'absenceReason')[0],
      });
      await live.rethink(wearings);
      web.notice(request, 'The absence is authorised. Alerts within it are taken back.');
      return reply.redirect(`/subjects/${subjectId}/zones`);
    } catch (error) {
      if (error instanceof InvalidError && body.subjectId) return zonesPage(request, reply, idOf(body.subjectId), error, body);
      throw error;
    }
  });
}

/** The page on which a zone stands: its person's, or the one of shared zones. */
function pageOf(subjectId: number | null): string {
  return subjectId === null ? '/zones' : `/subjects/${subjectId}/zones`;
}

/**
 * The zones that a form describes: one, or each shape of its GeoJSON. All are looked at before the first goes in.
 * @throws InvalidError naming the shape and what to do
 */
function draftsOf(body: Form): ZoneDraft[] {
  const [named, kind, geoJson, lat, lon, radiusM] = textsOf(body, 'name', 'kind', 'area', 'lat', 'lon', 'radiusM');
  const read: NamedArea[] = geoJson.trim() === '' ? [{ name: null, area: readCircle(lat, lon, radiusM) }] : readGeoJsonAreas(geoJson);
  // Nobody can be in two places: areas to stay in that come together are one condition, and each to keep out of is one of its own.
  const areas =
    kind === 'exclusion' || read.length === 1 ? read : [{ name: read[0]?.name ?? null, area: joinedAreas(read.map(({ area }) => area)) }];
  const drafts = areas.map(({ name, area }, i) => ({
    name: areas.length === 1 ? named || (name ?? '') : (name ?? `${named} ${i + 1}`.trim()),
    kind,
    area,
    hours: hoursOf(body),
  }));
  drafts.forEach((draft, i) => {
    try {
      checkZone(draft);
    } catch (error) {
      if (!(error instanceof InvalidError) || drafts.length === 1) throw error;
      throw new InvalidError(`Shape ${i + 1} (“${draft.name.slice(0, 60)}”): ${error.message}`, error.field);
    }
  });
  return drafts;
}

function hoursOf(body: Form): WeeklyHours[] {
  const days = [body.days ?? []]
    .flat()
    .map(Number)
    .filter((day) => day >= 1 && day <= 7);
  const [from, to] = [body.from, body.to].map((text) => (typeof text === 'string' ? text.trim() : ''));
  return !from && !to && days.length === 0 ? [] : [{ days, from: from ?? '', to: to ?? '' }];
}

const marginMs = 20 * 60_000;

/** What the map of an alert shows: the zone, the fixes around, and the gaps between them. */
function mapDataOf({ alert, zone, points, gaps }: AlertDetail) {
  const from = alert.from_at.getTime();
  const to = alert.to_at?.getTime() ?? points[points.length - 1]?.at ?? from;
  return {
    from,
    to,
    marginMs,
    place: zone ? { kind: 'geometry', geometry: zone.geometry } : { kind: 'none' },
    radiusM: 0,
    points: points.map(({ at, lon, lat, accuracyM }) => [at, lon, lat, accuracyM]),
    gaps,
  };
}
