import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { type RawBuilder, sql } from 'kysely';
import type { Actor } from '../../platform/access.ts';
import { type Action, InvalidError, type Performer } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { dayIn } from '../../platform/days.ts';
import { partsFromThread, ThreadLimitError } from '../../platform/in-thread.ts';
import { agreementInForce } from '../agreements/index.ts';
import type { ImportCounts, RowProblem } from '../schema/tables.ts';
import { keyHashOf } from './key-hash.ts';
import { type MappedRecord, type Mapping, problemsKept } from './mapping.ts';
import type { ReadPart, ReadTask } from './read-records.ts';

/** What is read: a file, by the name that its sender gave it (the path's last part unless given), or a database. */
export type RecordsFrom = { path: string; fileName?: string } | { database: string; name: string };

export type RecordsSent = RecordsFrom & {
  source: string;
  mapping: Mapping;
  /** In which it is today. */
  timeZone: string;
};

export interface RecordsImport {
  importId: number;
  /** The very same file had been read before, and changed nothing. */
  again: boolean;
  counts: ImportCounts;
  /** Values that the agreement does not allow, by field: dropped at the door. */
  dropped: Record<string, number>;
  problems: RowProblem[];
}

/** What the thread that reads may take: a workbook is unpacked, JSON read as a whole. */
const readingLimits = { seconds: 3600, memoryMb: 4096 };
/** Fewer people missing than this, or a smaller share, are believed to have left the agency's list. */
const missingAtLeast = 20;
const missingShare = 0.3;

interface Begun {
  importId: number;
  sourceId: number;
  allowed: string[];
  /** Statements of before this day are past what the agreement lets be kept, `YYYY-MM-DD`. */
  keptFrom: string;
  before: RecordsImport | null;
}

/** Agreement first: without one in force the file is not even opened. */
const beginImport: Action<
  null,
  { source: string; mapping: string; mappingHash: string; fileName: string; sha256: string; today: string },
  Begun
> = {
  name: 'records.import',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, actor, note }, _services, { source, mapping, mappingHash, fileName, sha256, today }) {
    const { sourceId, agreement } = await agreementInForce(tx, source, today);
    // Only what was read last, the same way and under the same agreement, changes nothing.
    const last = await tx
      .selectFrom('support.record_imports')
      .selectAll()
      .where('source_id', '=', sourceId)
      .where('finished_at', 'is not', null)
      .where('mapping_hash', '=', mappingHash)
      .orderBy('id', 'desc')
      .executeTakeFirst();
    const isSame =
      sha256 !== '' &&
      last?.sha256 === sha256 &&
      last.agreement_id === agreement.id &&
      !last.problems.some(({ row, refused }) => row === 0 && refused);
    const same = isSame ? last : undefined;
    if (same) {
      note({ kind: 'record import', id: same.id }, { again: true });
      // The agency says the same again: what was in its last list is still sent.
      await sql`
        UPDATE support.records SET seen_on = ${today}::date WHERE source_id = ${sourceId} AND seen_on < ${today}::date
          AND seen_on = (SELECT max(seen_on) FROM support.records WHERE source_id = ${sourceId})`.execute(tx);
      const counts = { ...same.counts, added: 0, changed: 0, unchanged: same.counts.rows - same.counts.refused };
      return {
        importId: same.id,
        sourceId,
        allowed: [],
        keptFrom: '',
        before: { importId: same.id, again: true, counts, dropped: same.dropped, problems: same.problems },
      };
    }
    const { id } = await tx
      .insertInto('support.record_imports')
      .values({
        source_id: sourceId,
        agreement_id: agreement.id,
        mapping,
        mapping_hash: mappingHash,
        file_name: fileName.slice(0, 200),
        sha256,
        by_name: actor.name,
        counts: JSON.stringify(noCounts()),
        dropped: '{}',
        problems: '[]',
        finished_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'record import', id }, { agreement: agreement.id });
    return { importId: id, sourceId, allowed: agreement.fields, keptFrom: monthsBefore(today, agreement.retentionMonths), before: null };
  },
};

interface Part {
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

type Stored = Required<Pick<ImportCounts, 'added' | 'changed' | 'unchanged' | 'facts' | 'ended'>>;

const storePart: Action<null, Part, Stored> = {
  name: 'records.import',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, note }, _services, part) {
    const stored = await storeRecords(tx, part);
    await sql`UPDATE support.record_imports SET counts = jsonb_set(counts, '{rows}', to_jsonb(${part.rows}::int)) WHERE id = ${part.importId}`.execute(
      tx,
    );
    note({ kind: 'record import', id: part.importId }, { ...stored });
    return stored;
  },
};

interface Finished {
  importId: number;
  counts: ImportCounts;
  dropped: Record<string, number>;
  problems: RowProblem[];
  sha256: string;
}

const finishImport: Action<null, Finished, null> = {
  name: 'records.import',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, note }, _services, { importId, counts, dropped, problems, sha256 }) {
    await tx
      .updateTable('support.record_imports')
      .set({
        counts: JSON.stringify(counts),
        dropped: JSON.stringify(dropped),
        problems: JSON.stringify(problems.slice(0, problemsKept)),
        sha256,
        finished_at: sql<Date>`now()`,
      })
      .where('id', '=', importId)
      .execute();
    note({ kind: 'record import', id: importId }, { ...counts, dropped: Object.keys(dropped) });
    return null;
  },
};

/**
 * Reads what an agency sends under the agreement in force: good rows go in, some thousand at a time, and the rest is listed. A
 * row whose number is known takes the place of what the agency said before. The same file twice changes nothing; one that
 * was broken off can be sent again.
 *
 * @throws InvalidError when there is no agreement in force or the file cannot be read; RefusedError
 */
export async function importRecords(
  performer: Performer,
  actor: Actor,
  sent: RecordsSent,
  onProgress: (rows: number) => void = () => undefined,
  now: () => Date = () => new Date(),
): Promise<RecordsImport> {
  const today = dayIn(sent.timeZone, now());
  const { source, mapping } = sent;
  // What a database says is known when it has been read.
  const sha256 = 'path' in sent ? await hashOf(sent.path) : '';
  const fileName = 'path' in sent ? (sent.fileName ?? basename(sent.path)) : sent.name;
  const begun = await performer.perform(actor, beginImport, null, {
    source,
    mapping: mapping.name,
    mappingHash: createHash('sha256').update(JSON.stringify(mapping)).digest('hex'),
    fileName,
    sha256,
    today,
  });
  if (begun.before) return begun.before;
  const { importId, sourceId } = begun;
  const counts = noCounts();
  const delivery = mapping.delivery ?? 'changes';
  const result: RecordsImport = { importId, again: false, counts, dropped: {}, problems: [] };
  const task: ReadTask = {
    from: 'path' in sent ? { path: sent.path } : { database: sent.database },
    mapping,
    allowed: begun.allowed,
    keptFrom: begun.keptFrom,
    today,
  };
  let fault: string | null = null;
  let digest = sha256;
  try {
    for await (const part of partsFromThread<ReadPart>(new URL('./read-records-worker.ts', import.meta.url), task, readingLimits)) {
      if ('records' in part) {
        const { records, rows } = part;
        const stored = await performer.perform(actor, storePart, null, {
          importId,
          today,
          rows,
          sourceId,
          records,
          replaces: delivery !== 'additions',
        });
        for (const [name, count] of Object.entries(stored) as [keyof Stored, number][]) counts[name] = (counts[name] ?? 0) + count;
        onProgress(rows);
        continue;
      }
      Object.assign(counts, { rows: part.rows, refused: part.refused, unread: part.unread, problems: part.problemsInAll });
      result.dropped = part.dropped;
      result.problems = part.problems;
      fault = part.fault;
      digest = part.digest ?? sha256;
    }
  } catch (error) {
    if (!(error instanceof ThreadLimitError)) {
      await finish();
      throw error;
    }
    fault = `It cannot be read. ${error.message}`;
  }
  if (fault === null && delivery !== 'additions') {
    const { missing, ended, told } = await performer.perform(actor, endMissing, null, {
      importId,
      sourceId,
      today,
      isWhole: delivery === 'whole list',
    });
    counts.missing = missing;
    counts.ended = (counts.ended ?? 0) + ended;
    if (told) result.problems.unshift({ row: 0, column: 'file', value: fileName, message: told, refused: false });
  }
  if (fault !== null) result.problems.unshift({ row: 0, column: 'file', value: fileName, message: fault, refused: true });
  await finish();
  if (fault !== null && counts.rows === 0) throw new InvalidError(fault, 'file');
  return result;

  function finish() {
    const { dropped, problems } = result;
    return performer.perform(actor, finishImport, null, { importId, counts, dropped, problems, sha256: digest });
  }
}

/**
 * Who was in earlier deliveries of the source and is not in this one. Where the delivery is the agency's whole list, what it said of them
 * counts no more; unless they are so many that a part of the list is more likely.
 */
const endMissing: Action<
  null,
  { importId: number; sourceId: number; today: string; isWhole: boolean },
  { missing: number; ended: number; told: string | null }
> = {
  name: 'records.import',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, note }, _services, { importId, sourceId, today, isWhole }) {
    const { rows } = await sql<{ missing: number; all: number }>`
      SELECT count(*) FILTER (WHERE seen_on < ${today}::date AND EXISTS (SELECT FROM support.facts f WHERE f.record_id = r.id AND f.challenged_at IS NULL))::int AS missing,
        count(*)::int AS "all" FROM support.records r WHERE source_id = ${sourceId}`.execute(tx);
    const { missing = 0, all = 0 } = rows[0] ?? {};
    note({ kind: 'record import', id: importId }, { missing });
    if (missing === 0) return { missing, ended: 0, told: null };
    const people = `${missing.toLocaleString('en-GB')} of the ${all.toLocaleString('en-GB')} people of earlier deliveries`;
    if (!isWhole)
      return {
        missing,
        ended: 0,
        told: `${people} are not in this one. What was said of them goes on counting. If the agency sends its whole list each time, say so in the mapping (delivery: whole list): then what it no longer says counts no more.`,
      };
    if (missing >= missingAtLeast && missing / all > missingShare)
      return {
        missing,
        ended: 0,
        told: `${people} are not in this one, which is to be the whole list. So many seldom leave at once: nothing was ended. If this is only a part, say so in the mapping (delivery: changes); if it is right, send the list in smaller steps or end the agreement and begin anew.`,
      };
    const ended = await endFacts(
      tx,
      sql`f.record_id IN (SELECT id FROM support.records WHERE source_id = ${sourceId} AND seen_on < ${today}::date)`,
      importId,
    );
    note(null, { ended });
    return { missing, ended, told: null };
  },
};

/** What an agency no longer says counts no more, and is kept as what it said. What is challenged stays until somebody has looked into it. */
async function endFacts(tx: Tx, which: RawBuilder<unknown>, importId: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    WITH gone AS (DELETE FROM support.facts f WHERE f.challenged_at IS NULL AND ${which} RETURNING record_id, kind, value, on_date, import_id),
      kept AS (INSERT INTO support.former_facts (record_id, kind, value, on_date, said_in, last_said_before)
        SELECT record_id, kind, value, on_date, import_id, ${importId}::int FROM gone)
    SELECT count(*)::int AS n FROM gone`.execute(tx);
  return rows[0]?.n ?? 0;
}

function noCounts(): ImportCounts {
  return { rows: 0, added: 0, changed: 0, unchanged: 0, refused: 0, facts: 0 };
}

async function storeRecords(tx: Tx, { importId, sourceId, today, records: sent, replaces }: Part): Promise<Stored> {
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

function monthsBefore(day: string, months: number): string {
  const moved = new Date(`${day}T00:00:00Z`);
  moved.setUTCMonth(moved.getUTCMonth() - months);
  return moved.toISOString().slice(0, 10);
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}
