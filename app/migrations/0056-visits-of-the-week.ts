import { type Kysely, sql } from 'kysely';

/** Visits of the week that runs count whole, with those that are over: what a week can hold is compared with all of it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    'DROP FUNCTION supervision.visits_planned()',
    `CREATE FUNCTION supervision.visits_planned() RETURNS TABLE (starts_at timestamptz, kind text, is_over boolean) LANGUAGE plpgsql STABLE AS $$
     DECLARE
       before text := current_setting('waymark.purpose', true);
     BEGIN
       PERFORM set_config('waymark.purpose', 'monitoring', true);
       RETURN QUERY SELECT a.starts_at, a.kind, a.state <> 'planned' FROM supervision.appointments a
         WHERE a.state <> 'called off' AND a.starts_at >= current_date - 8;
       PERFORM set_config('waymark.purpose', before, true);
     END $$`,
    'GRANT EXECUTE ON FUNCTION supervision.visits_planned() TO waymark_supervision',
  ])
    await sql.raw(statement).execute(db);
}
