import { type Kysely, sql } from 'kysely';

/** What exclusions were cleared together goes with whoever wore the tag, when what is kept of them ends. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const isRetention = "current_setting('waymark.purpose', true) = 'retention'";
  for (const table of ['clearing_batches', 'clearing_verdicts'])
    for (const statement of [
      `CREATE POLICY retention ON supervision.${table} USING (${isRetention})`,
      `CREATE POLICY only_retention_delete ON supervision.${table} AS RESTRICTIVE FOR DELETE USING (${isRetention})`,
      `GRANT DELETE ON supervision.${table} TO waymark_supervision`,
    ])
      await sql.raw(statement).execute(db);
}
