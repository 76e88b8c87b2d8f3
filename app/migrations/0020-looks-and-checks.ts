import { type Kysely, sql } from 'kysely';

/**
 * Who looked: a look or a deed that was about several people stands in the view of each of them. What an auditor found about a
 * sampled look is added to what was found before, and takes nothing away.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const isSelf = "current_setting('waymark.purpose', true) = 'self'";
  for (const { room, about, who } of [
    { room: 'support', about: 'person', who: 'person_id' },
    { room: 'supervision', about: 'subject', who: 'subject_id' },
  ]) {
    const me = `(SELECT a.${who} FROM ${room}.own_access a WHERE a.account_key = current_setting('waymark.self', true))`;
    const many = `${about}s`;
    const statements = [
      `CREATE INDEX audit_detail_${many} ON oversight.audit_entries USING gin ((detail -> '${many}')) WHERE detail ? '${many}'`,
      `DROP POLICY self_${room} ON oversight.audit_entries`,
      `CREATE POLICY self_${room} ON oversight.audit_entries FOR SELECT TO waymark_${room}
        USING (${isSelf} AND ((about_kind = '${about}' AND about_id = ${me}::text) OR detail ->> '${about}' = ${me}::text
          OR (detail ? '${many}' AND detail -> '${many}' @> to_jsonb(${me}))))`,
    ];
    for (const statement of statements) await sql.raw(statement).execute(db);
  }
  const statements = [
    'ALTER TABLE oversight.sample_checks DROP CONSTRAINT sample_checks_pkey',
    'ALTER TABLE oversight.sample_checks ADD COLUMN id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
    'CREATE INDEX sample_checks_seq ON oversight.sample_checks (seq, id)',
    'REVOKE UPDATE ON oversight.sample_checks FROM waymark_oversight',
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
