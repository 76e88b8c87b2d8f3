import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn, orAgain, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import type { ProposedConditions } from '../schema/proposed-conditions.ts';
import { orderKinds } from '../subjects/index.ts';
import { geometryOf } from '../zones/index.ts';
import { type ProposalInput, proposalFields } from './conditions.ts';
import { keepProposal, withdrawProposal } from './keep-proposal.ts';
import { listProposals, readProposalPage } from './read-proposal.ts';

/** Costs with sources, pounds for one person and one year; they are nobody's data. */
export type CostsOfTags = () => Promise<
  {
    key: string;
    group: string;
    name: string;
    note: string | null;
    figure: { low: number; high: number; priceYear: number; source: string } | null;
  }[]
>;

/** A governor's pages: releases on a tag, proposed. */
export function proposalRoutes(app: FastifyInstance, web: WebKit, costs: CostsOfTags): void {
  const { performer, timeZone, config, gazetteer, addressService } = web.waymark;
  const planning = { timeZone, visitsAWeek: config.WAYMARK_VISITS_A_WEEK };
  const told = (error: InvalidError | null) => (error ? { text: error.message, field: error.field } : null);
  const inputOf = (request: FastifyRequest) =>
    Object.fromEntries(textsOf(request.body, ...proposalFields).map((text, i) => [proposalFields[i], text])) as unknown as ProposalInput;

  app.get('/proposals', { config: { action: 'proposal.list', menu: { text: 'Releases on a tag', rank: 73 } } }, async (request, reply) => {
    const query = readPage(request.query);
    const found = await performer.perform(actorOf(request), listProposals, planning, { ...query, now: Date.now() });
    return web.page(request, reply, 'supervision/proposals/proposals.njk', {
      ...found,
      visitsAWeek: planning.visitsAWeek,
      pagination: pagination('/proposals', request.query, query.page, found.total),
    });
  });
  const formPage = (request: FastifyRequest, reply: FastifyReply, id: number | null, error: InvalidError | null, draft: object) =>
    web.page(request, error ? reply.code(400) : reply, 'supervision/proposals/form.njk', { id, orderKinds, draft, error: told(error) });
  app.get('/proposals/new', { config: { action: 'proposal.keep' } }, (request, reply) => formPage(request, reply, null, null, {}));
  const keep = async (request: FastifyRequest, reply: FastifyReply, id: number | null) => {
    const input = inputOf(request);
    try {
      const kept = await keepProposal(performer, actorOf(request), { gazetteer, addressService }, { id, input });
      web.notice(request, id === null ? 'The proposal is kept.' : 'The proposal is changed.');
      return reply.redirect(`/proposals/${kept.id}`);
    } catch (error) {
      return formPage(request, reply, id, invalidIn(error), input);
    }
  };
  app.post('/proposals', { config: { action: 'proposal.keep' } }, (request, reply) => keep(request, reply, null));
  app.post('/proposals/:id', { config: { action: 'proposal.keep' }, schema: { params: Id } }, (request, reply) =>
    keep(request, reply, idIn(request)),
  );

  const page = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null) => {
    const found = await performer.perform(actorOf(request), readProposalPage, planning, { id: idIn(request), now: Date.now() });
    const { months, conditions } = found.proposal;
    return web.page(request, error ? reply.code(400) : reply, 'supervision/proposals/proposal.njk', {
      ...found,
      rulesMap: { zones: featuresOf(conditions), last: null },
      costs: (await costs())
        .filter(({ figure, group }) => figure !== null && (group === 'tag' || group === 'prison on average'))
        .map(({ figure, ...cost }) => ({
          ...cost,
          ...figure,
          lowAll: ((figure?.low ?? 0) * months) / 12,
          highAll: ((figure?.high ?? 0) * months) / 12,
        })),
      error: told(error),
    });
  };
  app.get('/proposals/:id', { config: { action: 'proposal.read' }, schema: { params: Id } }, (request, reply) =>
    page(request, reply, null),
  );
  app.get('/proposals/:id/change', { config: { action: 'proposal.read' }, schema: { params: Id } }, async (request, reply) => {
    const { proposal } = await performer.perform(actorOf(request), readProposalPage, planning, { id: idIn(request), now: Date.now() });
    return formPage(request, reply, proposal.id, null, draftOf(proposal));
  });
  app.post('/proposals/:id/withdraw', { config: { action: 'proposal.keep' }, schema: { params: Id } }, async (request, reply) => {
    const [because] = textsOf(request.body, 'because');
    const again = await orAgain(
      () => performer.perform(actorOf(request), withdrawProposal, null, { id: idIn(request), because }),
      (error) => page(request, reply, error),
    );
    if (again) return again;
    web.notice(request, 'The proposal is withdrawn.');
    return reply.redirect('/proposals');
  });
}

function draftOf(proposal: {
  reference: string;
  kind: string;
  releaseOn: string;
  months: number;
  conditions: ProposedConditions;
}): ProposalInput {
  const { home, signal, power, curfew, work, keepOut } = proposal.conditions;
  return {
    reference: proposal.reference,
    kind: proposal.kind,
    releaseOn: proposal.releaseOn,
    months: String(proposal.months),
    home: home.name,
    homeLat: String(home.lat),
    homeLon: String(home.lon),
    signal: signal === null ? '' : String(Math.round(signal * 100)),
    power: power === null ? '' : power ? 'yes' : 'no',
    curfewFrom: curfew?.from ?? '',
    curfewTo: curfew?.to ?? '',
    work: work?.name ?? '',
    workLat: work ? String(work.lat) : '',
    workLon: work ? String(work.lon) : '',
    workFrom: work?.from ?? '',
    workTo: work?.to ?? '',
    keepOut: keepOut.map(({ name, lat, lon, radiusM }) => [name, lat, lon, radiusM].join('; ')).join('\n'),
  };
}

const homeRadiusM = 60;

/** The places of a proposal as the map draws zones. */
function featuresOf({ home, work, keepOut }: ProposedConditions) {
  const feature = (
    kind: 'exclusion' | 'inclusion' | 'curfew',
    { name, lat, lon }: { name: string; lat: number; lon: number },
    radiusM: number,
  ) => {
    return { type: 'Feature', properties: { name, kind }, geometry: geometryOf({ kind: 'circle', lon, lat, radiusM }) };
  };
  return [
    feature('curfew', home, homeRadiusM),
    ...(work ? [feature('inclusion', work, homeRadiusM)] : []),
    ...keepOut.map((area) => feature('exclusion', area, area.radiusM)),
  ];
}
