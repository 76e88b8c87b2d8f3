import type { Actor } from '../../platform/access.ts';
import { type Action, InvalidError, NotFoundError, type Performer } from '../../platform/action.ts';
import { onlyPlace, type PlaceServices, placesCalled } from '../places/index.ts';
import { type ProposalInput, readProposal } from './conditions.ts';

/** Addresses that were given without degrees are found, where exactly one place is called that; with how often somebody outside was asked. */
async function placed(services: PlaceServices, input: ProposalInput): Promise<{ input: ProposalInput; asked: number }> {
  const found = { ...input };
  let asked = 0;
  for (const [name, lat, lon] of [
    ['home', 'homeLat', 'homeLon'],
    ['work', 'workLat', 'workLon'],
  ] as const) {
    if (input[lat].trim() || input[lon].trim() || input[name].trim().length < 3) continue;
    const { places, isAsked } = await placesCalled(services, input[name]);
    if (isAsked) asked++;
    const only = onlyPlace(places, name, 'give degrees');
    if (!only) continue;
    found[lat] = String(only.lat);
    found[lon] = String(only.lon);
  }
  return { input: found, asked };
}

/**
 * Keeps a proposal, or changes one that stands. What it holds is what would be asked, and nothing of what the person is like. Places are found
 * before: nobody waits for an address service with the database held.
 */
export async function keepProposal(
  performer: Performer,
  actor: Actor,
  services: PlaceServices,
  { id, input }: { id: number | null; input: ProposalInput },
): Promise<{ id: number }> {
  return performer.perform(actor, storeProposal, null, { id, ...(await placed(services, input)) });
}

const storeProposal: Action<null, { id: number | null; input: ProposalInput; asked: number }, { id: number }> = {
  name: 'proposal.keep',
  room: 'supervision',
  purpose: 'release-planning',
  async run({ tx, actor, note }, _services, { id, input, asked }) {
    note(id === null ? null : { kind: 'release proposal', id }, asked > 0 ? { asked: 'address service' } : {});
    const { conditions, ...read } = readProposal(input);
    const values = { ...read, conditions: JSON.stringify(conditions) };
    if (id === null) {
      const row = await tx
        .insertInto('supervision.release_proposals')
        .values({ ...values, made_by: actor.id, made_by_name: actor.name })
        .returning('id')
        .executeTakeFirstOrThrow();
      note({ kind: 'release proposal', id: row.id });
      return row;
    }
    const row = await tx
      .updateTable('supervision.release_proposals')
      .set((eb) => ({ ...values, version: eb('version', '+', 1) }))
      .where('id', '=', id)
      .where('withdrawn_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (!row) throw new NotFoundError('There is no such proposal, or it was withdrawn.');
    return row;
  },
};

/** Withdraws a proposal, with why. */
export const withdrawProposal: Action<null, { id: number; because: string }, null> = {
  name: 'proposal.keep',
  room: 'supervision',
  purpose: 'release-planning',
  async run({ tx, note }, _services, { id, because }) {
    note({ kind: 'release proposal', id }, { withdrawn: true });
    const why = because.trim().slice(0, 1000);
    if (why.length < 10) throw new InvalidError('Say in at least 10 characters why it is withdrawn.', 'because');
    const row = await tx
      .updateTable('supervision.release_proposals')
      .set({ withdrawn_at: new Date(), withdrawn_because: why })
      .where('id', '=', id)
      .where('withdrawn_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (!row) throw new NotFoundError('There is no such proposal, or it was withdrawn.');
    return null;
  },
};
