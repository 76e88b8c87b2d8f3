import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { seeingAll, type Tx } from '../../platform/database.ts';
import { noteSubject, watchAgain } from '../subjects/index.ts';
import { checkZone, type ZoneDraft } from './declare-zone.ts';

/**
 * Gives a zone a new version from now on, or ends it. The version before stays on record with when it held, and goes on
 * judging what happened while it did.
 */
export const changeZone: Action<null, { zoneId: number; draft: ZoneDraft | null; reason: string }, { subjectId: number | null }> = {
  name: 'zone.change',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note, tell }, _services, { zoneId, draft, reason }) {
    const current = await tx
      .selectFrom('supervision.zone_versions')
      .selectAll()
      .where('zone_id', '=', zoneId)
      .where('superseded_at', 'is', null)
      .forUpdate()
      .executeTakeFirst();
    if (!current) throw new NotFoundError('There is no such zone in force.');
    if (reason.trim().length < 3) throw new InvalidError('Give the reason for the change.', 'reason');
    // A zone that was to hold later never held.
    const now = new Date(Math.max(Date.now(), current.effective_at.getTime()));
    await tx.updateTable('supervision.zone_versions').set({ superseded_at: now }).where('id', '=', current.id).execute();
    if (draft) {
      const { name, kind } = checkZone(draft);
      await tx
        .insertInto('supervision.zone_versions')
        .values({
          zone_id: zoneId,
          version: current.version + 1,
          name,
          kind,
          area: JSON.stringify(draft.area),
          hours: JSON.stringify(draft.hours),
          effective_at: now,
          superseded_at: null,
          reason: reason.trim().slice(0, 500),
          by_name: actor.name,
        })
        .execute();
    }
    const under = await subjectsUnder(tx, zoneId);
    // Whoever else it holds for is judged anew as well, whether who changes it may see them or not.
    await seeingAll(tx, async () => {
      const all = await subjectsUnder(tx, zoneId);
      await watchAgain({ tx, tell }, ...all.map(({ subject_id }) => subject_id));
    });
    note({ kind: 'zone', id: zoneId }, draft ? { version: current.version + 1 } : { ended: true });
    await noteSubject({ tx, actor, access, note }, { zone: zoneId });
    const { shared } = await tx.selectFrom('supervision.zones').select('shared').where('id', '=', zoneId).executeTakeFirstOrThrow();
    return { subjectId: shared ? null : (under[0]?.subject_id ?? null) };
  },
};

async function subjectsUnder(tx: Tx, zone: number): Promise<{ subject_id: number }[]> {
  return tx
    .selectFrom('supervision.zone_orders as zo')
    .innerJoin('supervision.orders as o', 'o.id', 'zo.order_id')
    .select('o.subject_id')
    .distinct()
    .where('zo.zone_id', '=', zone)
    .execute();
}
