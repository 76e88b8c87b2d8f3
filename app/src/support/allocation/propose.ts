import { Worker } from 'node:worker_threads';
import { sql } from 'kysely';
import type { Actor } from '../../platform/access.ts';
import { type Action, InvalidError, NotFoundError, type Performer } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { currentInstrument } from '../needs/instrument.ts';
import { anchorOf, mustBeTold } from '../offers/tell.ts';
import type { OfferDecision, ServiceInRun } from '../tables.ts';
import { type Allocation, type Candidate, firstCome, needMetBy, needRank, type ServiceOffer } from './allocate.ts';

export const offerDecisions: readonly OfferDecision[] = ['offer', 'do not offer', 'look again later'];

/** The published objective, in words. */
export const objective =
  'As much need met as the places allow: for each person the level of each need that is surely there, times the share of it that the service is expected to meet. Of equally good ways the one that serves those who have waited longer. Nobody gets two places at once. Ethnicity, sex, name and address play no part.';

const timeLimitS = 20;
const weekMs = 7 * 86_400_000;

interface Inputs {
  candidates: Candidate[];
  services: (ServiceOffer & { name: string })[];
}

/** Everybody with a need that is surely there, who has no place and no open offer; and the services with their free places. */
const readInputs: Action<null, { now: Date }, Inputs> = {
  name: 'allocation.propose',
  room: 'support',
  purpose: 'support',
  async run({ tx, note }, _services, { now }) {
    // From now on whoever could be offered something waits.
    await sql`
      INSERT INTO support.waiting (person_id)
      SELECT p.person_id FROM support.person_summaries p WHERE p.low > 0 AND p.age IS NOT NULL AND NOT EXISTS (
        SELECT FROM support.packages k WHERE k.person_id = p.person_id AND k.state IN ('offered', 'accepted'))
      ON CONFLICT (person_id) DO NOTHING`.execute(tx);
    const rows = await tx
      .selectFrom('support.person_summaries as p')
      .innerJoin('support.waiting as w', 'w.person_id', 'p.person_id')
      .select(['p.person_id', 'p.age', 'p.levels', 'w.since'])
      .where('p.low', '>', 0)
      .where('p.age', 'is not', null)
      .where(
        sql<boolean>`NOT EXISTS (SELECT FROM support.packages k WHERE k.person_id = p.person_id AND k.state IN ('offered', 'accepted'))`,
      )
      .orderBy('p.person_id')
      .execute();
    const offers = await tx
      .selectFrom('support.services as s')
      .select(['s.id', 's.name', 's.age_from', 's.age_to', 's.area', 's.serves'])
      .select(
        sql<number>`greatest(0, s.places - (SELECT count(*) FROM support.packages k WHERE k.service_id = s.id AND k.state IN ('offered', 'accepted')))::int`.as(
          'places',
        ),
      )
      .where('s.ended_at', 'is', null)
      .orderBy('s.id')
      .execute();
    note(null, { candidates: rows.length, services: offers.length });
    return {
      candidates: rows.map(({ person_id, age, levels, since }) => ({
        person: person_id,
        age,
        levels: Object.fromEntries(Object.entries(levels).map(([factor, [low]]) => [factor, low])),
        waitingWeeks: Math.max(0, Math.floor((now.getTime() - since.getTime()) / weekMs)),
        areas: null,
      })),
      services: offers.map(({ id, name, age_from, age_to, area, serves, places }) => ({
        service: id,
        name,
        places,
        ages: { from: age_from, to: age_to },
        area,
        serves,
      })),
    };
  },
};

interface ToRecord extends Inputs {
  best: Allocation;
  orders: { firstCome: number; needRank: number };
  tookMs: number;
}

const recordRun: Action<null, ToRecord, { runId: number }> = {
  name: 'allocation.propose',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { candidates, services, best, orders, tookMs }) {
    const summary: ServiceInRun[] = services.map(({ service, name, places }) => ({
      id: service,
      name,
      places,
      proposed: best.placements.filter((own) => own.service === service).length,
      onePlaceMore: best.onePlaceMore.get(service) ?? 0,
    }));
    const { id } = await tx
      .insertInto('support.allocation_runs')
      .values({
        by_name: actor.name,
        instrument: currentInstrument().version,
        candidates: candidates.length,
        services: JSON.stringify(summary),
        need_met: best.needMet,
        first_come: orders.firstCome,
        need_rank: orders.needRank,
        status: best.status,
        took_ms: tookMs,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    const placed = new Set(best.placements.map(({ person }) => person));
    const waiting = new Map(candidates.map(({ person, waitingWeeks }) => [person, waitingWeeks]));
    // Who, of those without a place, would have gained most from each service: whom its places displaced.
    const next = new Map(services.map((offer) => [offer.service, nextBest(candidates, offer, placed)]));
    const rows = best.placements.map(({ person, service, needMet }) => ({
      run_id: id,
      person_id: person,
      service_id: service,
      need_met: needMet,
      waiting_weeks: waiting.get(person) ?? 0,
      next_person: next.get(service)?.person ?? null,
      next_need_met: next.get(service)?.needMet ?? null,
      decision: null,
      reason: null,
      decided_by: null,
      decided_at: null,
    }));
    for (let i = 0; i < rows.length; i += 1000) {
      await tx
        .insertInto('support.allocation_proposals')
        .values(rows.slice(i, i + 1000))
        .execute();
    }
    note({ kind: 'allocation', id }, { proposed: rows.length, candidates: candidates.length });
    return { runId: id };
  },
};

function nextBest(
  candidates: readonly Candidate[],
  offer: ServiceOffer,
  placed: ReadonlySet<number>,
): { person: number; needMet: number } | null {
  let best: { person: number; needMet: number } | null = null;
  for (const candidate of candidates) {
    if (placed.has(candidate.person)) continue;
    const needMet = needMetBy(candidate, offer);
    if (needMet !== null && needMet > (best?.needMet ?? 0)) best = { person: candidate.person, needMet };
  }
  return best;
}

export interface ProposedAllocation {
  runId: number;
  candidates: number;
  placements: Allocation['placements'];
  needMet: number;
  firstCome: number;
  needRank: number;
  status: Allocation['status'];
  tookMs: number;
}

/**
 * Proposes who is offered which free place. It only proposes: each case is decided by a named person.
 * @throws InvalidError when there is no service with a place, or nobody who could be offered one
 */
export async function proposeAllocation(
  performer: Performer,
  actor: Actor,
  now: () => Date = () => new Date(),
): Promise<ProposedAllocation> {
  const inputs = await performer.perform(actor, readInputs, null, { now: now() });
  if (!inputs.services.some(({ places }) => places > 0))
    throw new InvalidError('No service has a free place. Add services, or places to them.');
  if (inputs.candidates.length === 0) throw new InvalidError('Nobody has a need that is surely there and waits for an offer.');
  const began = performance.now();
  const best = await inWorker(inputs);
  const tookMs = Math.round(performance.now() - began);
  const { candidates, services } = inputs;
  const orders = { firstCome: firstCome(candidates, services).needMet, needRank: needRank(candidates, services).needMet };
  const { runId } = await performer.perform(actor, recordRun, null, { ...inputs, best, orders, tookMs });
  return {
    runId,
    candidates: candidates.length,
    placements: best.placements,
    needMet: best.needMet,
    ...orders,
    status: best.status,
    tookMs,
  };
}

function inWorker({ candidates, services }: Inputs): Promise<Allocation> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./allocate-worker.ts', import.meta.url), { workerData: { candidates, services, timeLimitS } });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => {
      if (code !== 0) reject(new Error(`The allocation stopped with code ${code}`));
    });
  });
}

export interface ProposalRow {
  id: number;
  person: number;
  name: string;
  age: number | null;
  service: string;
  needMet: number;
  waitingWeeks: number;
  nextPerson: number | null;
  nextNeedMet: number | null;
  decision: OfferDecision | null;
  reason: string | null;
  decidedBy: string | null;
}

export interface AllocationView {
  run: {
    id: number;
    at: Date;
    byName: string;
    candidates: number;
    services: ServiceInRun[];
    needMet: number;
    firstCome: number;
    needRank: number;
    status: string;
    tookMs: number;
  } | null;
  rows: ProposalRow[];
  total: number;
  undecided: number;
}

/** The latest run with its proposals, those that wait for a decision first. */
export const readAllocation: Action<null, { limit: number; offset: number }, AllocationView> = {
  name: 'allocation.read',
  room: 'support',
  purpose: 'support',
  async run({ tx, note }, _services, { limit, offset }) {
    const run = await tx.selectFrom('support.allocation_runs').selectAll().orderBy('id', 'desc').executeTakeFirst();
    if (!run) return { run: null, rows: [], total: 0, undecided: 0 };
    const rows = await tx
      .selectFrom('support.allocation_proposals as a')
      .innerJoin('support.services as s', 's.id', 'a.service_id')
      .leftJoin('support.person_summaries as p', 'p.person_id', 'a.person_id')
      .select(['a.id', 'a.person_id as person', 'p.age', 's.name as service', 'a.need_met as needMet', 'a.waiting_weeks as waitingWeeks'])
      .select(['a.next_person as nextPerson', 'a.next_need_met as nextNeedMet', 'a.decision', 'a.reason', 'a.decided_by as decidedBy'])
      .select(sql<string>`coalesce(p.name, 'Name not known')`.as('name'))
      .where('a.run_id', '=', run.id)
      .orderBy(sql`a.decision IS NOT NULL`)
      .orderBy('a.need_met', 'desc')
      .orderBy('a.id')
      .limit(limit)
      .offset(offset)
      .execute();
    const { total, undecided } = await tx
      .selectFrom('support.allocation_proposals')
      .select([sql<number>`count(*)::int`.as('total'), sql<number>`count(*) FILTER (WHERE decision IS NULL)::int`.as('undecided')])
      .where('run_id', '=', run.id)
      .executeTakeFirstOrThrow();
    note({ kind: 'allocation', id: run.id }, { shown: rows.length });
    const { by_name, need_met, first_come, need_rank, took_ms, instrument: _, ...rest } = run;
    return {
      run: { ...rest, byName: by_name, needMet: need_met, firstCome: first_come, needRank: need_rank, tookMs: took_ms },
      rows,
      total,
      undecided,
    };
  },
};

/**
 * A named person decides about one proposed place, with a reason. There is no deciding of several at once, and nobody is
 * offered anything before they have been told that a profile is kept of them.
 */
export const decideOffer: Action<null, { id: number; decision: string; reason: string; today: string }, null> = {
  name: 'allocation.decide',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { id, decision, reason, today }) {
    note({ kind: 'allocation proposal', id }, { decision });
    const found = await tx
      .selectFrom('support.allocation_proposals')
      .select(['id', 'decision', 'person_id', 'service_id', 'run_id'])
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    if (!found) throw new NotFoundError('There is no such proposal.');
    if (!(offerDecisions as readonly string[]).includes(decision))
      throw new InvalidError('Choose: offer, do not offer, or look again later.', `decision-${id}`);
    if (reason.trim().length < 3) throw new InvalidError('Say in a few words why.', `reason-${id}`);
    if (found.decision) throw new InvalidError('This has been decided already.', `decision-${id}`);
    if (decision === 'offer') {
      await mustBeTold(tx, found.person_id, today, `decision-${id}`);
      await mustBeFree(tx, found, `decision-${id}`);
    }
    await tx
      .updateTable('support.allocation_proposals')
      .set({ decision: decision as OfferDecision, reason: reason.trim().slice(0, 1000), decided_by: actor.name, decided_at: new Date() })
      .where('id', '=', id)
      .execute();
    if (decision === 'offer') {
      await tx
        .insertInto('support.packages')
        .values({
          person_id: found.person_id,
          record_id: await anchorOf(tx, found.person_id),
          proposal_id: id,
          service_id: found.service_id,
          state: 'offered',
          basis: null,
          answer_note: null,
          answered_by: null,
          answered_at: null,
          closing_note: null,
          closed_by: null,
          closed_at: null,
          by_name: actor.name,
        })
        .execute();
      await tx.deleteFrom('support.waiting').where('person_id', '=', found.person_id).execute();
    }
    return null;
  },
};

/** @throws InvalidError when the place or the person is no longer free: a newer proposal, another offer, or an end has come between */
async function mustBeFree(tx: Tx, proposal: { person_id: number; service_id: number; run_id: number }, field: string): Promise<void> {
  const service = await tx
    .selectFrom('support.services')
    .select(['places', 'ended_at'])
    .where('id', '=', proposal.service_id)
    .forUpdate()
    .executeTakeFirstOrThrow();
  const { latest } = await tx.selectFrom('support.allocation_runs').select(sql<number>`max(id)`.as('latest')).executeTakeFirstOrThrow();
  const { taken, own, gone } = await tx
    .selectNoFrom([
      sql<number>`(SELECT count(*) FROM support.packages WHERE service_id = ${proposal.service_id} AND state IN ('offered', 'accepted'))::int`.as(
        'taken',
      ),
      sql<number>`(SELECT count(*) FROM support.packages WHERE person_id = ${proposal.person_id} AND state IN ('offered', 'accepted'))::int`.as(
        'own',
      ),
      sql<boolean>`EXISTS (SELECT FROM support.persons WHERE id = ${proposal.person_id} AND ended_at IS NOT NULL)`.as('gone'),
    ])
    .executeTakeFirstOrThrow();
  if (latest !== proposal.run_id) throw new InvalidError('Places have been proposed anew since. Look at the newest proposal.', field);
  if (gone) throw new InvalidError('This person was found to be the same as another. Let places be proposed anew.', field);
  if (own > 0) throw new InvalidError('This person has an offer or a place already.', field);
  if (service.ended_at) throw new InvalidError('The service is out of the catalogue.', field);
  if (taken >= service.places) throw new InvalidError('The service has no free place any more.', field);
}
