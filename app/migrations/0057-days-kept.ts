import { type Kysely, sql } from 'kysely';

const purposeIs = (...purposes: string[]) =>
  `current_setting('waymark.purpose', true) IN (${purposes.map((purpose) => `'${purpose}'`).join(', ')})`;
const me = "(SELECT a.subject_id FROM supervision.own_access a WHERE a.account_key = current_setting('waymark.self', true))";
const hidden = "(SELECT supervision.hidden_wearings(coalesce(current_setting('waymark.seen_by', true), '')))";

/**
 * How much of each day people had to be in a place and were, were not, or nobody knows; counted each night for published figures, and let go
 * of once they are published. And of which days it has been counted for everybody.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `CREATE TABLE supervision.days_kept (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       wearing_id integer NOT NULL REFERENCES supervision.wearings,
       day date NOT NULL,
       kept_s integer NOT NULL CHECK (kept_s >= 0),
       broken_s integer NOT NULL CHECK (broken_s >= 0),
       unknown_s integer NOT NULL CHECK (unknown_s >= 0),
       UNIQUE (wearing_id, day)
     )`,
    'CREATE INDEX days_kept_by_day ON supervision.days_kept (day)',
    'CREATE TABLE supervision.days_counted (day date PRIMARY KEY)',
    ...['days_kept', 'days_counted'].flatMap((table) => [
      `ALTER TABLE supervision.${table} ENABLE ROW LEVEL SECURITY`,
      `ALTER TABLE supervision.${table} FORCE ROW LEVEL SECURITY`,
      `CREATE POLICY purpose ON supervision.${table} USING (${purposeIs('monitoring')}) WITH CHECK (${purposeIs('monitoring')})`,
      `CREATE POLICY fairness ON supervision.${table} FOR SELECT USING (${purposeIs('fairness')})`,
      `CREATE POLICY retention ON supervision.${table} USING (${purposeIs('retention')})`,
      `CREATE POLICY only_retention_delete ON supervision.${table} AS RESTRICTIVE FOR DELETE USING (${purposeIs('retention')})`,
    ]),
    `CREATE POLICY self ON supervision.days_kept FOR SELECT USING (${purposeIs('self')}
       AND wearing_id IN (SELECT w.id FROM supervision.wearings w WHERE w.subject_id = ${me}))`,
    `CREATE POLICY seen ON supervision.days_kept AS RESTRICTIVE TO waymark_supervision_seen USING (wearing_id NOT IN ${hidden})`,
    'GRANT SELECT, INSERT, DELETE, UPDATE (kept_s, broken_s, unknown_s) ON supervision.days_kept TO waymark_supervision',
    'GRANT SELECT, INSERT, DELETE ON supervision.days_counted TO waymark_supervision',
    // What has been published needs to be counted no more: the job and the removal ask how far that goes.
    `CREATE POLICY upto ON supervision.published_figures FOR SELECT USING (${purposeIs('monitoring', 'retention')})`,
  ])
    await sql.raw(statement).execute(db);
}
