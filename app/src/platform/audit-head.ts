import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { canonicalJson } from './canonical-json.ts';
import type { DataFolder } from './data-folder.ts';
import { type Database, withPurpose } from './database.ts';

/**
 * Where the record of who did what ended at a moment, signed. Whoever owns the database can change an entry and work every later hash
 * out anew, or cut the end off; what was signed and put elsewhere says that it was so.
 */
export interface AuditHead {
  seq: number;
  hash: string;
  /** ISO 8601. */
  at: string;
  /** The public key, Ed25519, DER in base64. */
  key: string;
  signature: string;
}

const headsName = 'audit-heads.ndjson';
const keyName = 'audit-key.pem';

function keyOf(folder: DataFolder): KeyObject {
  return createPrivateKey(
    folder.once(keyName, () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string),
  );
}

/** Signs where the record ends now. */
export async function signHead(db: Database, folder: DataFolder, at = new Date()): Promise<AuditHead> {
  const head = await withPurpose(db, 'oversight', 'oversight', (tx) =>
    tx.selectFrom('oversight.audit_head').select(['seq', 'hash']).executeTakeFirstOrThrow(),
  );
  const key = keyOf(folder);
  const said = {
    seq: Number(head.seq),
    hash: head.hash,
    at: at.toISOString(),
    key: createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64'),
  };
  return { ...said, signature: sign(null, Buffer.from(canonicalJson(said)), key).toString('base64') };
}

/** Signs the end and keeps it in the data folder, where the owner of the database has no business, once for each end. */
export async function keepHead(db: Database, folder: DataFolder): Promise<AuditHead> {
  const head = await signHead(db, folder);
  if (keptHeads(folder).at(-1)?.seq !== head.seq) appendFileSync(folder.file(headsName), `${JSON.stringify(head)}\n`, { mode: 0o600 });
  return head;
}

/** What was kept, the oldest first. A line that cannot be read is told as a head that nothing follows from. */
export function keptHeads(folder: DataFolder): AuditHead[] {
  const file = folder.file(headsName);
  return existsSync(file) ? readHeads(readFileSync(file, 'utf8')) : [];
}

/** Reads heads, one to a line. @throws SyntaxError where a line is none */
export function readHeads(text: string): AuditHead[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as AuditHead);
}

/** Of heads, one to a line, those of up to an entry of the audit. A line that cannot be read stays: it is told when the record is checked. */
export function headsUpto(text: string, seq: number): string {
  const isOfThen = (line: string) => {
    try {
      return (JSON.parse(line) as AuditHead).seq <= seq;
    } catch {
      return true;
    }
  };
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && isOfThen(line))
    .map((line) => `${line}\n`)
    .join('');
}

/** Whether the key that a head names signed it. Whose key that is, is for whoever kept it to know. */
export function isHeadTrue({ signature, ...said }: AuditHead): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(said.key, 'base64'), format: 'der', type: 'spki' });
    return verify(null, Buffer.from(canonicalJson(said)), key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}
