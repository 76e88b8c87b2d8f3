import type { Actor } from '../../platform/access.ts';
import { type Action, NotFoundError, type Performer } from '../../platform/action.ts';
import type { ImportProblem } from '../schema/tables.ts';
import { layoutOf } from './crime-headings.ts';
import { keepColumns, readKeptColumns } from './keep-columns.ts';
import type { ParsedCrime } from './parsed-crime.ts';
import { type CrimeServices, type CrimesFile, fingerprintOf, readCrimesFile } from './read-crimes-file.ts';
import { type StoredCounts, storeCrimes } from './store.ts';

export interface ImportResult {
  importId: number;
  format: string;
  rows: number;
  accepted: number;
  refused: number;
  counts: StoredCounts;
  problems: ImportProblem[];
}

/**
 * Reads a file of crimes: good rows go in, a few hundred at a time, each part with an audit entry; the rest is listed with what to
 * mend. What is in when something fails stays; the same file again changes nothing of it.
 * @throws InvalidError for a file that is empty or too large; RefusedError
 */
export async function importCrimes(performer: Performer, actor: Actor, services: CrimeServices, file: CrimesFile): Promise<ImportResult> {
  await performer.admit(actor, beginImport.name, beginImport.room);
  const seen = new Map<string, number>();
  const result: ImportResult = {
    importId: 0,
    format: '',
    rows: 0,
    accepted: 0,
    refused: 0,
    counts: { new: 0, changed: 0, unchanged: 0 },
    problems: [],
  };
  const kept = file.columns ? [] : await performer.perform(actor, readKeptColumns, null, null);
  let headings: string[] = [];
  try {
    for await (const part of readCrimesFile(services, { ...file, kept })) {
      if ('head' in part) {
        const { format, rows, refused, problems } = part.head;
        headings = (part.head.headings ?? []).map(({ heading }) => heading);
        Object.assign(result, { format, rows, refused, problems });
        const { id } = await performer.perform(actor, beginImport, null, { fileName: file.fileName, sha256: fingerprintOf(file.bytes) });
        result.importId = id;
        continue;
      }
      result.problems.push(...part.faults);
      result.refused += part.faults.filter(({ severity }) => severity === 'error').length;
      const { counts, repeated } = await performer.perform(actor, storePart, null, { id: result.importId, crimes: part.good, seen });
      result.accepted += part.good.length;
      result.problems.push(...repeated);
      for (const name of ['new', 'changed', 'unchanged'] as const) result.counts[name] += counts[name];
    }
  } finally {
    if (result.importId > 0) await performer.perform(actor, endImport, null, result);
  }
  // What was said of columns holds for the next file with these headings, once some of this one is in.
  if (file.columns && result.accepted > 0 && headings.length > 0)
    await performer.perform(actor, keepColumns, null, {
      layout: layoutOf(headings),
      columns: file.columns,
      timeZone: file.timeZone ?? services.timeZone,
    });
  return result;
}

const crimeImport = { name: 'crime.import', room: 'supervision', purpose: 'crime-matching' } as const;

const beginImport: Action<null, { fileName: string; sha256: string }, { id: number }> = {
  ...crimeImport,
  async run({ tx, actor, note }, _services, { fileName, sha256 }) {
    const row = await tx
      .insertInto('supervision.imports')
      .values({ kind: 'crimes', file_name: fileName.slice(0, 200), sha256, by_name: actor.name, counts: '{}', problems: '[]' })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'import', id: row.id }, { begun: true });
    return row;
  },
};

const storePart: Action<
  null,
  { id: number; crimes: ParsedCrime[]; seen: Map<string, number> },
  { counts: StoredCounts; repeated: ImportProblem[] }
> = {
  ...crimeImport,
  async run({ tx, note }, _services, { id, crimes, seen }) {
    const stored = await storeCrimes(tx, crimes, id, seen);
    note({ kind: 'import', id }, { ...stored.counts });
    return stored;
  },
};

const endImport: Action<null, ImportResult, void> = {
  ...crimeImport,
  async run({ tx, note }, _services, { importId, format, rows, accepted, refused, counts, problems }) {
    const all = { rows, accepted, refused, ...counts };
    await tx
      .updateTable('supervision.imports')
      .set({ counts: JSON.stringify(all), problems: JSON.stringify(problems.slice(0, 10_000)) })
      .where('id', '=', importId)
      .execute();
    note({ kind: 'import', id: importId }, { format, ...all });
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
