import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { AddressService, Gazetteer, NamedPlace } from '../../platform/gazetteer/index.ts';
import { type ProposalInput, readProposal } from './conditions.ts';

interface PlaceServices {
  gazetteer: Gazetteer;
  addressService: AddressService | null;
}

/** An address that was given without degrees is found, where exactly one place is called that. */
async function placed({ gazetteer, addressService }: PlaceServices, input: ProposalInput): Promise<ProposalInput> {
  const found = { ...input };
  for (const [name, lat, lon] of [
    ['home', 'homeLat', 'homeLon'],
    ['work', 'workLat', 'workLon'],
  ] as const) {
    if (input[lat].trim() || input[lon].trim() || input[name].trim().length < 3) continue;
    let places: NamedPlace[] = await gazetteer.find(input[name], 5);
    if (places.length === 0 && addressService) places = await addressService.find(input[name].trim(), 5).catch(() => []);
    if (places.length > 1) {
      const named = places.slice(0, 4).map((place) => [place.name, place.within].filter(Boolean).join(', '));
      throw new InvalidError(`Several places are called that: ${named.join('; ')}. Say which, or give degrees.`, name);
    }
    const [only] = places;
    if (!only) continue;
    found[lat] = String(only.lat);
    found[lon] = String(only.lon);
  }
  return found;
}

/** Keeps a proposal, or changes one that stands. What it holds is what would be asked, and nothing of what the person is like. */
export const keepProposal: Action<PlaceServices, { id: number | null; input: ProposalInput }, { id: number }> = {
  name: 'proposal.keep',
  room: 'supervision',
  purpose: 'release-planning',
  async run({ tx, actor, note }, services, { id, input }) {
    note(id === null ? null : { kind: 'release proposal', id });
    const { conditions, ...read } = readProposal(await placed(services, input));
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
