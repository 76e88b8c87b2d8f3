import { type Kysely, sql } from 'kysely';

const isSelf = "current_setting('waymark.purpose', true) = 'self'";
const ownKey = "current_setting('waymark.self', true)";

/**
 * What the people in the data need to see what is held of them, and to answer. An account is known to each half under a key of
 * its own, so that nothing in the database says that a wearer and a helped person are the same human being. For the purpose
 * `self` each table shows the rows of that one person and nothing else, whatever is asked.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const halves = [
    { room: 'support', who: 'person_id', table: 'persons', staff: 'support' },
    { room: 'supervision', who: 'subject_id', table: 'subjects', staff: 'monitoring' },
  ];
  // The halves come to read entries about the person who asks; everything else stays with oversight's own role.
  await sql.raw('DROP POLICY look ON oversight.audit_entries').execute(db);
  await sql
    .raw(
      `CREATE POLICY look ON oversight.audit_entries FOR SELECT TO waymark_oversight USING (current_setting('waymark.purpose', true) = 'oversight')`,
    )
    .execute(db);
  for (const { room, who, table, staff } of halves) {
    const record = room === 'support' ? 'record_id integer REFERENCES support.records ON DELETE SET NULL,' : '';
    const statements = [
      `CREATE TABLE ${room}.own_access (
        account_key text PRIMARY KEY,
        ${who} integer NOT NULL REFERENCES ${room}.${table},
        ${record}
        since timestamptz NOT NULL DEFAULT now()
      )`,
      `CREATE INDEX own_access_who ON ${room}.own_access (${who})`,
      `CREATE TABLE ${room}.own_invitations (
        code_hash text PRIMARY KEY,
        ${who} integer NOT NULL REFERENCES ${room}.${table},
        ${record}
        by_name text NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        used_at timestamptz
      )`,
      `CREATE TABLE ${room}.own_cases (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        ${who} integer NOT NULL REFERENCES ${room}.${table},
        ${record}
        kind text NOT NULL CHECK (kind IN ('something is wrong', 'talk to a human', 'stop the support', 'a copy of my data')),
        about text NOT NULL,
        said text NOT NULL,
        opened_at timestamptz NOT NULL DEFAULT now(),
        due_on date NOT NULL,
        owner_name text,
        reply text,
        replied_by text,
        replied_at timestamptz,
        CHECK ((reply IS NULL) = (replied_at IS NULL))
      )`,
      `CREATE INDEX own_cases_open ON ${room}.own_cases (due_on) WHERE replied_at IS NULL`,
    ];
    for (const statement of statements) await sql.raw(statement).execute(db);
    const me = `(SELECT a.${who} FROM ${room}.own_access a WHERE a.account_key = ${ownKey})`;
    const bound = async (name: string, policies: string[], rights: string) => {
      await sql.raw(`ALTER TABLE ${room}.${name} ENABLE ROW LEVEL SECURITY`).execute(db);
      await sql.raw(`ALTER TABLE ${room}.${name} FORCE ROW LEVEL SECURITY`).execute(db);
      for (const policy of policies) await sql.raw(policy).execute(db);
      await sql.raw(`GRANT ${rights} ON ${room}.${name} TO waymark_${room}`).execute(db);
    };
    const isStaff = `current_setting('waymark.purpose', true) = '${staff}'`;
    await bound(
      'own_access',
      [
        `CREATE POLICY self ON ${room}.own_access USING (${isSelf} AND account_key = ${ownKey}) WITH CHECK (${isSelf} AND account_key = ${ownKey})`,
        // Staff see that there is access, and end it; they cannot make it.
        `CREATE POLICY staff ON ${room}.own_access FOR SELECT USING (${isStaff})`,
        `CREATE POLICY staff_follow ON ${room}.own_access FOR UPDATE USING (${isStaff}) WITH CHECK (${isStaff})`,
        `CREATE POLICY staff_end ON ${room}.own_access FOR DELETE USING (${isStaff})`,
      ],
      'SELECT, INSERT, UPDATE, DELETE',
    );
    const isCode = `code_hash = current_setting('waymark.code', true)`;
    await bound(
      'own_invitations',
      [
        `CREATE POLICY self ON ${room}.own_invitations USING (${isSelf} AND ${isCode}) WITH CHECK (${isSelf} AND ${isCode})`,
        `CREATE POLICY staff ON ${room}.own_invitations USING (${isStaff}) WITH CHECK (${isStaff})`,
      ],
      'SELECT, INSERT, UPDATE',
    );
    await bound(
      'own_cases',
      [
        `CREATE POLICY self ON ${room}.own_cases FOR SELECT USING (${isSelf} AND ${who} = ${me})`,
        `CREATE POLICY self_add ON ${room}.own_cases FOR INSERT WITH CHECK (${isSelf} AND ${who} = ${me} AND reply IS NULL)`,
        `CREATE POLICY staff ON ${room}.own_cases USING (${isStaff}) WITH CHECK (${isStaff})`,
      ],
      'SELECT, INSERT, UPDATE',
    );
    // Who looked: each half shows what its own staff did about this one person.
    const about = room === 'support' ? 'person' : 'subject';
    await sql
      .raw(`CREATE INDEX audit_detail_${about} ON oversight.audit_entries ((detail ->> '${about}')) WHERE detail ? '${about}'`)
      .execute(db);
    await sql
      .raw(
        `CREATE POLICY self_${room} ON oversight.audit_entries FOR SELECT TO waymark_${room}
          USING (${isSelf} AND ((about_kind = '${about}' AND about_id = ${me}::text) OR detail ->> '${about}' = ${me}::text))`,
      )
      .execute(db);
    await sql.raw(`GRANT SELECT ON oversight.audit_entries TO waymark_${room}`).execute(db);
    const shown = async (name: string, condition: string) =>
      sql.raw(`CREATE POLICY self ON ${room}.${name} FOR SELECT USING (${isSelf} AND ${condition})`).execute(db);
    if (room === 'support') {
      await sql
        .raw(`CREATE TABLE support.withdrawals (
          id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
          person_id integer NOT NULL REFERENCES support.persons,
          record_id integer REFERENCES support.records ON DELETE SET NULL,
          at timestamptz NOT NULL DEFAULT now(),
          ended_at timestamptz
        )`)
        .execute(db);
      await sql.raw('CREATE INDEX withdrawals_person ON support.withdrawals (person_id) WHERE ended_at IS NULL').execute(db);
      await bound(
        'withdrawals',
        [
          `CREATE POLICY self ON support.withdrawals USING (${isSelf} AND person_id = ${me}) WITH CHECK (${isSelf} AND person_id = ${me})`,
          `CREATE POLICY staff ON support.withdrawals FOR SELECT USING (${isStaff})`,
          `CREATE POLICY staff_follow ON support.withdrawals FOR UPDATE USING (${isStaff}) WITH CHECK (${isStaff})`,
        ],
        'SELECT, INSERT, UPDATE',
      );
      await shown('persons', `id = ${me}`);
      for (const name of ['records', 'notices', 'packages', 'need_decisions', 'reach', 'allocation_proposals'])
        await shown(name, `person_id = ${me}`);
      await shown('facts', 'record_id IN (SELECT id FROM support.records)');
      await shown('characteristics', 'record_id IN (SELECT id FROM support.records)');
      await shown('challenges', 'fact_id IN (SELECT id FROM support.facts)');
      for (const name of ['goals', 'sessions', 'reviews']) await shown(name, 'package_id IN (SELECT id FROM support.packages)');
      await shown('steps', 'goal_id IN (SELECT id FROM support.goals)');
      await shown('notes', `person_id = ${me} AND seen_by = 'the person and the team' AND taken_back_at IS NULL`);
      // Sources and agreements hold nobody's data; services neither.
      for (const name of ['sources', 'agreements', 'services']) await shown(name, 'true');
      // To say that a statement is wrong, which stops it from counting at once; and to withdraw.
      const own = 'record_id IN (SELECT id FROM support.records)';
      await sql
        .raw(`CREATE POLICY self_challenge ON support.facts FOR UPDATE USING (${isSelf} AND ${own}) WITH CHECK (${isSelf} AND ${own})`)
        .execute(db);
      await sql
        .raw(
          `CREATE POLICY self_add ON support.challenges FOR INSERT WITH CHECK (${isSelf} AND fact_id IN (SELECT id FROM support.facts) AND outcome IS NULL)`,
        )
        .execute(db);
      await sql
        .raw(`CREATE POLICY self_recount ON support.person_summaries FOR DELETE USING (${isSelf} AND person_id = ${me})`)
        .execute(db);
      for (const name of ['person_summaries', 'person_events', 'waiting', 'tasks']) await shown(name, `person_id = ${me}`);
      await sql
        .raw(
          `CREATE POLICY self_withdraw ON support.packages FOR UPDATE USING (${isSelf} AND person_id = ${me}) WITH CHECK (${isSelf} AND person_id = ${me})`,
        )
        .execute(db);
    } else {
      await shown('subjects', `id = ${me}`);
      for (const name of ['orders', 'wearings']) await shown(name, `subject_id = ${me}`);
      await shown('tags', 'id IN (SELECT tag_id FROM supervision.wearings)');
      await shown('zone_orders', 'order_id IN (SELECT id FROM supervision.orders)');
      await shown('zone_versions', 'zone_id IN (SELECT zone_id FROM supervision.zone_orders)');
      await shown('zones', 'id IN (SELECT zone_id FROM supervision.zone_orders)');
      await shown('absences', 'order_id IN (SELECT id FROM supervision.orders)');
      // When somebody was near a protected person tells where that person was: it is not shown.
      await shown('alerts', "wearing_id IN (SELECT id FROM supervision.wearings) AND kind <> 'near protected person'");
      await shown('reviews', 'wearing_id IN (SELECT id FROM supervision.wearings)');
      for (const name of ['alert_versions', 'alert_steps']) await shown(name, 'alert_id IN (SELECT id FROM supervision.alerts)');
      await shown('breach_packs', "wearing_id IN (SELECT id FROM supervision.wearings) AND decision = 'released'");
      await shown('crime_versions', 'id IN (SELECT crime_version_id FROM supervision.reviews)');
    }
  }
}
