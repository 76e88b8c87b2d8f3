import { type Kysely, sql } from 'kysely';

/** Under what name each is kept while a transaction lasts, and how it is worked out for somebody. */
const hidden = {
  hidden_subjects: `SELECT c.subject_id FROM supervision.cases c
    WHERE (c.is_restricted OR c.team_id = ANY (ARRAY(SELECT t.id FROM supervision.teams t WHERE t.is_closed
        AND NOT EXISTS (SELECT FROM supervision.team_members m WHERE m.team_id = t.id AND m.actor = $1))))
      AND c.subject_id <> ALL (ARRAY(SELECT h.subject_id FROM supervision.case_holders h
        WHERE h.actor = $1 AND (h.to_on IS NULL OR h.to_on >= current_date)))`,
  hidden_orders: 'SELECT id FROM supervision.orders WHERE subject_id IN (SELECT supervision.hidden_subjects($1))',
  hidden_wearings: 'SELECT id FROM supervision.wearings WHERE subject_id IN (SELECT supervision.hidden_subjects($1))',
  hidden_zones: `SELECT zone_id FROM supervision.zone_orders WHERE EXISTS (SELECT supervision.hidden_subjects($1))
    GROUP BY zone_id HAVING bool_and(order_id IN (SELECT supervision.hidden_orders($1)))`,
} as const;

/** What they are worked out from. */
const restOn = ['teams', 'team_members', 'cases', 'case_holders', 'orders', 'wearings', 'zone_orders'];

/**
 * What is hidden from an officer is worked out once in a transaction, and no more for every table of every question: a page asks about
 * fifteen of them. It is kept as a setting of the transaction, with whose it is and for what purpose; what it rests
 * on lets go of it as it changes.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [name, body] of Object.entries(hidden))
    await sql
      .raw(
        `CREATE OR REPLACE FUNCTION supervision.${name}(seen_by text) RETURNS SETOF integer LANGUAGE plpgsql STABLE AS $$
         DECLARE
           known text := current_setting('waymark.${name}', true);
           -- For another purpose other rows are there to work it out from.
           whose text := coalesce(current_setting('waymark.purpose', true), '') || ' ' || seen_by || E'\\n';
           before text := current_setting('role');
         BEGIN
           IF known IS NULL OR NOT starts_with(known, whose) THEN
             PERFORM set_config('role', 'waymark_supervision', true);
             known := whose || ARRAY(${body})::text;
             PERFORM set_config('role', before, true);
             PERFORM set_config('waymark.${name}', known, true);
           END IF;
           RETURN QUERY SELECT unnest(substr(known, length(whose) + 1)::integer[]);
         END $$`,
      )
      .execute(db);
  const forget = Object.keys(hidden).map((name) => `PERFORM set_config('waymark.${name}', '', true);`);
  await sql
    .raw(`CREATE FUNCTION supervision.forget_hidden() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${forget.join(' ')} RETURN NULL; END $$`)
    .execute(db);
  for (const table of restOn)
    await sql
      .raw(
        `CREATE TRIGGER forget_hidden AFTER INSERT OR UPDATE OR DELETE ON supervision.${table}
           FOR EACH STATEMENT EXECUTE FUNCTION supervision.forget_hidden()`,
      )
      .execute(db);
}
