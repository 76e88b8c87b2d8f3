import { type Kysely, sql } from 'kysely';

const purposeIs = (purpose: string) => `current_setting('waymark.purpose', true) = '${purpose}'`;
const isPlanning = purposeIs('release-planning');

/**
 * Proposals to release somebody on a tag, by the reference that their prison has for them: what would be asked of them, and nothing of what
 * they are like. Whoever plans sees which visits and tags there are, and nobody who is under an order.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `CREATE TABLE supervision.release_proposals (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       reference text NOT NULL,
       kind text NOT NULL,
       release_on date NOT NULL,
       months integer NOT NULL CHECK (months BETWEEN 1 AND 60),
       conditions jsonb NOT NULL,
       made_by text NOT NULL,
       made_by_name text NOT NULL,
       made_at timestamptz NOT NULL DEFAULT now(),
       version integer NOT NULL DEFAULT 1,
       withdrawn_at timestamptz,
       withdrawn_because text NOT NULL DEFAULT ''
     )`,
    'ALTER TABLE supervision.release_proposals ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE supervision.release_proposals FORCE ROW LEVEL SECURITY',
    `CREATE POLICY purpose ON supervision.release_proposals USING (${isPlanning}) WITH CHECK (${isPlanning})`,
    `CREATE POLICY retention ON supervision.release_proposals USING (${purposeIs('retention')})`,
    `CREATE POLICY only_retention_delete ON supervision.release_proposals AS RESTRICTIVE FOR DELETE USING (${purposeIs('retention')})`,
    `GRANT SELECT, INSERT, DELETE, UPDATE (reference, kind, release_on, months, conditions, version, withdrawn_at, withdrawn_because)
       ON supervision.release_proposals TO waymark_supervision`,
    // Counted by week: when somebody is visited, and of whom, is not read.
    `CREATE POLICY release_planning ON supervision.appointments FOR SELECT USING (${isPlanning} AND state = 'planned' AND starts_at >= current_date)`,
    `CREATE POLICY release_planning ON supervision.tags FOR SELECT USING (${isPlanning} AND state = 'in stock')`,
    `CREATE POLICY published_for_planning ON supervision.published_figures FOR SELECT USING (${isPlanning})`,
  ])
    await sql.raw(statement).execute(db);
}
