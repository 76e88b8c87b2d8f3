import type { ActionContext } from '../../platform/action.ts';
import { seeingAll } from '../../platform/database.ts';
import type { RowProblem } from './read-subject-rows.ts';
import { touch, type Work } from './work.ts';

/** Fits the tags that are worn; one that is not known is registered. */
export async function placeTags({ tx, actor, tell }: ActionContext, works: Work[], problems: RowProblem[]): Promise<void> {
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
