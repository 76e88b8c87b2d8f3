import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { sql } from 'kysely';
import type { DataFolder } from './data-folder.ts';
import { type Database, type OpenDatabase, withPurpose } from './database.ts';
import type { FixStore } from './fixes/fix-store.ts';
import { ToldError } from './told-error.ts';

/** The two stores do not belong together as they are; the message says what happened and what to do. */
export class InstallationError extends ToldError {
  override name = 'InstallationError';
}

/** What the data folder knows of its installation: with it a start without the right database is no start. */
interface FolderNote {
  id: string;
  records: 'pglite' | 'postgres';
}

/** Says where the records of a folder are. */
export const noteName = 'installation.json';

function noteOf(folder: DataFolder): FolderNote | null {
  const file = folder.own(noteName);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as FolderNote) : null;
}

/**
 * Makes sure, before anything is opened or made, that the records are looked for where this folder's are.
 * @param url of PostgreSQL, where one is configured
 * @param hasFixes whether the fix store holds anything
 * @throws InstallationError
 */
export function checkWhereRecordsAre(folder: DataFolder, url: string | undefined, hasFixes: boolean): void {
  const note = noteOf(folder);
  const embedded = existsSync(folder.own('records'));
  const records = note?.records ?? (embedded ? 'pglite' : hasFixes ? 'postgres' : null);
  if (records === 'postgres' && !url)
    throw new InstallationError(
      `The records of ${folder.path} are in PostgreSQL, and DATABASE_URL is not set. Set it as for the server; nothing was opened or made.`,
    );
  if (records === 'pglite' && url)
    throw new InstallationError(
      `The records of ${folder.path} are embedded in it, and DATABASE_URL is set. Unset it, or name another folder with WAYMARK_DATA; nothing was opened or made.`,
    );
}

/**
 * Makes sure that a server which was alone has brought its keys to the folder that several share: with new ones nothing that was sealed or
 * signed before could be read or checked.
 * @throws InstallationError
 */
export function checkWhatIsShared(folder: DataFolder): void {
  const own = ['audit-key.pem', 'evidence-key.pem', 'verdicts'].filter(
    (name) => existsSync(folder.own(name)) && !existsSync(folder.file(name)),
  );
  if (own.length > 0)
    throw new InstallationError(
      `${folder.path} has ${own.join(', ')}, and ${folder.shared} has not. Copy what is in the data folder, but for fixes.duckdb, into the shared one first (docs/scale.md); nothing was opened or made.`,
    );
}

/** How far each store knows that both had come. */
export interface Marks {
  /** The last receipt that is on record. */
  recorded: number;
  /** The last entry of the audit. */
  audited: number;
}

/** Asked inside a transaction that whoever may read without a purpose is in, or that has said its purpose. */
export const marksQuery =
  'SELECT (SELECT last_receipt FROM supervision.intake_state)::bigint AS recorded, (SELECT seq FROM oversight.audit_head)::bigint AS audited';

export function marksIn(rows: readonly unknown[]): Marks {
  const [row] = rows as { recorded: number | null; audited: number | null }[];
  return { recorded: Number(row?.recorded ?? 0), audited: Number(row?.audited ?? 0) };
}

async function marksOf(db: Database): Promise<Marks> {
  return withPurpose(db, 'supervision', 'ingest', async (tx) => marksIn((await sql.raw(marksQuery).execute(tx)).rows));
}

export interface Comparison {
  /** What is wrong, with what to do; null where the two belong together. */
  fault: string | null;
  /** Whether a person may say that it is to go on all the same, and what is lost then. */
  repair: 'numbers go on after what is lost' | 'receipts are put on record again' | null;
}

/**
 * Holds the two stores against each other: the same installation, and neither behind what the other knows of it. A pair of before
 * there were identities gets one.
 */
export async function compareStores(database: OpenDatabase, fixes: FixStore): Promise<Comparison> {
  const { recorded, audited } = await marksOf(database.db);
  const { rows } = await sql<{ id: string }>`SELECT id::text AS id FROM platform.installation`.execute(database.db);
  const [ofRecords, ofFixes] = [rows[0]?.id ?? null, fixes.installation];
  await fixes.reached(recorded);
  const last = fixes.lastReceipt;
  const where = 'Find the half that belongs here (a backup has both), or name the other one’s.';
  if (ofRecords !== null && ofFixes !== null && ofRecords !== ofFixes)
    return { fault: `The fix store belongs to another installation (${ofFixes}) than the records (${ofRecords}). ${where}`, repair: null };
  if (ofRecords !== null && ofFixes === null && recorded > 0)
    return {
      fault:
        last === 0
          ? `The records know of ${recorded.toLocaleString('en-GB')} receipts, and the fix store is empty or new. Was fixes.duckdb moved or removed? ${where}`
          : `The fix store is older than the records, or of another installation: it bears no identity. ${where}`,
      repair: null,
    };
  if (ofRecords === null && ofFixes !== null)
    return {
      fault: `The fix store belongs to installation ${ofFixes}, and the records are new or of before there were identities. ${where}`,
      repair: null,
    };
  if (last < recorded)
    return {
      fault:
        `The end of the fix store is gone: the records know receipts up to ${recorded.toLocaleString('en-GB')}, the fix store holds up to ${last.toLocaleString('en-GB')}. ` +
        `What was acknowledged under ${(recorded - last).toLocaleString('en-GB')} receipts is not there. Restore fixes.duckdb together with fixes.duckdb.wal; ` +
        'or, if they are lost for good, say so with: waymark repair --yes. No number is then given a second time.',
      repair: 'numbers go on after what is lost',
    };
  if (audited < fixes.recordsMark)
    return {
      fault:
        `The records are older than the fix store: their audit ends at entry ${audited.toLocaleString('en-GB')}, and the fix store knows of entry ${fixes.recordsMark.toLocaleString('en-GB')}. ` +
        'Was an older backup of the records restored? Restore both halves of one backup; or, if the newer records are lost for good, say so with: waymark repair --yes.',
      repair: 'receipts are put on record again',
    };
  return { fault: null, repair: null };
}

/** Both stores and the folder bear one identity from now on; called when nothing speaks against it. */
export async function joinStores(folder: DataFolder, database: OpenDatabase, fixes: FixStore): Promise<void> {
  const { rows } = await sql<{ id: string }>`SELECT id::text AS id FROM platform.installation`.execute(database.db);
  if (!rows[0]) {
    const made = fixes.installation ?? randomUUID();
    await sql`INSERT INTO platform.installation (id) VALUES (${made}::uuid) ON CONFLICT DO NOTHING`.execute(database.db);
  }
  // Another server may have been first.
  const { rows: own } = await sql<{ id: string }>`SELECT id::text AS id FROM platform.installation`.execute(database.db);
  const id = own[0]?.id as string;
  if (fixes.installation !== id) await fixes.setInstallation(id);
  const note: FolderNote = { id, records: database.kind };
  const before = noteOf(folder);
  if (before?.id !== note.id || before.records !== note.records)
    writeFileSync(folder.own(noteName), `${JSON.stringify(note)}\n`, { mode: 0o600 });
}

/**
 * Goes on with what is left, after a person has said so: numbers go on after what is lost, or what is no longer on record is put there again.
 * @returns what was done, for the audit
 */
export async function repairStores(
  database: OpenDatabase,
  fixes: FixStore,
  comparison: Comparison,
): Promise<Record<string, number | string>> {
  const { recorded, audited } = await marksOf(database.db);
  if (comparison.repair === 'numbers go on after what is lost') {
    const [first, last] = [fixes.lastReceipt + 1, recorded];
    await fixes.goOnAfter(recorded);
    return { lostFrom: first, lostTo: last };
  }
  if (comparison.repair === 'receipts are put on record again') {
    const mark = fixes.recordsMark;
    await fixes.acceptRecords();
    return { recordsEnd: audited, knownTo: mark };
  }
  throw new InstallationError(comparison.fault ?? 'There is nothing to repair: the two stores belong together.');
}
