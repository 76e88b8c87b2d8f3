import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type {} from '../schema/tables.ts';

/** Days over the last year: of tags, and of people, of whom one may wear two at a time. */
export interface TagDays {
  tagDays: number;
  personDays: number;
  wearersNow: number;
  wearers: number;
}

const yearMs = 365.25 * 86_400_000;

/** How much the tags were worn over the last year: numbers alone, and nobody's. */
export const countTagDays: Action<null, { now: number }, TagDays> = {
  name: 'worth.read',
  room: 'supervision',
  purpose: 'oversight',
  async run({ tx, note }, _services, { now }) {
    const [from, to] = [new Date(now - yearMs), new Date(now)];
    const { rows } = await sql<TagDays>`
      SELECT coalesce(sum(extract(epoch FROM least(coalesce(ends_at, ${to}), ${to}) - greatest(starts_at, ${from})) / 86400), 0)::float8 AS "tagDays",
          (SELECT coalesce(sum(extract(epoch FROM upper(worn) - lower(worn)) / 86400), 0)::float8 FROM (
            SELECT unnest(range_agg(tstzrange(greatest(starts_at, ${from}), least(coalesce(ends_at, ${to}), ${to})))) AS worn
              FROM supervision.wearings WHERE starts_at < ${to} AND (ends_at IS NULL OR ends_at > ${from}) GROUP BY subject_id) x) AS "personDays",
          count(DISTINCT subject_id) FILTER (WHERE ends_at IS NULL OR ends_at > ${to})::int AS "wearersNow",
          count(DISTINCT subject_id)::int AS wearers
        FROM supervision.wearings WHERE starts_at < ${to} AND (ends_at IS NULL OR ends_at > ${from})`.execute(tx);
    note(null, { counted: true });
    return rows[0] ?? { tagDays: 0, personDays: 0, wearersNow: 0, wearers: 0 };
  },
};
