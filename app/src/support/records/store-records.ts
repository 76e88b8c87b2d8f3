import { sql } from 'kysely';
import type { Tx } from '../../platform/database.ts';
import type { ImportCounts } from '../schema/tables.ts';
import { endFacts } from './end-missing.ts';
import { keyHashOf } from './key-hash.ts';
import type { MappedRecord } from './map-row.ts';

export interface Part {
  importId: number;
  /** `YYYY-MM-DD` */
  today: string;
  /** Rows read so far, for whoever looks while it goes on. */
  rows: number;
  sourceId: number;
  records: MappedRecord[];
  /** Each row says all that the agency says of its person. */
  replaces: boolean;
}

export type Stored = Required<Pick<ImportCounts, 'added' | 'changed' | 'unchanged' | 'facts' | 'ended'>>;

export function noCounts(): ImportCounts {
  return { rows: 0, added: 0, changed: 0, unchanged: 0, refused: 0, facts: 0 };
}

export async function storeRecords(tx: Tx, { importId, sourceId, today, records: sent, replaces }: Part): Promise<Stored> {
  const records = await withoutErased(tx, sourceId, sent);
  if (records.length === 0) return { added: 0, changed: 0, unchanged: sent.length, facts: 0, ended: 0 };
  const rows = JSON.stringify(records.map(({ key, place, identity }) => ({ key, place, identity })));
  const changed = await sql<{ is_new: boolean }>`
    INSERT INTO support.records AS r (source_id, key, import_id, row_number, identity, seen_on)
    SELECT ${sourceId}::int, key, ${importId}::int, place, identity, ${today}::date FROM jsonb_to_recordset(${rows}::jsonb) AS x(key text, place int, identity jsonb)
    ON CONFLICT (source_id, key) DO UPDATE
      SET identity = excluded.identity, import_id = excluded.import_id, row_number = excluded.row_number, settled = false, received_at = now()
      WHERE r.identity IS DISTINCT FROM excluded.identity
    RETURNING (xmax = 0) AS is_new`.execute(tx);
  await sql`
    UPDATE support.records SET seen_on = ${today}::date
      WHERE source_id = ${sourceId} AND seen_on < ${today}::date AND key = ANY(${records.map(({ key }) => key)}::text[])`.execute(tx);
  const added = changed.rows.filter(({ is_new }) => is_new).length;
  const idOf = new Map(
    (
      await tx
        .selectFrom('support.records')
        .select(['id', 'key'])
        .where('source_id', '=', sourceId)
        .where(
          'key',
          'in',
          records.map(({ key }) => key),
        )
        .execute()
    ).map(({ id, key }) => [key, id]),
  );
  const facts = records.flatMap(({ key, facts: own }) => own.map((fact) => ({ record: idOf.get(key), ...fact })));
  const known = await knownFacts(tx, [...idOf.values()]);
  const said = new Set(facts.map(({ record, kind, value, on }) => `${record}|${kind}|${on}|${value}`));
  const daysSaid = new Set(facts.map(({ record, kind, on }) => `${record}|${kind}|${on}`));
  // A row says all that the agency says of its person; where rows only add, the last word on one day counts.
  const isTakenBack = ({ record, kind, value, on }: KnownFact) =>
    !said.has(`${record}|${kind}|${on}|${value}`) && (replaces || daysSaid.has(`${record}|${kind}|${on}`));
  const takenBack = known.filter((fact) => fact.challenged === null && isTakenBack(fact)).map(({ id }) => id);
  const ended = takenBack.length === 0 ? 0 : await endFacts(tx, sql`f.id = ANY(${takenBack}::int[])`, importId);
  // The same statement under a later day is as doubtful as it was.
  const doubtful = new Map(
    known.flatMap(({ record, kind, value, challenged }) => (challenged ? [[`${record}|${kind}|${value}`, challenged]] : [])),
  );
  const given = facts.map((fact) => ({ ...fact, challenged: doubtful.get(`${fact.record}|${fact.kind}|${fact.value}`) ?? null }));
  const stored = await sql`
    INSERT INTO support.facts (record_id, import_id, kind, value, on_date, expires_on, challenged_at)
    SELECT record, ${importId}::int, kind, value, "on", expires, challenged
      FROM jsonb_to_recordset(${JSON.stringify(given)}::jsonb) AS x(record int, kind text, value text, "on" date, expires date, challenged timestamptz)
    ON CONFLICT (record_id, kind, on_date, value) DO NOTHING`.execute(tx);
  const apart = records.flatMap(({ key, characteristics }) =>
    Object.entries(characteristics).map(([kind, value]) => ({ record: idOf.get(key), kind, value })),
  );
  await tx
    .deleteFrom('support.characteristics')
    .where('record_id', 'in', [...idOf.values()])
    .execute();
  if (apart.length > 0) {
    await sql`
      INSERT INTO support.characteristics (record_id, kind, value)
      SELECT record, kind, value FROM jsonb_to_recordset(${JSON.stringify(apart)}::jsonb) AS x(record int, kind text, value text)
      ON CONFLICT (record_id, kind) DO UPDATE SET value = excluded.value`.execute(tx);
  }
  return {
    added,
    changed: changed.rows.length - added,
    unchanged: sent.length - changed.rows.length,
    facts: Number(stored.numAffectedRows ?? 0),
    ended,
  };
}

/** Whoever was erased is not taken in again. */
async function withoutErased(tx: Tx, sourceId: number, records: MappedRecord[]): Promise<MappedRecord[]> {
  const any = await tx.selectFrom('support.erased_keys').select('key_hash').where('source_id', '=', sourceId).limit(1).executeTakeFirst();
  if (!any) return records;
  const hashes = records.map(({ key }) => keyHashOf(sourceId, key));
  const { rows } = await sql<{ key_hash: string }>`
    SELECT key_hash FROM support.erased_keys WHERE source_id = ${sourceId} AND key_hash = ANY(${hashes}::text[])`.execute(tx);
  const erased = new Set(rows.map(({ key_hash }) => key_hash));
  return records.filter((_, i) => !erased.has(hashes[i] as string));
}

interface KnownFact {
  id: number;
  record: number;
  kind: string;
  value: string;
  on: string;
  challenged: Date | null;
}

/** What some records have stated so far. */
async function knownFacts(tx: Tx, records: readonly number[]): Promise<KnownFact[]> {
  const { rows } = await sql<KnownFact>`
    SELECT f.id, f.record_id AS record, f.kind, f.value, to_char(f.on_date, 'YYYY-MM-DD') AS on, f.challenged_at AS challenged
      FROM unnest(${[...records]}::int[]) AS r(id)
      CROSS JOIN LATERAL (SELECT * FROM support.facts WHERE record_id = r.id OFFSET 0) f`.execute(tx);
  return rows;
}

export function monthsBefore(day: string, months: number): string {
  const moved = new Date(`${day}T00:00:00Z`);
  moved.setUTCMonth(moved.getUTCMonth() - months);
  return moved.toISOString().slice(0, 10);
}
