import { sql } from 'kysely';
import type { Action, ActionContext } from '../../platform/action.ts';
import { appendAudit } from '../../platform/audit.ts';
import { seeingAll, type Tx } from '../../platform/database.ts';
import { changeZone } from '../zones/index.ts';
import type { RowProblem, SubjectDraft } from './read-subject-rows.ts';

export interface PutResult {
  created: number;
  changed: number;
  same: number;
  problems: RowProblem[];
}

/** A draft, whose it is on record, and what was done. */
interface Work {
  draft: SubjectDraft;
  id: number;
  order: number;
  state: 'created' | 'changed' | 'same';
}

/** So many people are put on record together: others wait no longer than that takes. */
export const togetherAtMost = 250;

/**
 * Puts people on record as a file or another system has them: new ones, and what has changed of those who are there, by their references.
 * What is empty in a file erases nothing. The same again changes nothing.
 *
 * @param drafts at most `togetherAtMost`
 * @param dryRun says what would be done, and does none of it
 */
export const putSubjects: Action<null, { drafts: readonly SubjectDraft[]; dryRun: boolean; today: string }, PutResult> = {
  name: 'subject.import',
  room: 'supervision',
  purpose: 'monitoring',
  async run(context, _services, { drafts, dryRun, today }) {
    const { tx, note } = context;
    const told: Parameters<ActionContext['tell']>[] = [];
    const own: ActionContext = { ...context, note: () => undefined, tell: (topic, ids) => void told.push([topic, ids]) };
    if (dryRun) await sql`SAVEPOINT tried`.execute(tx);
    const problems: RowProblem[] = [];
    const works = await placeSubjects(tx, drafts, problems);
    await placeOrders(tx, works, problems);
    await placeReach(own, works, today);
    await placeTags(own, works, problems);
    await placeZones(own, works, problems);
    const touched = works.filter(({ state }) => state !== 'same');
    if (dryRun) await sql`ROLLBACK TO SAVEPOINT tried`.execute(tx);
    else {
      await watchAllAgain(own, touched);
      for (const [topic, ids] of told) context.tell(topic, ids);
      const { actor } = context;
      // Each of them sees it among who looked.
      await appendAudit(
        tx,
        touched.map(({ id, state }) => ({
          actor: actor.id,
          actorName: actor.name,
          role: actor.role,
          purpose: 'monitoring',
          action: 'subject.import',
          about: { kind: 'subject', id: String(id) },
          outcome: 'done',
          detail: { state },
        })),
      );
    }
    const count = (state: Work['state']) => works.filter((work) => work.state === state).length;
    const counts = { created: count('created'), changed: count('changed'), same: count('same') };
    note(null, { ...counts, problems: problems.length, dryRun });
    return { ...counts, problems };
  },
};

const touch = (work: Work) => {
  if (work.state === 'same') work.state = 'changed';
};

/** Those on record, and the new ones; whoever is hidden from who asks is neither. */
async function placeSubjects(tx: Tx, drafts: readonly SubjectDraft[], problems: RowProblem[]): Promise<Work[]> {
  if (drafts.length === 0) return [];
  const references = drafts.map(({ reference }) => reference);
  const find = () =>
    tx
      .selectFrom('supervision.subjects')
      .select([
        'id',
        'reference',
        'name',
        sql<string | null>`born_on::text`.as('born_on'),
        'also_known_as',
        'pnc',
        'crn',
        'noms',
        'languages',
      ])
      .where('reference', 'in', references)
      .execute();
  const known = new Map((await find()).map((row) => [row.reference, row]));
  const taken = new Set((await seeingAll(tx, find)).map(({ reference }) => reference).filter((reference) => !known.has(reference)));
  for (const { row, reference } of drafts)
    if (taken.has(reference))
      problems.push({ row, field: 'reference', value: reference, message: 'This reference is in use for a case that you cannot see.' });
  const fresh = drafts.filter(({ reference }) => !known.has(reference) && !taken.has(reference));
  const columnsOf = ({ identity }: SubjectDraft) => ({
    name: identity.name,
    born_on: identity.bornOn || null,
    also_known_as: identity.alsoKnownAs,
    pnc: identity.pnc,
    crn: identity.crn,
    noms: identity.noms,
    languages: identity.languages,
  });
  const made =
    fresh.length === 0
      ? []
      : await tx
          .insertInto('supervision.subjects')
          .values(fresh.map((draft) => ({ reference: draft.reference, fictional: false, ...columnsOf(draft) })))
          .returning(['id', 'reference'])
          .execute();
  const ids = new Map(made.map(({ id, reference }) => [reference, id]));
  const works: Work[] = [];
  for (const draft of drafts) {
    const before = known.get(draft.reference);
    const id = before?.id ?? ids.get(draft.reference);
    if (id === undefined) continue;
    const work: Work = { draft, id, order: 0, state: before ? 'same' : 'created' };
    works.push(work);
    if (!before) continue;
    const changed = Object.fromEntries(
      Object.entries(columnsOf(draft)).filter(([column, value]) => value && value !== before[column as keyof typeof before]),
    );
    if (Object.keys(changed).length === 0) continue;
    await tx.updateTable('supervision.subjects').set(changed).where('id', '=', id).execute();
    touch(work);
  }
  return works;
}

async function placeOrders(tx: Tx, works: Work[], problems: RowProblem[]): Promise<void> {
  const stored = await tx
    .selectFrom('supervision.orders')
    .select(['id', 'subject_id', 'kind', 'authority', 'starts_at', 'ends_at', 'officer_name', 'officer_phone', 'team'])
    .where('subject_id', 'in', [0, ...works.map(({ id }) => id)])
    .execute();
  const keyOf = (subject: number, kind: string, startsAt: Date) => `${subject} ${kind} ${startsAt.getTime()}`;
  const known = new Map(stored.map((row) => [keyOf(row.subject_id, row.kind, row.starts_at), row]));
  const fresh: Work[] = [];
  for (const work of works) {
    const { order, officer, row } = work.draft;
    const own = known.get(keyOf(work.id, order.kind, order.startsAt));
    if (!own) {
      fresh.push(work);
      continue;
    }
    work.order = own.id;
    if (own.authority !== order.authority || own.ends_at?.getTime() !== order.endsAt?.getTime())
      problems.push({
        row,
        field: own.authority !== order.authority ? 'authority' : 'order_to',
        value: own.authority !== order.authority ? order.authority : (order.endsAt?.toISOString() ?? ''),
        message: 'This order is on record with another court or another end, and was left as it is. Give a varied order its own beginning.',
      });
    if (
      officer &&
      (own.officer_name !== officer.name || own.officer_phone !== officer.phone || (officer.team && own.team !== officer.team))
    ) {
      await tx
        .updateTable('supervision.orders')
        .set({ officer_name: officer.name, officer_phone: officer.phone, ...(officer.team ? { team: officer.team } : {}) })
        .where('id', '=', own.id)
        .execute();
      touch(work);
    }
  }
  if (fresh.length === 0) return;
  const made = await tx
    .insertInto('supervision.orders')
    .values(
      fresh.map(({ id, draft: { order, officer } }) => ({
        subject_id: id,
        kind: order.kind,
        authority: order.authority,
        starts_at: order.startsAt,
        ends_at: order.endsAt,
        officer_name: officer?.name ?? '',
        officer_phone: officer?.phone ?? '',
        team: officer?.team ?? '',
      })),
    )
    .returning(['id', 'subject_id'])
    .execute();
  const ids = new Map(made.map(({ id, subject_id }) => [subject_id, id]));
  for (const work of fresh) {
    work.order = ids.get(work.id) ?? 0;
    touch(work);
  }
}

/** Their own number, and where they live. */
async function placeReach({ tx, actor }: ActionContext, works: Work[], today: string): Promise<void> {
  const subjects = [0, ...works.map(({ id }) => id)];
  const phones = await tx
    .selectFrom('supervision.contacts')
    .select(['subject_id', 'phone'])
    .where('subject_id', 'in', subjects)
    .where('who', '=', 'self')
    .where('ended_at', 'is', null)
    .execute();
  const knownPhones = new Set(phones.map(({ subject_id, phone }) => `${subject_id} ${phone}`));
  const newPhones = works.filter(({ id, draft }) => draft.phone && !knownPhones.has(`${id} ${draft.phone}`));
  if (newPhones.length > 0)
    await tx
      .insertInto('supervision.contacts')
      .values(
        newPhones.map(({ id, draft }) => ({
          subject_id: id,
          who: 'self',
          name: draft.identity.name.slice(0, 100),
          phone: draft.phone,
          note: '',
          by_name: actor.name,
          ended_at: null,
        })),
      )
      .execute();
  const homes = await tx
    .selectFrom('supervision.addresses')
    .select(['subject_id', 'address'])
    .where('subject_id', 'in', subjects)
    .where('kind', '=', 'home')
    .where('to_on', 'is', null)
    .execute();
  const knownHomes = new Set(homes.map(({ subject_id, address }) => `${subject_id} ${address}`));
  const newHomes = works.filter(({ id, draft }) => draft.address && !knownHomes.has(`${id} ${draft.address}`));
  if (newHomes.length > 0) {
    await tx
      .updateTable('supervision.addresses')
      .set({ to_on: today })
      .where(
        'subject_id',
        'in',
        newHomes.map(({ id }) => id),
      )
      .where('kind', '=', 'home')
      .where('to_on', 'is', null)
      .execute();
    await tx
      .insertInto('supervision.addresses')
      .values(
        newHomes.map(({ id, draft }) => ({
          subject_id: id,
          kind: 'home',
          address: draft.address,
          by_name: actor.name,
          from_on: today,
          to_on: null,
        })),
      )
      .execute();
  }
  for (const work of [...newPhones, ...newHomes]) touch(work);
}

async function placeTags({ tx, actor, tell }: ActionContext, works: Work[], problems: RowProblem[]): Promise<void> {
  const wanted = works.flatMap((work) => (work.draft.tag ? [{ work, ...work.draft.tag }] : []));
  if (wanted.length === 0) return;
  const serials = [...new Set(wanted.map(({ serial }) => serial))];
  const tags = new Map(
    (await tx.selectFrom('supervision.tags').select(['id', 'serial', 'state']).where('serial', 'in', serials).execute()).map((row) => [
      row.serial,
      row,
    ]),
  );
  const missing = serials.filter((serial) => !tags.has(serial));
  if (missing.length > 0) {
    const made = await tx
      .insertInto('supervision.tags')
      .values(missing.map((serial) => ({ serial, model: '', credential_hash: null })))
      .returning(['id', 'serial', 'state'])
      .execute();
    for (const row of made) tags.set(row.serial, row);
    const steps = made.map(({ id }) => ({ tag_id: id, step: 'registered' as const, wearing_id: null, note: '', by_name: actor.name }));
    await tx.insertInto('supervision.tag_steps').values(steps).execute();
  }
  const ids = [...tags.values()].map(({ id }) => id);
  // Whether a tag is free rests on everybody, seen or not.
  const [worn, carried] = await seeingAll(tx, async () => [
    await tx
      .selectFrom('supervision.wearings')
      .select(['tag_id', 'subject_id', 'starts_at', 'ends_at'])
      .where('tag_id', 'in', ids)
      .execute(),
    await tx.selectFrom('supervision.protections').select('tag_id').where('tag_id', 'in', ids).where('ends_at', 'is', null).execute(),
  ]);
  const fresh: { work: Work; tag: number; fittedAt: Date }[] = [];
  const used = new Set<number>();
  for (const { work, serial, fittedAt } of wanted) {
    const tag = tags.get(serial);
    if (!tag) continue;
    const own = worn.filter(({ tag_id }) => tag_id === tag.id);
    // It was fitted then, whether it has come off since or not: the same file again fits nothing.
    if (own.some(({ subject_id, starts_at }) => subject_id === work.id && starts_at.getTime() === fittedAt.getTime())) continue;
    const why = whyNotFitted(own, work.id, fittedAt, tag.state, used.has(tag.id) || carried.some(({ tag_id }) => tag_id === tag.id));
    if (why) problems.push({ row: work.draft.row, field: 'tag', value: serial, message: why });
    else {
      used.add(tag.id);
      fresh.push({ work, tag: tag.id, fittedAt });
    }
  }
  if (fresh.length === 0) return;
  const made = await tx
    .insertInto('supervision.wearings')
    .values(
      fresh.map(({ work, tag, fittedAt }) => ({
        tag_id: tag,
        order_id: work.order,
        subject_id: work.id,
        starts_at: fittedAt,
        ends_at: null,
      })),
    )
    .returning(['id', 'tag_id'])
    .execute();
  const steps = made.map(({ id, tag_id }) => ({ tag_id, step: 'fitted' as const, wearing_id: id, note: '', by_name: actor.name }));
  await tx.insertInto('supervision.tag_steps').values(steps).execute();
  for (const { work } of fresh) touch(work);
  tell('supervision.senders');
}

function whyNotFitted(
  worn: readonly { subject_id: number; ends_at: Date | null }[],
  subject: number,
  fittedAt: Date,
  state: string,
  isTaken: boolean,
): string | null {
  const overlapping = worn.filter(({ ends_at }) => ends_at === null || ends_at > fittedAt);
  if (overlapping.some(({ subject_id }) => subject_id === subject))
    return 'They wear this tag already, fitted at another time. It was left as it is.';
  if (overlapping.length > 0 || isTaken) return 'This tag is on somebody else at that time. Take it off there first.';
  return state === 'in stock' ? null : `This tag is ${state}. Put it back in stock on its page first.`;
}

async function placeZones(context: ActionContext, works: Work[], problems: RowProblem[]): Promise<void> {
  const { tx, actor } = context;
  const wanted = works.flatMap((work) => (work.order ? work.draft.zones.map((zone) => ({ work, zone })) : []));
  if (wanted.length === 0) return;
  const stored = await tx
    .selectFrom('supervision.zone_orders as zo')
    .innerJoin('supervision.zone_versions as v', 'v.zone_id', 'zo.zone_id')
    .select(['zo.order_id', 'v.zone_id', 'v.name', 'v.kind', 'v.area', 'v.hours'])
    .where(
      'zo.order_id',
      'in',
      works.map(({ order }) => order),
    )
    .where('zo.removed_at', 'is', null)
    .where('v.superseded_at', 'is', null)
    .execute();
  const known = new Map(stored.map((row) => [`${row.order_id} ${row.name}`, row]));
  const fresh: typeof wanted = [];
  const now = new Date();
  for (const { work, zone } of wanted) {
    const own = known.get(`${work.order} ${zone.name}`);
    const isSame = own && own.kind === zone.kind && asText(own.area) === asText(zone.area) && asText(own.hours) === asText(zone.hours);
    if (isSame) continue;
    const { endsAt } = work.draft.order;
    if (endsAt && endsAt < now) {
      problems.push({ row: zone.row, field: 'zone', value: zone.name, message: 'This order has ended, so it can have no new zone.' });
      continue;
    }
    if (own) await changeZone.run(context, null, { zoneId: own.zone_id, draft: zone, reason: 'As the file has it' });
    else fresh.push({ work, zone });
    touch(work);
  }
  if (fresh.length === 0) return;
  const made = await tx
    .insertInto('supervision.zones')
    .values(fresh.map(() => ({ shared: false })))
    .returning('id')
    .execute();
  const placed = fresh.map((one, i) => ({ ...one, id: made[i]?.id ?? 0 }));
  await tx
    .insertInto('supervision.zone_versions')
    .values(
      placed.map(({ id, zone }) => ({
        zone_id: id,
        version: 1,
        name: zone.name,
        kind: zone.kind,
        area: JSON.stringify(zone.area),
        hours: JSON.stringify(zone.hours),
        effective_at: now,
        superseded_at: null,
        reason: 'First version',
        by_name: actor.name,
      })),
    )
    .execute();
  await tx
    .insertInto('supervision.zone_orders')
    .values(placed.map(({ id, work }) => ({ zone_id: id, order_id: work.order, removed_at: null, removed_reason: null })))
    .execute();
}

/** JSON with its keys in order: the database gives them in another. */
const asText = (value: unknown): string =>
  JSON.stringify(value, (_key, own: unknown) =>
    own && typeof own === 'object' && !Array.isArray(own)
      ? Object.fromEntries(Object.entries(own).sort(([a], [b]) => (a < b ? -1 : 1)))
      : own,
  );

async function watchAllAgain({ tx, tell }: ActionContext, touched: readonly Work[]): Promise<void> {
  const wearings = await tx
    .selectFrom('supervision.wearings')
    .select('id')
    .where('subject_id', 'in', [0, ...touched.map(({ id }) => id)])
    .execute();
  if (wearings.length === 0) return;
  await tx
    .insertInto('supervision.watch_again')
    .values(wearings.map(({ id }) => ({ wearing_id: id })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  tell(
    'supervision.rules',
    wearings.map(({ id }) => id),
  );
}
