import { type Kysely, sql } from 'kysely';

/** Between which teams the lot of an evaluation was drawn, and of which team somebody was when they joined: what comes later moves neither. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    "ALTER TABLE supervision.evaluations ADD COLUMN teams jsonb NOT NULL DEFAULT '[]'",
    'ALTER TABLE supervision.evaluation_members ADD COLUMN team_id integer',
    'GRANT UPDATE (team_id) ON supervision.evaluation_members TO waymark_supervision',
  ])
    await sql.raw(statement).execute(db);
}
