import { createHash } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import { type AuditHead, isHeadTrue } from './audit-head.ts';
import { canonicalJson } from './canonical-json.ts';
import type { Database, Tables, Tx } from './database.ts';
import { givenUpWhenStill, withPurpose } from './database.ts';
import { storable, storableParameter } from './storable.ts';

/** What an entry says. `about` names the thing looked at or changed, never its content. */
export interface AuditFact {
  actor: string;
  actorName: string;
  role: string;
  purpose: string;
  action: string;
  about?: { kind: string; id: string } | null;
  outcome: 'done' | 'refused' | 'not found' | 'invalid' | 'failed' | 'recovered';
  policy?: string | null;
  detail?: Record<string, unknown>;
}

/** What of an entry its hash covers. */
type Row = Omit<Selectable<Tables['oversight.audit_entries']>, 'previous_hash' | 'hash'>;

function hashOf(previous: string, row: Row): string {
  return createHash('sha256')
    .update(previous)
    .update(canonicalJson({ ...row, seq: Number(row.seq), at: row.at.toISOString() }))
    .digest('hex');
}

/**
 * Adds entries to the chain inside the caller's transaction. The head's row lock puts writers in line, so the chain has
 * no forks.
 * @returns the number of the last entry; 0 where there was none to add
 */
export async function appendAudit(tx: Tx, facts: AuditFact[], at: Date = new Date()): Promise<number> {
  if (facts.length === 0) return 0;
  const head = await tx
    .selectFrom('oversight.audit_head')
    .select(['seq', 'hash', givenUpWhenStill.as('given_up')])
    .forUpdate()
    .executeTakeFirstOrThrow();
  let seq = Number(head.seq);
  let previous = head.hash;
  const rows = facts.map((fact) => {
    const row: Row = {
      seq: ++seq,
      at,
      actor: storable(fact.actor),
      actor_name: storable(fact.actorName),
      role: fact.role,
      purpose: fact.purpose,
      action: fact.action,
      about_kind: fact.about?.kind ?? null,
      about_id: fact.about ? storable(fact.about.id) : null,
      outcome: fact.outcome,
      policy: fact.policy ?? null,
      // What is hashed is what is stored.
      detail: JSON.parse(storableParameter(JSON.stringify(fact.detail ?? {})) as string) as Record<string, unknown>,
    };
    const hash = hashOf(previous, row);
    const entry = { ...row, detail: JSON.stringify(row.detail), previous_hash: previous, hash };
    previous = hash;
    return entry;
  });
  for (let i = 0; i < rows.length; i += 1000) {
    await tx
      .insertInto('oversight.audit_entries')
      .values(rows.slice(i, i + 1000))
      .execute();
  }
  await tx.updateTable('oversight.audit_head').set({ seq, hash: previous }).execute();
  return seq;
}

export interface AuditCheck {
  entries: number;
  /** Empty when the chain is whole. */
  problems: { seq: number; what: string }[];
}

/**
 * Walks the whole chain: every hash, every link, no gap, and the end where the head says it is.
 * @param heads where it ended at earlier moments, as was signed then: those entries must be there, and be the same
 */
export async function verifyAudit(db: Database, heads: readonly AuditHead[] = []): Promise<AuditCheck> {
  return withPurpose(db, 'oversight', 'oversight', async (tx) => {
    const problems: AuditCheck['problems'] = [];
    // Where the log ended when the walk began: what others write meanwhile comes after it.
    const head = await tx.selectFrom('oversight.audit_head').selectAll().executeTakeFirst();
    const end = Number(head?.seq ?? 0);
    let previous = 'waymark';
    let expected = 1;
    let entries = 0;
    const signed = new Map<number, AuditHead>();
    for (const own of heads) {
      if (isHeadTrue(own)) signed.set(own.seq, own);
      else problems.push({ seq: own.seq, what: 'its signed end is not signed by the key that it names' });
    }
    for (;;) {
      const rows = await tx
        .selectFrom('oversight.audit_entries')
        .selectAll()
        .where('seq', '>=', expected)
        .where('seq', '<=', end)
        .orderBy('seq')
        .limit(5000)
        .execute();
      if (rows.length === 0) break;
      for (const { previous_hash, hash, ...row } of rows) {
        const seq = Number(row.seq);
        if (seq !== expected) problems.push({ seq: expected, what: `entries ${expected} to ${seq - 1} are missing` });
        if (previous_hash !== previous && seq === expected) problems.push({ seq, what: 'does not follow from the entry before it' });
        if (hashOf(previous_hash, row as Row) !== hash) problems.push({ seq, what: 'was changed after it was written' });
        const then = signed.get(seq);
        if (then && then.hash !== hash)
          problems.push({ seq, what: `is not the entry whose end was signed on ${then.at}: the record was written anew` });
        signed.delete(seq);
        previous = hash;
        expected = seq + 1;
        entries++;
      }
    }
    const beyond = await tx.selectFrom('oversight.audit_entries').select('seq').where('seq', '>', end).limit(1).executeTakeFirst();
    const later = await tx.selectFrom('oversight.audit_head').select('seq').executeTakeFirst();
    if (beyond && Number(later?.seq ?? 0) === end) problems.push({ seq: Number(beyond.seq), what: 'stands after the end of the log' });
    if (!head || end !== expected - 1 || head.hash !== previous) {
      problems.push({ seq: expected, what: `the log ends at ${expected - 1}, but ${head?.seq ?? 'no'} entries were written` });
    }
    for (const { seq, at } of signed.values())
      if (seq > 0) problems.push({ seq, what: `was the end when it was signed on ${at}, and is not there: the end was cut off` });
    return { entries, problems };
  });
}

/**
 * Number of entries so far.
 * @param byPeople without those of the program itself, which does by the clock what it has to
 */
export async function auditLength(db: Database, { byPeople = false } = {}): Promise<number> {
  return withPurpose(db, 'oversight', 'oversight', async (tx) => {
    const { n } = await tx
      .selectFrom('oversight.audit_entries')
      .select(sql<number>`count(*)::int`.as('n'))
      .$if(byPeople, (query) => query.where('role', '<>', 'system'))
      .executeTakeFirstOrThrow();
    return n;
  });
}
