import { type Kysely, sql } from 'kysely';

/**
 * Keeping no longer than allowed: holds that put removal off, erasures that somebody has decided on, numbers of agencies' records
 * that are not to come back, and the one purpose that may remove.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const halves = [
    { room: 'support', who: 'person_id', staff: 'support' },
    { room: 'supervision', who: 'subject_id', staff: 'monitoring' },
  ];
  for (const { room, who, staff } of halves) {
    const table = room === 'support' ? 'persons' : 'subjects';
    const statements = [
      `CREATE TABLE ${room}.holds (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        ${who} integer NOT NULL REFERENCES ${room}.${table},
        reason text NOT NULL,
        until date NOT NULL,
        by_name text NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz
      )`,
      `CREATE TABLE ${room}.erasures (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        ${who} integer NOT NULL,
        reason text NOT NULL,
        by_name text NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        done_at timestamptz
      )`,
      ...(room === 'support'
        ? [
            'ALTER TABLE support.records ADD COLUMN seen_on date NOT NULL DEFAULT current_date',
            `CREATE TABLE support.erased_keys (
              source_id integer NOT NULL REFERENCES support.sources,
              key_hash text NOT NULL,
              at timestamptz NOT NULL DEFAULT now(),
              PRIMARY KEY (source_id, key_hash)
            )`,
          ]
        : []),
    ];
    for (const statement of statements) await sql.raw(statement).execute(db);
    const own = ['holds', 'erasures', ...(room === 'support' ? ['erased_keys'] : [])];
    for (const name of own) {
      await sql.raw(`ALTER TABLE ${room}.${name} ENABLE ROW LEVEL SECURITY`).execute(db);
      await sql.raw(`ALTER TABLE ${room}.${name} FORCE ROW LEVEL SECURITY`).execute(db);
      const purpose = name === 'erased_keys' ? 'record-linkage' : staff;
      const allowed = `current_setting('waymark.purpose', true) = '${purpose}'`;
      await sql.raw(`CREATE POLICY purpose ON ${room}.${name} USING (${allowed}) WITH CHECK (${allowed})`).execute(db);
      await sql.raw(`GRANT SELECT, INSERT, UPDATE ON ${room}.${name} TO waymark_${room}`).execute(db);
    }
    const { rows: tables } = await sql<{ name: string }>`
      SELECT table_name AS name FROM information_schema.tables WHERE table_schema = ${room} AND table_type = 'BASE TABLE'`.execute(db);
    const isRetention = "current_setting('waymark.purpose', true) = 'retention'";
    // What could not be changed or removed before can be so for retention alone, whatever the tables' other rules allow. In
    // supervision nothing is changed for it, only removed: there some tables let single columns be changed, and that stays so.
    const rights = room === 'support' ? ['UPDATE', 'DELETE'] : ['DELETE'];
    const { rows: granted } = await sql<{ name: string; right: string }>`
      SELECT table_name AS name, privilege_type AS right FROM information_schema.role_table_grants
        WHERE table_schema = ${room} AND grantee = ${`waymark_${room}`}`.execute(db);
    for (const { name } of tables) {
      for (const right of rights) {
        if (granted.some((own) => own.name === name && own.right === right)) continue;
        await sql
          .raw(`CREATE POLICY only_retention_${right.toLowerCase()} ON ${room}.${name} AS RESTRICTIVE FOR ${right} USING (${isRetention})`)
          .execute(db);
      }
      await sql.raw(`CREATE POLICY retention ON ${room}.${name} USING (${isRetention}) WITH CHECK (${isRetention})`).execute(db);
      await sql.raw(`GRANT SELECT, ${rights.join(', ')} ON ${room}.${name} TO waymark_${room}`).execute(db);
    }
    // Each record that goes is looked for in whatever followed it.
    if (room === 'support') {
      const { rows: anchors } = await sql<{ name: string; column: string }>`
        SELECT table_name AS name, column_name AS column FROM information_schema.columns
          WHERE table_schema = 'support' AND column_name IN ('record_id', 'right_record', 'left_record')`.execute(db);
      for (const { name, column } of anchors)
        await sql.raw(`CREATE INDEX IF NOT EXISTS ${name}_${column} ON support.${name} (${column})`).execute(db);
    }
    await sql.raw(`GRANT INSERT ON ${room}.${room === 'support' ? 'erased_keys' : 'erasures'} TO waymark_${room}`).execute(db);
    // The person sees that something of theirs is held longer, and why.
    const me = `(SELECT a.${who} FROM ${room}.own_access a WHERE a.account_key = current_setting('waymark.self', true))`;
    for (const name of ['holds', 'erasures']) {
      await sql
        .raw(
          `CREATE POLICY self ON ${room}.${name} FOR SELECT USING (current_setting('waymark.purpose', true) = 'self' AND ${who} = ${me})`,
        )
        .execute(db);
    }
  }
}
