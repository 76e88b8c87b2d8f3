import { type Kysely, sql } from 'kysely';

const purposeIs = (...purposes: string[]) =>
  `current_setting('waymark.purpose', true) IN (${purposes.map((purpose) => `'${purpose}'`).join(', ')})`;

/** How often figures are published by themselves: whoever decides it adds a row, and the last one holds. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `CREATE TABLE supervision.figure_schedules (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       every text NOT NULL CHECK (every IN ('never', 'month', 'quarter')),
       by_name text NOT NULL,
       at timestamptz NOT NULL DEFAULT now()
     )`,
    'ALTER TABLE supervision.figure_schedules ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE supervision.figure_schedules FORCE ROW LEVEL SECURITY',
    `CREATE POLICY purpose ON supervision.figure_schedules FOR INSERT WITH CHECK (${purposeIs('fairness')})`,
    `CREATE POLICY published ON supervision.figure_schedules FOR SELECT USING (${purposeIs('fairness', 'transparency')})`,
    'GRANT SELECT, INSERT ON supervision.figure_schedules TO waymark_supervision',
  ])
    await sql.raw(statement).execute(db);
}
