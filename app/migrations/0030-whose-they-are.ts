import { type Kysely, sql } from 'kysely';

const purposeIs = (purpose: string) => `current_setting('waymark.purpose', true) = '${purpose}'`;
const seen = 'waymark_supervision_seen';
const me = "(SELECT a.subject_id FROM supervision.own_access a WHERE a.account_key = current_setting('waymark.self', true))";

/** Tables whose rows are about one subject, by what leads to them. */
const about = {
  hidden_subjects: {
    subjects: 'id',
    ...Object.fromEntries(
      ['orders', 'wearings', 'contacts', 'addresses', 'holds', 'erasures', 'own_access', 'own_cases', 'own_invitations'].map((table) => [
        table,
        'subject_id',
      ]),
    ),
  },
  hidden_orders: { absences: 'order_id', protections: 'order_id', zone_orders: 'order_id' },
  hidden_wearings: { alerts: 'wearing_id', breach_packs: 'wearing_id', tag_steps: 'wearing_id' },
  hidden_zones: { zones: 'id', zone_versions: 'zone_id' },
} as const;

/**
 * Whose each case is: teams and areas, who holds a case and who covers it, which cases only named people may see, and why somebody looked
 * at a case that is not theirs. What is hidden from an officer (`waymark.seen_by`) is hidden by the database, table by table, from a role of
 * their own: to whoever sees everything the rules do not apply at all, and cost nothing.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${seen}') THEN CREATE ROLE ${seen} NOLOGIN NOBYPASSRLS; END IF; END $$`,
    `DO $$ BEGIN EXECUTE format('GRANT ${seen} TO %I', current_user); END $$`,
    `GRANT waymark_supervision TO ${seen}`,
  ])
    await sql.raw(statement).execute(db);
  for (const statement of [
    `CREATE TABLE platform.staff (
       actor text PRIMARY KEY,
       name text NOT NULL,
       role text NOT NULL,
       seen_at timestamptz NOT NULL DEFAULT now()
     )`,
    'GRANT SELECT ON platform.staff TO waymark_supervision',
    `CREATE TABLE supervision.teams (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       name text NOT NULL UNIQUE,
       is_closed boolean NOT NULL DEFAULT false,
       made_at timestamptz NOT NULL DEFAULT now()
     )`,
    `CREATE TABLE supervision.team_members (
       team_id integer NOT NULL REFERENCES supervision.teams,
       actor text NOT NULL,
       name text NOT NULL,
       since timestamptz NOT NULL DEFAULT now(),
       PRIMARY KEY (team_id, actor)
     )`,
    `CREATE TABLE supervision.cases (
       subject_id integer PRIMARY KEY REFERENCES supervision.subjects,
       team_id integer REFERENCES supervision.teams,
       is_restricted boolean NOT NULL DEFAULT false,
       by_name text NOT NULL,
       at timestamptz NOT NULL DEFAULT now()
     )`,
    `CREATE TABLE supervision.case_holders (
       subject_id integer NOT NULL REFERENCES supervision.subjects,
       actor text NOT NULL,
       name text NOT NULL,
       part text NOT NULL CHECK (part IN ('responsible', 'cover', 'may see')),
       to_on date,
       by_name text NOT NULL,
       since timestamptz NOT NULL DEFAULT now(),
       PRIMARY KEY (subject_id, actor)
     )`,
    'CREATE INDEX case_holders_actor ON supervision.case_holders (actor)',
    `CREATE TABLE supervision.outside_looks (
       id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       subject_id integer NOT NULL REFERENCES supervision.subjects,
       actor text NOT NULL,
       name text NOT NULL,
       reason text NOT NULL,
       at timestamptz NOT NULL DEFAULT now(),
       until timestamptz NOT NULL
     )`,
    // Whoever fits a tag may not see whom it is on.
    'CREATE UNIQUE INDEX one_wearing_of_a_tag ON supervision.wearings (tag_id) WHERE ends_at IS NULL',
    'CREATE INDEX outside_looks_subject ON supervision.outside_looks (subject_id, actor)',
  ])
    await sql.raw(statement).execute(db);
  for (const table of ['teams', 'team_members', 'cases', 'case_holders', 'outside_looks'])
    for (const statement of [
      `ALTER TABLE supervision.${table} ENABLE ROW LEVEL SECURITY`,
      `ALTER TABLE supervision.${table} FORCE ROW LEVEL SECURITY`,
    ])
      await sql.raw(statement).execute(db);
  // Who may see whom is asked within every purpose, so these hold keys and no more: no name of a subject, no place, no rule.
  for (const table of ['teams', 'team_members', 'cases', 'case_holders'])
    await sql
      .raw(
        `CREATE POLICY asked ON supervision.${table} FOR SELECT USING (coalesce(current_setting('waymark.purpose', true), '') NOT IN ('', 'self'))`,
      )
      .execute(db);
  for (const [table, purposes, rights] of [
    ['teams', ['administration'], 'SELECT, INSERT, UPDATE (name, is_closed)'],
    ['team_members', ['administration'], 'SELECT, INSERT, DELETE'],
    ['cases', ['monitoring', 'retention'], 'SELECT, INSERT, DELETE, UPDATE (team_id, is_restricted, by_name, at)'],
    ['case_holders', ['monitoring', 'retention'], 'SELECT, INSERT, DELETE, UPDATE (name, part, to_on, by_name, since)'],
    ['outside_looks', ['monitoring', 'retention'], 'SELECT, INSERT, DELETE'],
  ] as const)
    for (const statement of [
      ...purposes.map(
        (purpose) => `CREATE POLICY ${purpose} ON supervision.${table} USING (${purposeIs(purpose)}) WITH CHECK (${purposeIs(purpose)})`,
      ),
      `GRANT ${rights} ON supervision.${table} TO waymark_supervision`,
    ])
      await sql.raw(statement).execute(db);
  for (const statement of [
    `CREATE POLICY only_retention_delete ON supervision.outside_looks AS RESTRICTIVE FOR DELETE USING (${purposeIs('retention')})`,
    ...['outside_looks', 'cases', 'case_holders'].map(
      (table) => `CREATE POLICY self ON supervision.${table} FOR SELECT USING (${purposeIs('self')} AND subject_id = ${me})`,
    ),
  ])
    await sql.raw(statement).execute(db);

  // Within them nothing is hidden, or what is hidden could not be found.
  for (const [name, body] of [
    [
      'hidden_subjects',
      `SELECT c.subject_id FROM supervision.cases c LEFT JOIN supervision.teams t ON t.id = c.team_id
        WHERE (c.is_restricted OR t.is_closed)
          AND (c.is_restricted OR NOT EXISTS (SELECT FROM supervision.team_members m WHERE m.team_id = c.team_id AND m.actor = $1))
          AND NOT EXISTS (SELECT FROM supervision.case_holders h
            WHERE h.subject_id = c.subject_id AND h.actor = $1 AND (h.to_on IS NULL OR h.to_on >= current_date))`,
    ],
    ['hidden_orders', 'SELECT id FROM supervision.orders WHERE subject_id IN (SELECT supervision.hidden_subjects($1))'],
    ['hidden_wearings', 'SELECT id FROM supervision.wearings WHERE subject_id IN (SELECT supervision.hidden_subjects($1))'],
    [
      'hidden_zones',
      `SELECT zone_id FROM supervision.zone_orders WHERE EXISTS (SELECT supervision.hidden_subjects($1))
        GROUP BY zone_id HAVING bool_and(order_id IN (SELECT supervision.hidden_orders($1)))`,
    ],
  ])
    for (const statement of [
      `CREATE FUNCTION supervision.${name}(seen_by text) RETURNS SETOF integer LANGUAGE plpgsql STABLE AS $$
       DECLARE before text := current_setting('role');
       BEGIN
         PERFORM set_config('role', 'waymark_supervision', true);
         RETURN QUERY ${body};
         PERFORM set_config('role', before, true);
       END $$`,
      `GRANT EXECUTE ON FUNCTION supervision.${name}(text) TO waymark_supervision`,
    ])
      await sql.raw(statement).execute(db);
  const isSeen = (column: string, hidden: string) =>
    `${column} IS NULL OR ${column} NOT IN (SELECT supervision.${hidden}(coalesce(current_setting('waymark.seen_by', true), '')))`;
  const rules = [
    ...Object.entries(about).flatMap(([hidden, tables]) =>
      Object.entries(tables).map(([table, column]) => [table, isSeen(column, hidden)]),
    ),
    ...['alert_versions', 'alert_steps', 'deliveries'].map((table) => [
      table,
      'alert_id IS NULL OR EXISTS (SELECT FROM supervision.alerts a WHERE a.id = alert_id)',
    ]),
    ['outside_looks', isSeen('subject_id', 'hidden_subjects')],
  ];
  for (const [table, rule] of rules)
    await sql.raw(`CREATE POLICY seen ON supervision.${table} AS RESTRICTIVE TO ${seen} USING (${rule})`).execute(db);
}
