import { type Kysely, sql } from 'kysely';

const purposeIs = (purpose: string) => `current_setting('waymark.purpose', true) = '${purpose}'`;
const me = "(SELECT a.subject_id FROM supervision.own_access a WHERE a.account_key = current_setting('waymark.self', true))";
const seen = 'waymark_supervision_seen';
const seenBy = "coalesce(current_setting('waymark.seen_by', true), '')";

/** Orders as they were varied, people as they were known before, and their documents. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    "ALTER TABLE supervision.orders ADD COLUMN conditions text NOT NULL DEFAULT '', ADD COLUMN version integer NOT NULL DEFAULT 1",
    'GRANT UPDATE (authority, ends_at, conditions, version) ON supervision.orders TO waymark_supervision',
    `CREATE TABLE supervision.order_versions (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       order_id integer NOT NULL REFERENCES supervision.orders,
       version integer NOT NULL,
       authority text NOT NULL,
       ends_at timestamptz,
       conditions text NOT NULL,
       reason text NOT NULL,
       by_name text NOT NULL,
       at timestamptz NOT NULL DEFAULT now(),
       UNIQUE (order_id, version)
     )`,
    `CREATE TABLE supervision.identity_versions (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       subject_id integer NOT NULL REFERENCES supervision.subjects,
       was jsonb NOT NULL,
       by_name text NOT NULL,
       at timestamptz NOT NULL DEFAULT now()
     )`,
    'CREATE INDEX identity_versions_subject ON supervision.identity_versions (subject_id)',
    `CREATE TABLE supervision.documents (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       subject_id integer NOT NULL REFERENCES supervision.subjects,
       kind text NOT NULL CHECK (kind IN ('photo', 'order', 'letter', 'report', 'other')),
       title text NOT NULL,
       media_type text NOT NULL,
       bytes bytea NOT NULL,
       size integer NOT NULL,
       sha256 text NOT NULL,
       by_name text NOT NULL,
       at timestamptz NOT NULL DEFAULT now(),
       removed_at timestamptz,
       removed_by text
     )`,
    'CREATE INDEX documents_subject ON supervision.documents (subject_id)',
  ])
    await sql.raw(statement).execute(db);
  for (const [table, whose, rights, hidden] of [
    [
      'order_versions',
      'order_id IN (SELECT id FROM supervision.orders)',
      'SELECT, INSERT, DELETE',
      'order_id NOT IN (SELECT supervision.hidden_orders',
    ],
    ['identity_versions', `subject_id = ${me}`, 'SELECT, INSERT, DELETE', 'subject_id NOT IN (SELECT supervision.hidden_subjects'],
    [
      'documents',
      `subject_id = ${me} AND removed_at IS NULL`,
      'SELECT, INSERT, DELETE, UPDATE (removed_at, removed_by, bytes)',
      'subject_id NOT IN (SELECT supervision.hidden_subjects',
    ],
  ] as const)
    for (const statement of [
      `ALTER TABLE supervision.${table} ENABLE ROW LEVEL SECURITY`,
      `ALTER TABLE supervision.${table} FORCE ROW LEVEL SECURITY`,
      `CREATE POLICY purpose ON supervision.${table} USING (${purposeIs('monitoring')}) WITH CHECK (${purposeIs('monitoring')})`,
      `CREATE POLICY retention ON supervision.${table} USING (${purposeIs('retention')})`,
      `CREATE POLICY only_retention_delete ON supervision.${table} AS RESTRICTIVE FOR DELETE USING (${purposeIs('retention')})`,
      `CREATE POLICY self ON supervision.${table} FOR SELECT USING (${purposeIs('self')} AND ${whose})`,
      `CREATE POLICY seen ON supervision.${table} AS RESTRICTIVE TO ${seen} USING (${hidden}(${seenBy})))`,
      `GRANT ${rights} ON supervision.${table} TO waymark_supervision`,
    ])
      await sql.raw(statement).execute(db);
}
