import type { Compliance } from '@waymark/presence';
import { sql } from 'kysely';
import type { Tx } from '../../platform/database.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { keptBy, sumOf, sumsOf } from './read-compliance.ts';

/**
 * Time in places where somebody had to be, in any stretch of a period, over all tags that they wore in it: one that was replaced
 * yesterday says as much as the new one. Null where they wore none. Times in ms since 1970.
 */
export async function stayOfSubject(
  tx: Tx,
  fixes: FixStore,
  subjectId: number,
  period: { from: number; to: number },
  timeZone: string,
): Promise<{ began: number; between(from: number, to: number): Compliance } | null> {
  const worn = await tx
    .selectFrom('supervision.wearings')
    .select(['id', 'starts_at', 'ends_at'])
    .where('subject_id', '=', subjectId)
    .where('starts_at', '<', new Date(period.to))
    .where(sql<boolean>`(ends_at IS NULL OR ends_at > ${new Date(period.from)})`)
    .execute();
  const each: { from: number; to: number; kept: Awaited<ReturnType<typeof keptBy>> }[] = [];
  for (const { id, starts_at, ends_at } of worn) {
    const own = { from: Math.max(period.from, starts_at.getTime()), to: Math.min(period.to, ends_at?.getTime() ?? period.to) };
    each.push({ ...own, kept: await keptBy(tx, fixes, id, own, timeZone) });
  }
  if (each.length === 0) return null;
  return {
    began: Math.min(...each.map(({ from }) => from)),
    between: (from, to) =>
      sumOf(
        each
          .filter((own) => own.from < to && own.to > from)
          .map((own) => sumsOf(own.kept(Math.max(from, own.from), Math.min(to, own.to))).stay),
      ),
  };
}
