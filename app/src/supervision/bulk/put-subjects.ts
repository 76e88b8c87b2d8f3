import { sql } from 'kysely';
import { type Action, type ActionContext, InvalidError } from '../../platform/action.ts';
import { appendAudit } from '../../platform/audit.ts';
import { seeingAll, type Tx } from '../../platform/database.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { queueChanges } from '../changes/index.ts';
import { keepIdentity } from '../contacts/index.ts';
import { writeVariation } from '../orders/index.ts';
import { decisionsOn, watchAgain } from '../subjects/index.ts';
import { endWearings, placeAbsences, placeContacts } from './place-further.ts';
import { placeTags } from './place-tags.ts';
import { placeZones } from './place-zones.ts';
import type { RowProblem, SubjectDraft } from './read-subject-rows.ts';
import { versionsOf } from './subject-versions.ts';
import { touch, type Work } from './work.ts';

export interface PutResult {
  created: number;
  changed: number;
  same: number;
  problems: RowProblem[];
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
export const putSubjects: Action<{ fixes: FixStore }, { drafts: readonly SubjectDraft[]; dryRun: boolean; today: string }, PutResult> = {
  name: 'subject.import',
  room: 'supervision',
  purpose: 'monitoring',
  async run(context, services, { drafts, dryRun, today }) {
    const { tx, note } = context;
    const told: Parameters<ActionContext['tell']>[] = [];
    const own: ActionContext = { ...context, note: () => undefined, tell: (topic, ids) => void told.push([topic, ids]) };
    if (dryRun) await sql`SAVEPOINT tried`.execute(tx);
    const problems: RowProblem[] = [];
    const works = await placeSubjects(own, drafts, problems);
    await placeOrders(own, works, problems);
    await placeReach(own, works, today);
    await placeTags(own, works, problems);
    await placeZones(own, works, problems);
    await placeContacts(own, works);
    await placeAbsences(own, works, problems);
    await endWearings(own, services, works, problems);
    const touched = works.filter(({ state }) => state !== 'same');
    if (dryRun) await sql`ROLLBACK TO SAVEPOINT tried`.execute(tx);
    else {
      if (touched.length > 0) await watchAgain(own, ...touched.map(({ id }) => id));
      for (const [topic, ids] of told) context.tell(topic, ids);
      const { actor, access } = context;
      const { policy } = access.decide(actor, 'subject.import', 'monitoring', 'supervision');
      const facts = touched
        .flatMap(({ id, state, done }) => [
          { id, action: 'subject.import', detail: { state } as Record<string, unknown> },
          ...done.map((own) => ({ id, ...own })),
        ])
        .map(({ id, action, detail }) => ({
          actor: actor.id,
          actorName: actor.name,
          role: actor.role,
          purpose: 'monitoring' as const,
          action,
          about: { kind: 'subject', id: String(id) },
          outcome: 'done' as const,
          policy,
          detail: action === 'subject.import' ? detail : { ...detail, by: 'subject.import' },
        }));
      // Each of them sees it among who looked.
      await appendAudit(tx, facts);
      await queueChanges(tx, facts);
    }
    const count = (state: Work['state']) => works.filter((work) => work.state === state).length;
    const counts = { created: count('created'), changed: count('changed'), same: count('same') };
    note(null, { ...counts, problems: problems.length, dryRun });
    return { ...counts, problems };
  },
};

/** Those on record, and the new ones. Whoever is hidden from who asks is neither, and another’s case is left as it is. */
async function placeSubjects(context: ActionContext, drafts: readonly SubjectDraft[], problems: RowProblem[]): Promise<Work[]> {
  const { tx } = context;
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
      // Whoever changes the same people at this moment waits, or is waited for.
      .orderBy('id')
      .$if(
        drafts.some(({ ifVersion }) => ifVersion !== ''),
        (query) => query.forUpdate(),
      )
      .execute();
  const known = new Map((await find()).map((row) => [row.reference, row]));
  const taken = new Set((await seeingAll(tx, find)).map(({ reference }) => reference).filter((reference) => !known.has(reference)));
  for (const { row, reference } of drafts)
    if (taken.has(reference))
      problems.push({ row, field: 'reference', value: reference, message: 'This reference is in use for a case that you cannot see.' });
  const left = await leftByVersion(tx, drafts, known, taken, problems);
  const fresh = drafts.filter((draft) => !known.has(draft.reference) && !taken.has(draft.reference) && !left.has(draft));
  const made =
    fresh.length === 0
      ? []
      : await tx
          .insertInto('supervision.subjects')
          .values(fresh.map((draft) => ({ reference: draft.reference, fictional: false, ...columnsOf(draft) })))
          .returning(['id', 'reference'])
          .execute();
  const ids = new Map(made.map(({ id, reference }) => [reference, id]));
  const decisions = await decisionsOn(
    context,
    [...known.values()].map(({ id }) => id),
  );
  const works: Work[] = [];
  for (const draft of drafts) {
    const before = known.get(draft.reference);
    const id = before?.id ?? ids.get(draft.reference);
    if (id === undefined || left.has(draft)) continue;
    if (before && !decisions.get(before.id)?.allowed) {
      const message = 'This is another officer’s case, and was left as it is. Open it on its page first, and say why.';
      problems.push({ row: draft.row, field: 'reference', value: draft.reference, message });
      continue;
    }
    const work: Work = { draft, id, order: 0, state: before ? 'same' : 'created', done: [] };
    works.push(work);
    if (!before) continue;
    const changed = Object.fromEntries(
      Object.entries(columnsOf(draft)).filter(([column, value]) => value && value !== before[column as keyof typeof before]),
    );
    if (Object.keys(changed).length === 0) continue;
    await keepIdentity(tx, [id], context.actor.name);
    await tx.updateTable('supervision.subjects').set(changed).where('id', '=', id).execute();
    touch(work);
  }
  return works;
}

/** What a row says of who somebody is, by the columns that it is kept in. */
const columnsOf = ({ identity }: SubjectDraft) => ({
  name: identity.name,
  born_on: identity.bornOn || null,
  also_known_as: identity.alsoKnownAs,
  pnc: identity.pnc,
  crn: identity.crn,
  noms: identity.noms,
  languages: identity.languages,
});

/** Those whom a row knows by a version that is not the one on record: they are left as they are, and nobody is put on record anew by it. */
async function leftByVersion(
  tx: Tx,
  drafts: readonly SubjectDraft[],
  known: ReadonlyMap<string, { id: number }>,
  taken: ReadonlySet<string>,
  problems: RowProblem[],
): Promise<Set<SubjectDraft>> {
  const asked = drafts.filter(({ ifVersion, reference }) => ifVersion !== '' && !taken.has(reference));
  const versions = await versionsOf(
    tx,
    asked.flatMap(({ reference }) => known.get(reference)?.id ?? []),
  );
  const left = asked.filter(({ reference, ifVersion }) => ifVersion !== versions.get(known.get(reference)?.id ?? 0));
  for (const { row, reference, ifVersion } of left)
    problems.push({
      row,
      field: 'if_version',
      value: ifVersion.slice(0, 60),
      message: known.has(reference)
        ? 'This person was changed since you read that version, and was left as they are. Read them again, then send it again.'
        : 'Nobody of this reference is on record any more. Leave the version out to put them on record anew.',
    });
  return new Set(left);
}

async function placeOrders(context: ActionContext, works: Work[], problems: RowProblem[]): Promise<void> {
  const { tx } = context;
  const stored = await tx
    .selectFrom('supervision.orders')
    .select(['id', 'subject_id', 'kind', 'authority', 'starts_at', 'ends_at', 'officer_name', 'officer_phone', 'team', 'conditions'])
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
    const endsAt = order.saysEnd ? order.endsAt : own.ends_at;
    if (own.authority !== order.authority || own.ends_at?.getTime() !== endsAt?.getTime()) {
      try {
        const draft = { authority: order.authority, endsAt, conditions: own.conditions };
        if ((await writeVariation(context, own.id, draft, 'As the file has it', Date.now())) !== null)
          touch(work, { action: 'order.vary', detail: { order: own.id } });
      } catch (error) {
        if (!(error instanceof InvalidError)) throw error;
        const value = error.field === 'authority' ? order.authority : (order.endsAt?.toISOString() ?? '');
        problems.push({ row, field: error.field === 'authority' ? 'authority' : 'order_to', value, message: error.message });
      }
    }
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
      .set({ to_on: sql<string>`greatest(from_on, ${today}::date)` })
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
