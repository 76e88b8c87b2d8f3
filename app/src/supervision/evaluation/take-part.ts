import { sql } from 'kysely';
import { type Action, NotFoundError } from '../../platform/action.ts';
import { dayAfter } from '../../platform/days.ts';
import type {} from '../schema/tables.ts';
import { halfOf } from './draw-lot.ts';

/** What somebody on a tag is asked to take part in. */
export interface OfferedEvaluation {
  id: number;
  title: string;
  question: string;
  tried: string;
  startsOn: string;
  endsOn: string;
  takesPart: boolean;
  /** From which day on they have what is tried; null where they do not take part, or it goes by teams. */
  hasItFrom: string | null;
}

const whoAmI = sql<{ id: number }>`SELECT id FROM supervision.subjects LIMIT 1`;

/** Evaluations that are not over, with whether the person takes part; null where they have no tag on their page. */
export const readOffered: Action<null, { today: string }, OfferedEvaluation[] | null> = {
  name: 'own.tag',
  room: 'supervision',
  purpose: 'self',
  async run({ tx }, _services, { today }) {
    const { rows: me } = await whoAmI.execute(tx);
    if (me.length === 0) return null;
    const { rows } = await sql<Omit<OfferedEvaluation, 'hasItFrom'> & { seed: string; design: string; days: number }>`
      SELECT e.id, e.title, e.protocol ->> 'question' AS question, e.protocol ->> 'tried' AS tried, e.starts_on::text AS "startsOn", e.ends_on::text AS "endsOn",
          e.seed, e.protocol ->> 'design' AS design, (e.protocol ->> 'periodDays')::int AS days,
          EXISTS (SELECT FROM supervision.evaluation_members m WHERE m.evaluation_id = e.id AND m.left_at IS NULL) AS "takesPart"
        FROM supervision.evaluations e WHERE e.stopped_at IS NULL AND e.exported_at IS NULL AND e.ends_on >= ${today}::date ORDER BY e.id`.execute(
      tx,
    );
    return rows.map(({ seed, design, days, ...own }) => ({
      ...own,
      hasItFrom: own.takesPart && design === 'waiting list' ? dayAfter(own.startsOn, (halfOf(seed, me[0]?.id ?? 0) - 1) * days) : null,
    }));
  },
};

/** The person takes part, or no longer. Nothing else follows from either. */
export const takePart: Action<null, { id: number; leaves: boolean; today: string }, null> = {
  name: 'own.ask',
  room: 'supervision',
  purpose: 'self',
  async run({ tx, note }, _services, { id, leaves, today }) {
    const { rows } = await whoAmI.execute(tx);
    const me = rows[0]?.id;
    if (me === undefined) throw new NotFoundError('There is nothing like that here.');
    note({ kind: 'subject', id: me }, { evaluation: id, leaves });
    const open = await tx
      .selectFrom('supervision.evaluations')
      .select('id')
      .where('id', '=', id)
      .where('stopped_at', 'is', null)
      .where('exported_at', 'is', null)
      .where(sql<boolean>`ends_on >= ${today}::date`)
      .executeTakeFirst();
    if (!open) throw new NotFoundError('There is nothing like that here.');
    if (leaves)
      await tx.updateTable('supervision.evaluation_members').set({ left_at: new Date() }).where('evaluation_id', '=', id).execute();
    else {
      // Of which team they are now: to which they come later has no part in it.
      const team =
        (await tx.selectFrom('supervision.cases').select('team_id').where('subject_id', '=', me).executeTakeFirst())?.team_id ?? null;
      await tx
        .insertInto('supervision.evaluation_members')
        .values({ evaluation_id: id, subject_id: me, team_id: team })
        .onConflict((conflict) =>
          conflict.columns(['evaluation_id', 'subject_id']).doUpdateSet({ left_at: null, joined_at: new Date(), team_id: team }),
        )
        .execute();
    }
    return null;
  },
};
