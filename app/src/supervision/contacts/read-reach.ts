import { sql } from 'kysely';
import type { Tx } from '../../platform/database.ts';

/** Who somebody is, where they live, whom to ring, and who is responsible. */
export interface Reach {
  identity: {
    born_on: string | null;
    also_known_as: string;
    pnc: string;
    crn: string;
    noms: string;
    languages: string;
    at_the_door: string;
  };
  /** The number of their latest photo; null where there is none. */
  photo: number | null;
  /** Those in force; the person's own number first. */
  contacts: { id: number; who: string; name: string; phone: string; note: string }[];
  /** The latest first. */
  addresses: { id: number; kind: string; address: string; from_on: string; to_on: string | null }[];
  /** Orders in force now, the latest first. */
  orders: {
    id: number;
    kind: string;
    authority: string;
    starts_at: Date;
    ends_at: Date | null;
    officer_name: string;
    officer_phone: string;
    team: string;
  }[];
}

const places = ['self', 'home', 'family', 'work', 'other'];

/** What is to be known of a subject before somebody rings or knocks. */
export async function readReach(tx: Tx, subjectId: number, now = new Date()): Promise<Reach> {
  const identity = await tx
    .selectFrom('supervision.subjects')
    .select([sql<string | null>`born_on::text`.as('born_on'), 'also_known_as', 'pnc', 'crn', 'noms', 'languages', 'at_the_door'])
    .where('id', '=', subjectId)
    .executeTakeFirstOrThrow();
  const contacts = await tx
    .selectFrom('supervision.contacts')
    .select(['id', 'who', 'name', 'phone', 'note'])
    .where('subject_id', '=', subjectId)
    .where('ended_at', 'is', null)
    .orderBy('id')
    .execute();
  const addresses = await tx
    .selectFrom('supervision.addresses')
    .select(['id', 'kind', 'address', sql<string>`from_on::text`.as('from_on'), sql<string | null>`to_on::text`.as('to_on')])
    .where('subject_id', '=', subjectId)
    .orderBy(sql`addresses.from_on`, 'desc')
    .orderBy('id', 'desc')
    .execute();
  const orders = await tx
    .selectFrom('supervision.orders')
    .select(['id', 'kind', 'authority', 'starts_at', 'ends_at', 'officer_name', 'officer_phone', 'team'])
    .where('subject_id', '=', subjectId)
    .where((eb) => eb.or([eb('ends_at', 'is', null), eb('ends_at', '>', now)]))
    .orderBy('starts_at', 'desc')
    .execute();
  const photo = await tx
    .selectFrom('supervision.documents')
    .select('id')
    .where('subject_id', '=', subjectId)
    .where('kind', '=', 'photo')
    .where('removed_at', 'is', null)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return {
    identity,
    photo: photo?.id ?? null,
    contacts: contacts.sort((a, b) => places.indexOf(a.who) - places.indexOf(b.who)),
    addresses,
    orders,
  };
}
