import { sql } from 'kysely';
import type { Actor } from '../../platform/access.ts';
import { type Action, InvalidError, type Performer } from '../../platform/action.ts';
import { type Calendar, todayOf } from '../../platform/days.ts';
import { inThread } from '../../platform/in-thread.ts';
import { decisionHolds, hasOffer } from '../finding/index.ts';
import { currentInstrument } from '../needs/index.ts';
import type { ServiceInRun } from '../schema/tables.ts';
import { type Allocation, type Candidate, firstCome, needMetBy, needRank, type ServiceOffer } from './allocate.ts';

/** The published objective, in words. */
export const objective =
  'As much need met as the places allow: for each person the level of each need that is surely there, times the share of it that the service is expected to meet. Of equally good ways the one that serves those who have waited longer, by the shorter journey: each area further down the list of areas that the person gave counts like four weeks of waiting less. A wait of more than two years counts as two years. Where all of that is the same a lot decides, drawn from the day and the person’s number, so that it can be drawn again. Nobody gets two places at once. Ethnicity, sex, name and address play no part.';

const timeLimitS = 20;
const weekMs = 7 * 86_400_000;

interface Inputs {
  candidates: Candidate[];
  services: (ServiceOffer & { name: string })[];
}

/**
 * Everybody with a need that is surely there, who has no place and no open offer, and about whom nobody has decided otherwise;
 * and the services with their free places.
 */
const readInputs: Action<null, { now: Date; today: string }, Inputs> = {
  name: 'allocation.propose',
  room: 'support',
  purpose: 'support',
  async run({ tx, note }, _services, { now, today }) {
    // Whoever could be offered something waits from now on, and nobody else.
    const candidates = sql`
      SELECT s.person_id FROM support.person_summaries s
        WHERE s.low > 0 AND s.age IS NOT NULL AND NOT ${hasOffer} AND NOT ${decisionHolds(today)}`;
    // Who is none just now keeps the day from which they waited, should they be one again within a year.
    await sql`DELETE FROM support.waiting WHERE left_at < now() - interval '1 year'`.execute(tx);
    await sql`UPDATE support.waiting SET left_at = now() WHERE left_at IS NULL AND person_id NOT IN (${candidates})`.execute(tx);
    await sql`
      INSERT INTO support.waiting (person_id, record_id)
      SELECT c.person_id, (SELECT min(r.id) FROM support.records r WHERE r.person_id = c.person_id) FROM (${candidates}) c
      ON CONFLICT (person_id) DO UPDATE SET left_at = NULL WHERE support.waiting.left_at IS NOT NULL`.execute(tx);
    const rows = await tx
      .selectFrom('support.waiting as w')
      .innerJoin('support.person_summaries as p', 'p.person_id', 'w.person_id')
      .select(['p.person_id', 'p.age', 'p.levels', 'w.since'])
      .where('w.left_at', 'is', null)
      .select(
        sql<string[] | null>`(SELECT r.areas FROM support.reach r WHERE r.person_id = p.person_id ORDER BY r.id DESC LIMIT 1)`.as('areas'),
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
      candidates: rows.map(({ person_id, age, levels, since, areas }) => ({
        person: person_id,
        age,
        levels: Object.fromEntries(Object.entries(levels).map(([factor, [low]]) => [factor, low])),
        waitingWeeks: Math.max(0, Math.floor((now.getTime() - since.getTime()) / weekMs)),
        areas,
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
    const placed = new Set(best.placements.map(({ person }) => person));
    const unplaced = candidates.filter(({ person }) => !placed.has(person));
    const summary: ServiceInRun[] = services.map(({ name, ...offer }) => ({
      id: offer.service,
      name,
      places: offer.places,
      proposed: best.placements.filter((own) => own.service === offer.service).length,
      waiting: unplaced.filter((candidate) => needMetBy(candidate, offer) !== null).length,
      onePlaceMore: best.onePlaceMore.get(offer.service) ?? 0,
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
    const waiting = new Map(candidates.map(({ person, waitingWeeks }) => [person, waitingWeeks]));
    // Who, of those without a place, would have gained most from each service: whom its places displaced.
    const next = new Map(services.map((offer) => [offer.service, nextBest(unplaced, offer)]));
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

function nextBest(candidates: readonly Candidate[], offer: ServiceOffer): { person: number; needMet: number } | null {
  let best: { person: number; needMet: number } | null = null;
  for (const candidate of candidates) {
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
export async function proposeAllocation(performer: Performer, actor: Actor, calendar: Calendar): Promise<ProposedAllocation> {
  const inputs = await performer.perform(actor, readInputs, null, { now: calendar.now?.() ?? new Date(), today: todayOf(calendar) });
  if (!inputs.services.some(({ places }) => places > 0))
    throw new InvalidError('No service has a free place. Add services, or places to them.');
  if (inputs.candidates.length === 0) throw new InvalidError('Nobody has a need that is surely there and waits for an offer.');
  const began = performance.now();
  const best = await inThread<Allocation>(new URL('./allocate-worker.ts', import.meta.url), {
    ...inputs,
    timeLimitS,
    lotWord: todayOf(calendar),
  });
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
