import { type Kysely, sql } from 'kysely';

/**
 * Agreements, sources, agencies' records, the people they are about, decisions on doubtful pairs, and dated facts. Nothing
 * here refers to anything of supervision, and no purpose of supervision sees a row.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    `CREATE TABLE support.sources (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      name text NOT NULL UNIQUE,
      agency text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    )`,
    `CREATE TABLE support.agreements (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      source_id integer NOT NULL REFERENCES support.sources,
      title text NOT NULL,
      purpose text NOT NULL,
      lawful_basis text NOT NULL,
      fields jsonb NOT NULL,
      starts_on date NOT NULL,
      ends_on date NOT NULL CHECK (ends_on >= starts_on),
      retention_months integer NOT NULL CHECK (retention_months > 0),
      by_name text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      ended_at timestamptz
    )`,
    'CREATE INDEX agreements_source ON support.agreements (source_id)',
    `CREATE TABLE support.record_imports (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      source_id integer NOT NULL REFERENCES support.sources,
      agreement_id integer NOT NULL REFERENCES support.agreements,
      mapping text NOT NULL,
      mapping_hash text NOT NULL,
      file_name text NOT NULL,
      sha256 text NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      by_name text NOT NULL,
      counts jsonb NOT NULL,
      dropped jsonb NOT NULL,
      problems jsonb NOT NULL,
      finished_at timestamptz
    )`,
    'CREATE INDEX record_imports_source ON support.record_imports (source_id, sha256)',
    `CREATE TABLE support.persons (
      id integer PRIMARY KEY,
      created_at timestamptz NOT NULL DEFAULT now(),
      ended_at timestamptz,
      merged_into integer
    )`,
    'CREATE SEQUENCE support.person_numbers AS integer',
    `CREATE TABLE support.records (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      source_id integer NOT NULL REFERENCES support.sources,
      key text NOT NULL,
      import_id integer NOT NULL REFERENCES support.record_imports,
      row_number integer NOT NULL,
      identity jsonb NOT NULL,
      person_id integer REFERENCES support.persons,
      settled boolean NOT NULL DEFAULT false,
      received_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (source_id, key)
    )`,
    'CREATE INDEX records_person ON support.records (person_id)',
    'CREATE INDEX records_unsettled ON support.records (id) WHERE NOT settled',
    `CREATE TABLE support.facts (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      record_id integer NOT NULL REFERENCES support.records ON DELETE CASCADE,
      import_id integer NOT NULL REFERENCES support.record_imports,
      kind text NOT NULL,
      value text NOT NULL,
      on_date date NOT NULL,
      expires_on date NOT NULL,
      challenged_at timestamptz,
      UNIQUE (record_id, kind, on_date, value)
    )`,
    `CREATE TABLE support.characteristics (
      record_id integer NOT NULL REFERENCES support.records ON DELETE CASCADE,
      kind text NOT NULL,
      value text NOT NULL,
      PRIMARY KEY (record_id, kind)
    )`,
    `CREATE TABLE support.person_events (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      person_id integer NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      kind text NOT NULL CHECK (kind IN ('merged', 'split', 'gained', 'lost', 'ended')),
      detail jsonb NOT NULL
    )`,
    'CREATE INDEX person_events_person ON support.person_events (person_id)',
    `CREATE TABLE support.pair_decisions (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      left_record integer NOT NULL REFERENCES support.records ON DELETE CASCADE,
      right_record integer NOT NULL REFERENCES support.records ON DELETE CASCADE,
      decision text NOT NULL CHECK (decision IN ('same', 'not the same', 'cannot tell')),
      reason text NOT NULL,
      by_name text NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      undone_at timestamptz,
      undone_by text,
      CHECK (left_record < right_record)
    )`,
    'CREATE UNIQUE INDEX pair_decisions_standing ON support.pair_decisions (left_record, right_record) WHERE undone_at IS NULL',
    `CREATE TABLE support.review_pairs (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      left_record integer NOT NULL REFERENCES support.records ON DELETE CASCADE,
      right_record integer NOT NULL REFERENCES support.records ON DELETE CASCADE,
      bits double precision NOT NULL,
      why text NOT NULL,
      steps jsonb NOT NULL,
      found_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (left_record, right_record),
      CHECK (left_record < right_record)
    )`,
    `CREATE TABLE support.person_summaries (
      person_id integer PRIMARY KEY REFERENCES support.persons ON DELETE CASCADE,
      name text NOT NULL,
      born date,
      records integer NOT NULL,
      sources jsonb NOT NULL,
      as_of date NOT NULL,
      instrument text NOT NULL,
      age integer,
      stages jsonb NOT NULL,
      low integer,
      high integer,
      band text,
      levels jsonb NOT NULL,
      computed_at timestamptz NOT NULL DEFAULT now()
    )`,
    'CREATE INDEX person_summaries_need ON support.person_summaries (low DESC NULLS LAST, high DESC, person_id)',
    'CREATE INDEX person_summaries_name ON support.person_summaries (lower(name))',
    `CREATE TABLE support.challenges (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      fact_id integer NOT NULL REFERENCES support.facts ON DELETE CASCADE,
      reason text NOT NULL,
      by_name text NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      outcome text CHECK (outcome IN ('upheld', 'not upheld')),
      outcome_reason text,
      outcome_by text,
      outcome_at timestamptz
    )`,
    'CREATE INDEX challenges_fact ON support.challenges (fact_id)',
    `CREATE TABLE support.services (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      name text NOT NULL,
      kind text NOT NULL,
      provider text NOT NULL,
      places integer NOT NULL CHECK (places >= 0),
      age_from integer NOT NULL CHECK (age_from >= 0),
      age_to integer NOT NULL CHECK (age_to >= age_from),
      area text,
      serves jsonb NOT NULL,
      by_name text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      ended_at timestamptz
    )`,
    `CREATE TABLE support.allocation_runs (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      at timestamptz NOT NULL DEFAULT now(),
      by_name text NOT NULL,
      instrument text NOT NULL,
      candidates integer NOT NULL,
      services jsonb NOT NULL,
      need_met double precision NOT NULL,
      first_come double precision NOT NULL,
      need_rank double precision NOT NULL,
      status text NOT NULL,
      took_ms integer NOT NULL
    )`,
    `CREATE TABLE support.allocation_proposals (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      run_id integer NOT NULL REFERENCES support.allocation_runs,
      person_id integer NOT NULL REFERENCES support.persons,
      service_id integer NOT NULL REFERENCES support.services,
      need_met double precision NOT NULL,
      waiting_weeks integer NOT NULL,
      next_person integer,
      next_need_met double precision,
      decision text CHECK (decision IN ('offer', 'do not offer', 'look again later')),
      reason text,
      decided_by text,
      decided_at timestamptz,
      UNIQUE (run_id, person_id)
    )`,
    'CREATE INDEX allocation_proposals_person ON support.allocation_proposals (person_id)',
    `CREATE TABLE support.notices (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      person_id integer NOT NULL REFERENCES support.persons,
      record_id integer REFERENCES support.records ON DELETE SET NULL,
      told_on date,
      told_whom text CHECK (told_whom IN ('the person', 'a parent or carer')),
      how text,
      delay_until date,
      delay_reason text,
      approved_by text,
      by_name text NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      CHECK ((told_on IS NULL) <> (delay_until IS NULL)),
      CHECK ((told_on IS NULL) OR (told_whom IS NOT NULL AND how IS NOT NULL)),
      CHECK ((delay_until IS NULL) OR delay_reason IS NOT NULL)
    )`,
    'CREATE INDEX notices_person ON support.notices (person_id)',
    `CREATE TABLE support.packages (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      person_id integer NOT NULL REFERENCES support.persons,
      record_id integer REFERENCES support.records ON DELETE SET NULL,
      proposal_id integer UNIQUE REFERENCES support.allocation_proposals,
      service_id integer REFERENCES support.services,
      state text NOT NULL CHECK (state IN ('offered', 'accepted', 'declined', 'could not be asked', 'closed')),
      basis text CHECK (basis IN ('consent', 'parental consent', 'public task')),
      answer_note text,
      answered_by text,
      answered_at timestamptz,
      closing_note text,
      closed_by text,
      closed_at timestamptz,
      by_name text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    )`,
    'CREATE INDEX packages_person ON support.packages (person_id)',
    `CREATE TABLE support.goals (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      package_id integer NOT NULL REFERENCES support.packages,
      goal text NOT NULL,
      outcome text CHECK (outcome IN ('achieved', 'partly', 'not')),
      outcome_note text,
      outcome_by text,
      outcome_at timestamptz,
      by_name text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    )`,
    'CREATE INDEX goals_package ON support.goals (package_id)',
    `CREATE TABLE support.steps (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      goal_id integer NOT NULL REFERENCES support.goals,
      step text NOT NULL,
      actor text NOT NULL CHECK (actor IN ('the person', 'the worker', 'the service')),
      due_on date,
      done_at timestamptz,
      done_by text,
      by_name text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    )`,
    'CREATE INDEX steps_goal ON support.steps (goal_id)',
    `CREATE TABLE support.sessions (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      package_id integer NOT NULL REFERENCES support.packages,
      held_on date NOT NULL,
      attended text NOT NULL CHECK (attended IN ('attended', 'missed', 'called off')),
      note text NOT NULL DEFAULT '',
      by_name text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    )`,
    'CREATE INDEX sessions_package ON support.sessions (package_id)',
    `CREATE TABLE support.waiting (
      person_id integer PRIMARY KEY REFERENCES support.persons,
      since timestamptz NOT NULL DEFAULT now()
    )`,
    `CREATE TABLE support.linkage_state (
      "only" boolean PRIMARY KEY DEFAULT true CHECK ("only"),
      run integer NOT NULL
    )`,
    'INSERT INTO support.linkage_state (run) VALUES (0)',
    `CREATE TABLE support.linkage_models (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      model jsonb NOT NULL,
      records integer NOT NULL,
      at timestamptz NOT NULL DEFAULT now()
    )`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
  const bound = async (table: string, purposes: string[], rights: string) => {
    const allowed = `current_setting('waymark.purpose', true) IN (${purposes.map((purpose) => `'${purpose}'`).join(', ')})`;
    await sql.raw(`ALTER TABLE support.${table} ENABLE ROW LEVEL SECURITY`).execute(db);
    await sql.raw(`ALTER TABLE support.${table} FORCE ROW LEVEL SECURITY`).execute(db);
    await sql.raw(`CREATE POLICY purpose ON support.${table} USING (${allowed}) WITH CHECK (${allowed})`).execute(db);
    await sql.raw(`GRANT ${rights} ON support.${table} TO waymark_support`).execute(db);
  };
  // Bringing records together and giving support are two purposes: who decides about pairs sees no fact's use, and who supports changes no link.
  for (const table of ['sources', 'agreements', 'record_imports', 'persons', 'records', 'person_events', 'pair_decisions', 'review_pairs'])
    await bound(table, ['record-linkage', 'support'], 'SELECT, INSERT, UPDATE, DELETE');
  await bound('facts', ['record-linkage', 'support'], 'SELECT, INSERT, UPDATE, DELETE');
  await bound('person_summaries', ['support'], 'SELECT, INSERT, UPDATE, DELETE');
  for (const table of [
    'challenges',
    'services',
    'allocation_runs',
    'allocation_proposals',
    'notices',
    'packages',
    'goals',
    'steps',
    'sessions',
  ])
    await bound(table, ['support'], 'SELECT, INSERT, UPDATE');
  await bound('waiting', ['support'], 'SELECT, INSERT, DELETE');
  await bound('linkage_state', ['record-linkage'], 'SELECT, UPDATE');
  await bound('linkage_models', ['record-linkage'], 'SELECT, INSERT');
  await bound('characteristics', ['record-linkage', 'fairness'], 'SELECT, INSERT, UPDATE, DELETE');
  // The fairness audit counts; it writes nothing.
  for (const table of ['records', 'person_summaries', 'packages', 'goals']) {
    await sql
      .raw(`CREATE POLICY fairness ON support.${table} FOR SELECT USING (current_setting('waymark.purpose', true) = 'fairness')`)
      .execute(db);
  }
  await sql.raw('GRANT USAGE ON SEQUENCE support.person_numbers TO waymark_support').execute(db);
}
