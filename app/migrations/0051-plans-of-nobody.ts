import { type Kysely, sql } from 'kysely';

/**
 * How many tags nobody wears and that can be fitted, and when visits are planned: for whoever plans releases, and may read no wearing and
 * nobody's appointment.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `CREATE FUNCTION supervision.tags_in_stock() RETURNS integer LANGUAGE plpgsql STABLE AS $$
     DECLARE
       before text := current_setting('waymark.purpose', true);
       found integer;
     BEGIN
       PERFORM set_config('waymark.purpose', 'monitoring', true);
       SELECT count(*) INTO found FROM supervision.tags t WHERE t.state = 'in stock'
         AND NOT EXISTS (SELECT FROM supervision.wearings w WHERE w.tag_id = t.id AND (w.ends_at IS NULL OR w.ends_at > now()));
       PERFORM set_config('waymark.purpose', before, true);
       RETURN found;
     END $$`,
    'GRANT EXECUTE ON FUNCTION supervision.tags_in_stock() TO waymark_supervision',
    'DROP POLICY release_planning ON supervision.tags',
    // When visits are and what for, and of nobody.
    `CREATE FUNCTION supervision.visits_planned() RETURNS TABLE (starts_at timestamptz, kind text) LANGUAGE plpgsql STABLE AS $$
     DECLARE
       before text := current_setting('waymark.purpose', true);
     BEGIN
       PERFORM set_config('waymark.purpose', 'monitoring', true);
       RETURN QUERY SELECT a.starts_at, a.kind FROM supervision.appointments a WHERE a.state = 'planned' AND a.starts_at >= current_date;
       PERFORM set_config('waymark.purpose', before, true);
     END $$`,
    'GRANT EXECUTE ON FUNCTION supervision.visits_planned() TO waymark_supervision',
    'DROP POLICY release_planning ON supervision.appointments',
  ])
    await sql.raw(statement).execute(db);
}
