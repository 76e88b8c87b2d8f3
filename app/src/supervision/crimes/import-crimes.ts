import { createHash } from 'node:crypto';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { ImportProblem } from '../tables.ts';
import { parseCrimes } from './parse-crimes.ts';
import { type StoredCounts, storeCrimes } from './store.ts';

export interface CrimesFile {
  fileName: string;
  bytes: Buffer;
  strict?: boolean;
}

export interface ImportResult {
  importId: number;
  format: string;
  rows: number;
  accepted: number;
  refused: number;
  counts: StoredCounts;
  problems: ImportProblem[];
}

/** Largest file that is read at once. */
export const crimesFileAtMost = 64 * 1024 * 1024;

/** Reads a file of crimes: good rows go in, the rest is listed with what to mend. */
export const importCrimes: Action<null, CrimesFile, ImportResult> = {
  name: 'crime.import',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, note }, _services, { fileName, bytes, strict = false }) {
    if (bytes.length === 0) throw new InvalidError('The file is empty. Choose a file with one crime per row.', 'file');
    if (bytes.length > crimesFileAtMost) throw new InvalidError('The file is larger than 64 MB. Split it and send the parts.', 'file');
    const parsed = parseCrimes(bytes, strict);
    const refused = new Set(parsed.problems.filter((p) => p.severity === 'error' && p.row > 0).map((p) => p.row)).size;
    const row = await tx
      .insertInto('supervision.imports')
      .values({
        kind: 'crimes',
        file_name: fileName.slice(0, 200),
        sha256: createHash('sha256').update(bytes).digest('hex'),
        by_name: actor.name,
        counts: '{}',
        problems: JSON.stringify(parsed.problems.slice(0, 10_000)),
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    const counts = await storeCrimes(tx, parsed.crimes, row.id);
    const all = { rows: parsed.rows, accepted: parsed.crimes.length, refused, ...counts };
    await tx
      .updateTable('supervision.imports')
      .set({ counts: JSON.stringify(all) })
      .where('id', '=', row.id)
      .execute();
    note({ kind: 'import', id: row.id }, { format: parsed.format, ...all });
    return {
      importId: row.id,
      format: parsed.format,
      rows: parsed.rows,
      accepted: parsed.crimes.length,
      refused,
      counts,
      problems: parsed.problems,
    };
  },
};

export interface ImportRow {
  id: number;
  kind: string;
  file_name: string;
  at: Date;
  by_name: string;
  counts: Record<string, number>;
  problems: ImportProblem[];
}

export const listImports: Action<null, null, ImportRow[]> = {
  name: 'import.list',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx }) {
    return (await tx
      .selectFrom('supervision.imports')
      .selectAll()
      .where('kind', '=', 'crimes')
      .orderBy('id', 'desc')
      .limit(100)
      .execute()) as ImportRow[];
  },
};

export const readImport: Action<null, { id: number }, ImportRow> = {
  name: 'import.read',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }, _services, { id }) {
    note({ kind: 'import', id });
    const row = await tx.selectFrom('supervision.imports').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row) throw new NotFoundError('There is no such import.');
    return row as ImportRow;
  },
};
