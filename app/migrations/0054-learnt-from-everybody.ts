import { type Kysely, sql } from 'kysely';

/**
 * Decided alerts of everybody, without whose they are: what is learnt from them holds for everybody, and so does not depend on whose cases
 * may be seen by who asks.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `CREATE FUNCTION supervision.decided_alerts(kinds text[], since timestamptz)
       RETURNS TABLE (kind text, model text, from_at timestamptz, to_at timestamptz, facts jsonb, outcome text) LANGUAGE plpgsql STABLE AS $$
     DECLARE before text := current_setting('role');
     BEGIN
       PERFORM set_config('role', 'waymark_supervision', true);
       RETURN QUERY SELECT a.kind, t.model, a.from_at, a.to_at, a.facts, a.outcome
         FROM supervision.alerts a JOIN supervision.wearings w ON w.id = a.wearing_id JOIN supervision.tags t ON t.id = w.tag_id
         WHERE a.kind = ANY (kinds) AND a.outcome IS NOT NULL AND a.state <> 'retracted' AND a.from_at >= since;
       PERFORM set_config('role', before, true);
     END $$`,
    'GRANT EXECUTE ON FUNCTION supervision.decided_alerts(text[], timestamptz) TO waymark_supervision',
  ])
    await sql.raw(statement).execute(db);
}
