import { sql } from 'kysely';
import { type Action, NotFoundError } from '../../../platform/action.ts';
import type { Tx } from '../../../platform/database.ts';
import type { WaitingErasure } from '../../../platform/erase-tree.ts';
import { bearSameName } from '../../../platform/same-name.ts';
import { factKinds, type IdentityField, identityFields, identityKeys } from '../../facts/index.ts';
import { type NeedDecisionView, needDecisionsOf } from '../../finding/index.ts';
import {
  ageOn,
  type ComingChange,
  comingChanges,
  computeProfile,
  currentInstrument,
  type NoProfile,
  type Profile,
  reliedOn,
  triggersOf,
} from '../../needs/index.ts';
import { type NoticeView, noticesOf, type PackageLine, packagesOf, type Told, toldBy } from '../../offers/index.ts';
import type { Trigger } from '../../schema/tables.ts';
import { type OfferableService, servicesFor } from '../../services/index.ts';
import { isOfTheTeam, type NoteView, notesOf, type TaskView, tasksOf } from '../../work/index.ts';
import {
  type ChallengeView,
  challengesOf,
  type PersonFact,
  type PersonRecord,
  personOf,
  readFactsOf,
  readRecordsOf,
  waitingErasure,
} from '../index.ts';
import { lookAt, type SinceLastLook, seenNow } from './last-look.ts';
import { reachOf } from './record-reach.ts';

export interface PeopleQuery {
  search?: string;
  stage?: string;
  factor?: string;
  band?: string;
  sort: 'need' | 'name' | 'age';
  limit: number;
  offset: number;
}

export interface PersonRow {
  person: number;
  name: string;
  born: string | null;
  age: number | null;
  stages: string[];
  records: number;
  sources: string[];
  low: number | null;
  high: number | null;
  band: string | null;
}

/** People by support need: the surest need first, then how much may be behind what is unknown. No order of likelihood of anything. */
export const listPeople: Action<null, PeopleQuery, { rows: PersonRow[]; total: number; asOf: string | null }> = {
  name: 'person.list',
  room: 'support',
  purpose: 'support',
  async run({ tx, note }, _services, { search, stage, factor, band, sort, limit, offset }) {
    let query = tx.selectFrom('support.person_summaries as p').where('p.low', 'is not', null);
    if (search) {
      const words = search.toLowerCase().split(/\s+/).filter(Boolean);
      if (/^\d+$/.test(search)) query = query.where('p.person_id', '=', Math.min(Number(search), 2_147_483_647));
      else for (const word of words) query = query.where(sql<boolean>`lower(p.name) LIKE ${`%${word.replace(/[\\%_]/g, '\\$&')}%`}`);
    }
    if (stage) query = query.where(sql<boolean>`p.stages @> ${JSON.stringify([stage])}::jsonb`);
    if (factor) query = query.where(sql<boolean>`coalesce((p.levels -> ${factor} ->> 0)::int, 0) >= 1`);
    if (band) query = query.where('p.band', '=', band);
    const { total, asOf } = await query
      .select([sql<number>`count(*)::int`.as('total'), sql<string | null>`to_char(min(p.as_of), 'YYYY-MM-DD')`.as('asOf')])
      .executeTakeFirstOrThrow();
    let sorted = query
      .select(['p.person_id as person', 'p.name', 'p.age', 'p.stages', 'p.records', 'p.sources', 'p.low', 'p.high', 'p.band'])
      .select(sql<string | null>`to_char(p.born, 'YYYY-MM-DD')`.as('born'));
    if (sort === 'name') sorted = sorted.orderBy(sql`lower(p.name)`);
    else if (sort === 'age') sorted = sorted.orderBy(sql`p.born DESC NULLS LAST`);
    else sorted = sorted.orderBy('p.low', 'desc').orderBy('p.high', 'desc');
    const rows = await sorted.orderBy('p.person_id').limit(limit).offset(offset).execute();
    note(null, { shown: rows.length });
    return { rows, total, asOf };
  },
};

/** One field over all records: what each source says, and whether they agree. */
export interface FieldView {
  name: string;
  values: { text: string; sources: string[] }[];
}

export interface FactView extends PersonFact {
  kindName: string;
  /** Relied on today; else why not. */
  standing: 'relied on' | 'expired' | 'challenged' | 'found wrong' | 'not allowed any more' | 'a later one stands';
  /** Life stage on its day, where the birth date is known. */
  stage: string | null;
}

export interface PersonView {
  person: number;
  name: string;
  born: string | null;
  bornDiffers: boolean;
  age: number | null;
  profile: Profile | NoProfile;
  coming: ComingChange[];
  facts: FactView[];
  fields: FieldView[];
  records: PersonRecord[];
  events: { at: Date; kind: string; detail: Record<string, unknown> }[];
  notices: NoticeView[];
  told: Told;
  packages: PackageLine[];
  triggers: Trigger[];
  /** Whether to offer anything: what was decided, the newest first. */
  decisions: NeedDecisionView[];
  /** Services with a free place that are for people of this age. */
  services: OfferableService[];
  /** Where they said they can get to, the easiest first; null where nobody has asked. */
  reach: { areas: string[]; byName: string; at: Date } | null;
  challenges: ChallengeView[];
  notes: NoteView[];
  tasks: TaskView[];
  /** Until when their data is held back from removal, and why; null where it is not. */
  hold: { until: string; reason: string; byName: string } | null;
  /** Somebody has decided that they are erased; once a second person has agreed it is done within a day. */
  erasing: WaitingErasure | null;
  /** What is different since the reader last looked; null where nothing is, or they never did. */
  since: SinceLastLook | null;
}

/** A person's whole picture, worked out now: nothing challenged or expired has a part in it. */
export const readPerson: Action<null, { id: number; today: string }, PersonView> = {
  name: 'person.read',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { id, today }) {
    note({ kind: 'person', id });
    const person = await tx.selectFrom('support.persons').selectAll().where('id', '=', id).executeTakeFirst();
    if (person?.merged_into) throw new NotFoundError(`Person ${id} was found to be the same as person ${person.merged_into}.`);
    const records = (await readRecordsOf(tx, [id])).get(id);
    if (!person || !records) throw new NotFoundError('There is no such person.');
    const facts = (await readFactsOf(tx, [id], today)).get(id) ?? [];
    const events = await tx
      .selectFrom('support.person_events')
      .select(['at', 'kind', 'detail'])
      .where('person_id', '=', id)
      .orderBy('id', 'desc')
      .limit(20)
      .execute();
    const notices = await noticesOf(tx, id);
    const { name, born, bornDiffers } = personOf(records.map(({ identity }) => identity));
    if (bearSameName(actor.name, name)) note(null, { sameName: true });
    const instrument = currentInstrument();
    const stopped = await hasStopped(tx, id);
    const profile: Profile | NoProfile = stopped
      ? { reason: 'somebody who has stopped all support', age: born === null ? null : ageOn(born, today) }
      : computeProfile(instrument, facts, born, today);
    const challenges = await challengesOf(tx, id);
    const foundWrong = new Set(challenges.flatMap(({ fact, outcome }) => (outcome === 'upheld' ? [fact] : [])));
    const relied = new Set(reliedOn(facts, today).map((fact) => fact.id));
    const stageOn = (day: string) => {
      if (born === null) return null;
      const age = ageOn(born, day);
      return instrument.stages.find(({ from, to }) => age >= from && age <= to)?.key ?? null;
    };
    const erasing = await waitingErasure(tx, id, actor.id);
    const standingOf = ({ id: fact, challenged, notAllowed, expires }: (typeof facts)[number]): FactView['standing'] => {
      if (foundWrong.has(fact)) return 'found wrong';
      if (challenged) return 'challenged';
      if (notAllowed) return 'not allowed any more';
      if (expires < today) return 'expired';
      return relied.has(fact) || !('factors' in profile) ? 'relied on' : 'a later one stands';
    };
    const views = facts.map(
      (fact): FactView => ({
        ...fact,
        kindName: factKinds[fact.kind].name,
        standing: standingOf(fact),
        stage: stageOn(fact.on),
      }),
    );
    const age = born === null ? null : ageOn(born, today);
    return {
      person: id,
      name,
      born,
      bornDiffers,
      age,
      profile,
      coming: stopped ? [] : comingChanges(instrument, facts, born, today).slice(0, 12),
      facts: views,
      fields: identityKeys.flatMap((field) => fieldOver(records, field)),
      records,
      events,
      notices,
      told: toldBy(notices, today),
      packages: await packagesOf(tx, id),
      triggers: stopped ? [] : triggersOf(instrument, facts, today),
      decisions: isOfTheTeam(actor.role) ? await needDecisionsOf(tx, id) : [],
      services: await servicesFor(tx, age),
      reach: await reachOf(tx, id),
      challenges,
      notes: await notesOf(tx, actor, id),
      tasks: isOfTheTeam(actor.role) ? await tasksOf(tx, id) : [],
      hold: await holdOf(tx, id),
      erasing,
      since: isOfTheTeam(actor.role)
        ? await lookAt(tx, actor.id, id, seenNow('factors' in profile ? profile : null, views), new Date())
        : null,
    };
  },
};

/** Whether a person has stopped all support, and not come back. */
async function hasStopped(tx: Tx, person: number): Promise<boolean> {
  const found = await tx
    .selectFrom('support.withdrawals')
    .select('id')
    .where('person_id', '=', person)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  return found !== undefined;
}

/** Until when a person's data is held back from removal, and why; null where it is not. */
async function holdOf(tx: Tx, person: number): Promise<PersonView['hold']> {
  const hold = await tx
    .selectFrom('support.holds')
    .select(['reason', 'by_name as byName'])
    .select(sql<string>`to_char(until, 'YYYY-MM-DD')`.as('until'))
    .where('person_id', '=', person)
    .where('ended_at', 'is', null)
    .orderBy('until', 'desc')
    .executeTakeFirst();
  return hold ?? null;
}

function fieldOver(records: readonly PersonRecord[], field: IdentityField): FieldView[] {
  const plain = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  const said = new Map<string, { text: string; sources: string[] }>();
  for (const { source, identity } of records) {
    const text = identity[field];
    if (!text) continue;
    const known = said.get(plain(text));
    if (!known) said.set(plain(text), { text, sources: [source] });
    else if (!known.sources.includes(source)) known.sources.push(source);
  }
  return said.size === 0
    ? []
    : [{ name: identityFields[field], values: [...said.values()].sort((a, b) => b.sources.length - a.sources.length) }];
}
