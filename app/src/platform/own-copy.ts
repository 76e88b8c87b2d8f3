import { sql } from 'kysely';
import type { Tx } from './database.ts';

/** The rows of each table of one half that are the person's own. */
export type OwnRows = Record<string, Record<string, unknown>[]>;

/**
 * What is never in a copy: the means of getting in, and what would tell of others: where a crime was is a victim's home, and a
 * verdict is shown, in words, when it has been reviewed as often as it must be.
 */
const keptBack = ['own_access', 'own_invitations', 'crime_versions', 'reviews'];
/** Columns that are about somebody else, or kept from the person for a reason that the law allows. */
const columnsKeptBack: Record<string, string[]> = {
  allocation_proposals: ['next_person', 'next_need_met'],
  person_events: ['detail'],
  notices: ['delay_reason'],
  holds: ['reason'],
  alert_steps: ['by_actor', 'by_name'],
  alerts: ['assigned_to'],
  evidence_packs: ['content', 'crime_version_id'],
  review_tests: ['shown', 'crime_version_id', 'asked_by'],
  tags: ['credential_hash'],
  case_holders: ['actor', 'by_name'],
  outside_looks: ['actor'],
  appointments: ['officer'],
  cases: ['by_name'],
  cohorts: ['owner'],
  cohort_members: ['added_by'],
  documents: ['bytes'],
  reminder_choices: ['code_hash', 'code_until', 'code_tries'],
};

/** What staff write to one another while they work on an alert is kept back; the reason of a decision is the person's to read. */
function isWorkingNote(table: string, column: string, row: Record<string, unknown>): boolean {
  return table === 'alert_steps' && column === 'note' && !['closed', 'reopened', 'corrected'].includes(String(row.step));
}

/**
 * Every row that one half shows the person who looks. Which tables these are is read from the database itself: each that has a
 * rule for `self` is in the copy, so that none can be forgotten here.
 */
export async function ownRows(tx: Tx, room: string): Promise<OwnRows> {
  const { rows: tables } = await sql<{ name: string }>`
    SELECT DISTINCT tablename AS name FROM pg_policies
      WHERE schemaname = ${room} AND policyname = 'self' AND cmd IN ('SELECT', 'ALL') ORDER BY 1`.execute(tx);
  const found: OwnRows = {};
  for (const { name } of tables) {
    if (keptBack.includes(name)) continue;
    const { rows } = await sql<Record<string, unknown>>`SELECT * FROM ${sql.table(`${room}.${name}`)}`.execute(tx);
    const hidden = new Set(columnsKeptBack[name]);
    found[name] = rows.map((row) =>
      Object.fromEntries(Object.entries(row).filter(([column]) => !hidden.has(column) && !isWorkingNote(name, column, row))),
    );
  }
  return found;
}
