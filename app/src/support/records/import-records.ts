import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { sql } from 'kysely';
import type { Actor } from '../../platform/access.ts';
import { type Action, InvalidError, type Performer } from '../../platform/action.ts';
import { dayIn } from '../../platform/days.ts';
import { partsFromThread, ThreadLimitError } from '../../platform/in-thread.ts';
import { agreementInForce } from '../agreements/index.ts';
import type { ImportCounts, RowProblem } from '../schema/tables.ts';
import { endMissing } from './end-missing.ts';
import { problemsKept } from './map-row.ts';
import type { Mapping } from './mapping.ts';
import type { ReadPart, ReadTask } from './read-records.ts';
import { monthsBefore, noCounts, type Part, type Stored, storeRecords } from './store-records.ts';

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
        const own = { importId, today, rows, sourceId, records, replaces: delivery !== 'additions' };
        const stored = await performer.perform(actor, storePart, null, own);
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
    const whose = { importId, sourceId, today, isWhole: delivery === 'whole list' };
    const { missing, ended, told } = await performer.perform(actor, endMissing, null, whose);
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

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}
