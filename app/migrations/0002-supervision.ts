import { type Kysely, sql } from 'kysely';

/** Subjects, orders, tags, wearings, crimes, runs and reviews, each row readable for its purposes only. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    `CREATE TABLE supervision.subjects (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      reference text NOT NULL UNIQUE,
      name text NOT NULL,
      fictional boolean NOT NULL DEFAULT false,
      created_at timestamptz NOT NULL DEFAULT now()
    )`,
    `CREATE TABLE supervision.orders (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      subject_id integer NOT NULL REFERENCES supervision.subjects,
      kind text NOT NULL,
      authority text NOT NULL,
      starts_at timestamptz NOT NULL,
      ends_at timestamptz CHECK (ends_at > starts_at),
      created_at timestamptz NOT NULL DEFAULT now()
    )`,
    'CREATE INDEX orders_subject ON supervision.orders (subject_id)',
    `CREATE TABLE supervision.tags (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      serial text NOT NULL UNIQUE,
      model text NOT NULL DEFAULT '',
      credential_hash text,
      created_at timestamptz NOT NULL DEFAULT now()
    )`,
    `CREATE TABLE supervision.wearings (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      tag_id integer NOT NULL REFERENCES supervision.tags,
      order_id integer NOT NULL REFERENCES supervision.orders,
      subject_id integer NOT NULL REFERENCES supervision.subjects,
      starts_at timestamptz NOT NULL,
      ends_at timestamptz CHECK (ends_at > starts_at)
    )`,
    'CREATE INDEX wearings_tag ON supervision.wearings (tag_id)',
    'CREATE INDEX wearings_subject ON supervision.wearings (subject_id)',
    `CREATE TABLE supervision.gateways (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      name text NOT NULL UNIQUE,
      credential_hash text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      revoked_at timestamptz
    )`,
    `CREATE TABLE supervision.intake_state (
      "only" boolean PRIMARY KEY DEFAULT true CHECK ("only"),
      last_receipt integer NOT NULL
    )`,
    'INSERT INTO supervision.intake_state (last_receipt) VALUES (0)',
    `CREATE TABLE supervision.imports (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      kind text NOT NULL,
      file_name text NOT NULL,
      sha256 text NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      by_name text NOT NULL,
      counts jsonb NOT NULL,
      problems jsonb NOT NULL
    )`,
    `CREATE TABLE supervision.crimes (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      force text NOT NULL,
      reference text NOT NULL,
      version integer NOT NULL,
      UNIQUE (force, reference)
    )`,
    `CREATE TABLE supervision.crime_versions (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      crime_id integer NOT NULL REFERENCES supervision.crimes,
      version integer NOT NULL,
      type text NOT NULL,
      from_at timestamptz NOT NULL,
      to_at timestamptz NOT NULL CHECK (to_at >= from_at),
      place jsonb NOT NULL,
      text text NOT NULL,
      batch text,
      import_id integer REFERENCES supervision.imports,
      changed jsonb NOT NULL,
      recorded_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (crime_id, version)
    )`,
    `CREATE TABLE supervision.runs (
      id integer PRIMARY KEY,
      at timestamptz NOT NULL DEFAULT now(),
      by_name text NOT NULL,
      model_version text NOT NULL,
      code_version text NOT NULL,
      parameters jsonb NOT NULL,
      time_zone text NOT NULL,
      receipt_upto integer NOT NULL,
      wearings jsonb NOT NULL,
      inputs_hash text NOT NULL,
      output_hash text NOT NULL,
      crimes integer NOT NULL,
      verdicts integer NOT NULL,
      fixes bigint NOT NULL,
      took_ms integer NOT NULL
    )`,
    'CREATE SEQUENCE supervision.run_numbers AS integer',
    'GRANT USAGE ON SEQUENCE supervision.run_numbers TO waymark_supervision',
    `CREATE TABLE supervision.run_crimes (
      run_id integer NOT NULL REFERENCES supervision.runs,
      crime_version_id integer NOT NULL REFERENCES supervision.crime_versions,
      coincidence real,
      present integer NOT NULL,
      excluded integer NOT NULL,
      unknown integer NOT NULL,
      PRIMARY KEY (run_id, crime_version_id)
    )`,
    'CREATE INDEX run_crimes_version ON supervision.run_crimes (crime_version_id, run_id)',
    `CREATE TABLE supervision.reviews (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      crime_version_id integer NOT NULL REFERENCES supervision.crime_versions,
      wearing_id integer NOT NULL REFERENCES supervision.wearings,
      run_id integer NOT NULL REFERENCES supervision.runs,
      verdict text NOT NULL,
      decision text NOT NULL CHECK (decision IN ('agree', 'disagree', 'cannot tell')),
      reason text NOT NULL CHECK (length(reason) >= 3),
      reviewer text NOT NULL,
      reviewer_name text NOT NULL,
      at timestamptz NOT NULL DEFAULT now()
    )`,
    'CREATE INDEX reviews_version ON supervision.reviews (crime_version_id, wearing_id)',
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);

  const purposes: Record<string, string[]> = {
    subjects: ['monitoring', 'crime-matching', 'administration'],
    orders: ['monitoring', 'crime-matching', 'ingest', 'administration'],
    tags: ['monitoring', 'crime-matching', 'ingest', 'administration'],
    wearings: ['monitoring', 'crime-matching', 'ingest', 'administration'],
    gateways: ['ingest', 'administration'],
    intake_state: ['ingest', 'administration'],
    imports: ['monitoring', 'crime-matching', 'administration'],
    crimes: ['crime-matching'],
    crime_versions: ['crime-matching'],
    runs: ['crime-matching'],
    run_crimes: ['crime-matching'],
    reviews: ['crime-matching'],
  };
  for (const [table, list] of Object.entries(purposes)) {
    const allowed = `current_setting('waymark.purpose', true) IN (${list.map((purpose) => `'${purpose}'`).join(', ')})`;
    await sql.raw(`ALTER TABLE supervision.${table} ENABLE ROW LEVEL SECURITY`).execute(db);
    await sql.raw(`ALTER TABLE supervision.${table} FORCE ROW LEVEL SECURITY`).execute(db);
    await sql.raw(`CREATE POLICY purpose ON supervision.${table} USING (${allowed}) WITH CHECK (${allowed})`).execute(db);
    await sql.raw(`GRANT SELECT, INSERT, UPDATE ON supervision.${table} TO waymark_supervision`).execute(db);
  }
}
