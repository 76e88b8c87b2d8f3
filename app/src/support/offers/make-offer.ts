import { sql } from 'kysely';
import { InvalidError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import type {} from '../schema/tables.ts';
import { anchorOf, mustBeTold } from './tell.ts';

export interface NewOffer {
  person: number;
  service: number;
  /** The proposal that it goes back to; null where somebody chose the service themselves. */
  proposal: number | null;
  byName: string;
  /** `YYYY-MM-DD` */
  today: string;
  /** Where in the form a fault belongs. */
  field: string;
}

/**
 * Offers a person a place of a service. It counts as taken until it is declined or closed.
 * @throws InvalidError when they have not been told that a profile is kept, have an offer or a place already, or no place is free
 */
export async function makeOffer(tx: Tx, { person, service, proposal, byName, today, field }: NewOffer): Promise<{ package: number }> {
  // One after the other: two who offer at once would each find the person free.
  await tx.selectFrom('support.persons').select('id').where('id', '=', person).forUpdate().execute();
  await mustBeTold(tx, person, today, field);
  const found = await tx
    .selectFrom('support.services')
    .select(['places', 'ended_at', 'age_from', 'age_to'])
    .where('id', '=', service)
    .forUpdate()
    .executeTakeFirst();
  if (!found) throw new InvalidError('Choose the service.', field);
  const { taken, own, gone, age, stopped, waiting } = await tx
    .selectNoFrom([
      sql<number>`(SELECT count(*) FROM support.packages WHERE service_id = ${service} AND state IN ('offered', 'accepted'))::int`.as(
        'taken',
      ),
      sql<number>`(SELECT count(*) FROM support.packages WHERE person_id = ${person} AND state IN ('offered', 'accepted'))::int`.as('own'),
      sql<boolean>`EXISTS (SELECT FROM support.persons WHERE id = ${person} AND ended_at IS NOT NULL)`.as('gone'),
      sql<boolean>`EXISTS (SELECT FROM support.withdrawals WHERE person_id = ${person} AND ended_at IS NULL)`.as('stopped'),
      sql<number | null>`(SELECT age FROM support.person_summaries WHERE person_id = ${person})`.as('age'),
      sql<Date | null>`(SELECT since FROM support.waiting WHERE person_id = ${person})`.as('waiting'),
    ])
    .executeTakeFirstOrThrow();
  if (gone) throw new InvalidError('This person was found to be the same as another. Let places be proposed anew.', field);
  if (stopped) throw new InvalidError('This person has stopped all support. Nothing is offered unless they come back.', field);
  if (own > 0) throw new InvalidError('This person has an offer or a place already.', field);
  if (found.ended_at) throw new InvalidError('The service is out of the catalogue.', field);
  if (age !== null && (age < found.age_from || age > found.age_to))
    throw new InvalidError(`The service is for people from ${found.age_from} to ${found.age_to}.`, field);
  if (taken >= found.places) throw new InvalidError('The service has no free place any more.', field);
  const { id } = await tx
    .insertInto('support.packages')
    .values({
      person_id: person,
      record_id: await anchorOf(tx, person),
      proposal_id: proposal,
      service_id: service,
      state: 'offered',
      basis: null,
      answer_note: null,
      answered_by: null,
      answered_at: null,
      closing_note: null,
      closed_by: null,
      closed_at: null,
      waiting_since: waiting,
      by_name: byName,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await tx.deleteFrom('support.waiting').where('person_id', '=', person).execute();
  return { package: id };
}
